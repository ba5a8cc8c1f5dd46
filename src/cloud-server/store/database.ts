import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { MenshenError, messageOf } from '../../common/index.ts';

export type Db = Database.Database;

/** "MSCS": marks the file as a cloud server's (PRAGMA application_id). */
const APPLICATION_ID = 0x4d534353;
const BUSY_MS = 5000;

/** One entry a version; PRAGMA user_version counts those applied. An entry once released is never edited. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE apps (
    app_key TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    access_key TEXT NOT NULL UNIQUE,
    sealed_secret BLOB NOT NULL,
    public_key TEXT NOT NULL,
    sealed_private BLOB NOT NULL,
    created_at TEXT NOT NULL,
    revoked_at TEXT
  ) STRICT;
  CREATE TABLE grants (
    app_key TEXT NOT NULL REFERENCES apps (app_key),
    api TEXT NOT NULL,
    qps REAL NOT NULL,
    PRIMARY KEY (app_key, api)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE packages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    app_key TEXT NOT NULL REFERENCES apps (app_key),
    api TEXT NOT NULL,
    size INTEGER NOT NULL,
    used INTEGER NOT NULL DEFAULT 0,
    valid_from TEXT NOT NULL,
    valid_until TEXT NOT NULL
  ) STRICT;
  CREATE INDEX packages_of_app ON packages (app_key, api, id);
  CREATE TABLE addresses (
    app_key TEXT NOT NULL REFERENCES apps (app_key),
    api TEXT NOT NULL,
    network TEXT NOT NULL,
    PRIMARY KEY (app_key, api, network)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE usage (
    app_key TEXT NOT NULL,
    api TEXT NOT NULL,
    hour TEXT NOT NULL,
    code TEXT NOT NULL,
    calls INTEGER NOT NULL,
    charged INTEGER NOT NULL,
    milliseconds REAL NOT NULL,
    bytes_in INTEGER NOT NULL,
    bytes_out INTEGER NOT NULL,
    PRIMARY KEY (app_key, api, hour, code)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE register (
    id_hash BLOB PRIMARY KEY,
    name_hash BLOB NOT NULL,
    model TEXT,
    sealed_embedding BLOB,
    imported_at TEXT NOT NULL
  ) STRICT;
  CREATE TABLE replays (
    access_key TEXT NOT NULL,
    request_id TEXT NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (access_key, request_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX replays_until ON replays (until);
  `,
];

/** Opens `cloud-server.sqlite` in the data directory, making it when it is not there. Throws CLOUD_SERVER_STORE_UNUSABLE. */
export function openDatabase(dataDir: string): Db {
  const path = join(dataDir, 'cloud-server.sqlite');
  try {
    closeSync(openSync(path, 'a', 0o600));
    const db = new Database(path, { timeout: BUSY_MS });
    try {
      db.pragma('journal_mode = WAL');
      // A power cut may forget the calls of the last moment; the database stays whole.
      db.pragma('synchronous = NORMAL');
      db.pragma('foreign_keys = ON');
      db.pragma('secure_delete = ON');
      db.pragma('trusted_schema = OFF');
      db.transaction(() => migrate(db, path)).immediate();
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  } catch (error) {
    if (error instanceof MenshenError) throw error;
    throw unusable(path, messageOf(error), error);
  }
}

function migrate(db: Db, path: string): void {
  const version = Number(db.pragma('user_version', { simple: true }));
  const application = Number(db.pragma('application_id', { simple: true }));
  const empty = db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
  if (!(empty && version === 0) && application !== APPLICATION_ID) {
    throw unusable(path, "it is another program's database");
  }
  if (version > MIGRATIONS.length) throw unusable(path, 'it was written by a newer version of Menshen');
  for (const step of MIGRATIONS.slice(version)) db.exec(step);
  db.pragma(`application_id = ${APPLICATION_ID}`);
  db.pragma(`user_version = ${MIGRATIONS.length}`);
}

function unusable(path: string, why: string, cause?: unknown): MenshenError {
  return new MenshenError('CLOUD_SERVER_STORE_UNUSABLE', `The database ${path} cannot be used: ${why}.`, {
    cause,
  });
}
