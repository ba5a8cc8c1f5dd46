import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import Database, { type Database as Handle } from 'better-sqlite3';
import { MenshenError, makeFolder, messageOf } from '../../common/index.ts';

export const LEDGER_FILE = 'cloud.sqlite';

/** Another process (`menshen cloud`) may hold the lock for a moment. The door path waits too, so it is short. */
const BUSY_MS = 250;

/** One script a schema version; one that has shipped is never changed. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE packages (
    id INTEGER PRIMARY KEY,
    api TEXT NOT NULL,
    size INTEGER NOT NULL CHECK (size > 0),
    used INTEGER NOT NULL DEFAULT 0 CHECK (used >= 0),
    valid_from INTEGER NOT NULL,
    valid_until INTEGER NOT NULL,
    CHECK (valid_until > valid_from)
  ) STRICT;
  CREATE INDEX packages_by_api ON packages (api, id);
  CREATE TABLE calls (
    id INTEGER PRIMARY KEY,
    api TEXT NOT NULL,
    at INTEGER NOT NULL,
    day TEXT NOT NULL,
    package INTEGER REFERENCES packages (id)
  ) STRICT;
  CREATE INDEX calls_by_time ON calls (at);
  CREATE TABLE days (
    api TEXT NOT NULL,
    day TEXT NOT NULL,
    counted INTEGER NOT NULL CHECK (counted >= 0),
    PRIMARY KEY (api, day)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE warned (api TEXT NOT NULL, threshold REAL NOT NULL, PRIMARY KEY (api, threshold)) STRICT, WITHOUT ROWID;
  `,
  // Days on which the daily cap was told.
  `
  CREATE TABLE capped (api TEXT NOT NULL, day TEXT NOT NULL, PRIMARY KEY (api, day)) STRICT, WITHOUT ROWID;
  `,
];

/**
 * Opens the ledger in `dataDir` for reading and writing, making it (0600) where there is none. A commit stays through
 * a power cut (synchronous=FULL): a call that was made must not be forgotten.
 * @throws MenshenError CLOUD_LEDGER_UNUSABLE.
 */
export function openLedger(dataDir: string): Handle {
  const path = join(dataDir, LEDGER_FILE);
  let db: Handle | undefined;
  try {
    makeFolder(dataDir, 0o700);
    closeSync(openSync(path, 'a', 0o600));
    db = new Database(path, { timeout: BUSY_MS });
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('foreign_keys = ON');
    db.pragma('journal_size_limit = 1048576');
    if (db.pragma('quick_check(1)', { simple: true }) !== 'ok') throw new Error('it is damaged');
    migrate(db);
    return db;
  } catch (error) {
    db?.close();
    throw unusable(path, error);
  }
}

/** Whatever SQLite throws, as an error for a reader. */
export function unusable(path: string, error: unknown): MenshenError {
  return new MenshenError('CLOUD_LEDGER_UNUSABLE', `The quota ledger ${path}: ${messageOf(error)}.`, {
    cause: error,
  });
}

function migrate(db: Handle): void {
  db.transaction(() => {
    const version = Number(db.pragma('user_version', { simple: true }));
    if (version > MIGRATIONS.length) {
      throw new Error(`it has schema version ${version}, this program knows ${MIGRATIONS.length} at most`);
    }
    MIGRATIONS.slice(version).forEach((script, index) => {
      db.exec(script);
      db.pragma(`user_version = ${version + index + 1}`);
    });
  }).immediate();
}
