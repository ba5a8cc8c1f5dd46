import type { Database } from 'better-sqlite3';
import { MenshenError } from '../common/index.ts';
import { CountSchema } from './schema.ts';

/**
 * One script a schema version, in order; `user_version` counts those applied. A script that has shipped
 * is never changed: journals in the field were made by it.
 */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
  CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    at TEXT NOT NULL,
    gate TEXT NOT NULL,
    type TEXT NOT NULL,
    door TEXT,
    camera TEXT,
    cause TEXT,
    data TEXT NOT NULL
  ) STRICT;
  CREATE TRIGGER events_append_only BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
  CREATE TABLE outbox (seq INTEGER PRIMARY KEY REFERENCES events (seq) ON DELETE CASCADE) STRICT;
  CREATE TABLE pictures (
    seq INTEGER PRIMARY KEY REFERENCES events (seq) ON DELETE CASCADE,
    nonce BLOB NOT NULL,
    tag BLOB NOT NULL,
    ciphertext BLOB NOT NULL
  ) STRICT;
  `,
  `
  CREATE TABLE chain (
    seq INTEGER PRIMARY KEY REFERENCES events (seq) ON DELETE CASCADE,
    prev BLOB NOT NULL,
    hash BLOB NOT NULL
  ) STRICT;
  CREATE TABLE gaps (
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    reason TEXT NOT NULL,
    key_id TEXT,
    signature BLOB,
    PRIMARY KEY (first, reason)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO gaps (first, last, reason)
    SELECT 1, last, 'unchained' FROM (
      SELECT max(
        coalesce((SELECT max(seq) FROM events), 0),
        coalesce((SELECT value FROM meta WHERE key = 'last_seq'), 0)) AS last)
    WHERE last > 0;
  CREATE TABLE signatures (
    seq INTEGER PRIMARY KEY,
    hash BLOB NOT NULL,
    key_id TEXT NOT NULL,
    signature BLOB NOT NULL
  ) STRICT;
  `,
];

/** Version of the schema that this program writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/** Version of an open journal's schema. Throws JOURNAL_TOO_NEW when this program is older than the journal. */
export function schemaVersion(db: Database, path: string): number {
  const version = CountSchema.parse(db.pragma('user_version', { simple: true }));
  if (version > SCHEMA_VERSION) {
    throw new MenshenError(
      'JOURNAL_TOO_NEW',
      `The journal ${path} has schema version ${version}; this version of Menshen knows ${SCHEMA_VERSION} at most. Install the newer version again.`,
    );
  }
  return version;
}

/** Brings the schema up to date, each version in a transaction of its own. */
export function migrate(db: Database, path: string): void {
  const from = schemaVersion(db, path);
  MIGRATIONS.slice(from).forEach((script, index) => {
    db.transaction(() => {
      db.exec(script);
      db.pragma(`user_version = ${from + index + 1}`);
    }).immediate();
  });
}
