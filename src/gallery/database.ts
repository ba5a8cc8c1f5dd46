import Database from 'better-sqlite3';
import { MenshenError, messageOf } from '../common/index.ts';
import { ensurePrivateFile } from './files.ts';

export type Db = Database.Database;

/** "MSGA": marks the file as a gallery (PRAGMA application_id). */
export const APPLICATION_ID = 0x4d534741;

/**
 * The schema, one entry a version; PRAGMA user_version counts those applied. An entry once released is never edited.
 * `generation` of a row is the gallery's generation at which the row was last written: what is newer than the last
 * look is what another process changed. Sealed columns: see RowCipher.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    generation INTEGER NOT NULL,
    removals INTEGER NOT NULL,
    key_check BLOB
  ) STRICT;
  INSERT INTO meta (id, generation, removals) VALUES (1, 0, 0);
  CREATE TABLE people (
    id TEXT PRIMARY KEY,
    generation INTEGER NOT NULL,
    sealed BLOB NOT NULL
  ) STRICT;
  CREATE TABLE pictures (
    id TEXT PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    created_at TEXT NOT NULL,
    sealed BLOB NOT NULL
  ) STRICT;
  CREATE TABLE refs (
    id TEXT PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    picture_id TEXT REFERENCES pictures (id) ON DELETE SET NULL,
    model_id TEXT NOT NULL,
    model_version TEXT NOT NULL,
    quality REAL NOT NULL,
    created_at TEXT NOT NULL,
    generation INTEGER NOT NULL,
    sealed BLOB NOT NULL
  ) STRICT;
  CREATE INDEX people_generation ON people (generation);
  CREATE INDEX pictures_person ON pictures (person_id);
  CREATE INDEX refs_person ON refs (person_id);
  CREATE INDEX refs_picture ON refs (picture_id);
  CREATE INDEX refs_generation ON refs (generation);
  `,
  // Passes of visitors. Older software would lose the groups and credentials that people have since this version.
  `
  CREATE TABLE passes (
    id TEXT PRIMARY KEY,
    generation INTEGER NOT NULL,
    sealed BLOB NOT NULL
  ) STRICT;
  CREATE INDEX passes_generation ON passes (generation);
  `,
  // Which people are those of a site, and how far the gate is with them.
  `
  CREATE TABLE site (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    root TEXT NOT NULL,
    confirmed_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE site_people (
    person_id TEXT PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    digest TEXT NOT NULL,
    model TEXT NOT NULL,
    templates INTEGER NOT NULL,
    faults TEXT NOT NULL
  ) STRICT;
  `,
  // Copies of many rows sealed as one (Bundles), which whatever changes one of the rows drops.
  ['people', 'refs']
    .map(
      (table) => `
  CREATE TABLE ${table}_bundles (
    range INTEGER PRIMARY KEY,
    sealed BLOB NOT NULL
  ) STRICT;
  CREATE TRIGGER ${table}_inserted AFTER INSERT ON ${table} BEGIN
    DELETE FROM ${table}_bundles WHERE range = NEW.rowid >> 8;
  END;
  CREATE TRIGGER ${table}_updated AFTER UPDATE ON ${table} BEGIN
    DELETE FROM ${table}_bundles WHERE range IN (OLD.rowid >> 8, NEW.rowid >> 8);
  END;
  CREATE TRIGGER ${table}_deleted AFTER DELETE ON ${table} BEGIN
    DELETE FROM ${table}_bundles WHERE range = OLD.rowid >> 8;
  END;
  `,
    )
    .join(''),
];

/**
 * Opens the gallery's database, making it when it is not there, and brings its schema up to date.
 * Throws GALLERY_CORRUPT (damaged, or another program's), GALLERY_TOO_NEW, DATA_DIR_UNUSABLE.
 */
export function openDatabase(
  path: string,
  directory: string,
  busyTimeoutMs: number,
  migrations: readonly string[] = MIGRATIONS,
): Db {
  ensurePrivateFile(path, directory);
  return guarded(path, () => {
    const db = new Database(path, { timeout: busyTimeoutMs });
    try {
      db.pragma('journal_mode = WAL');
      db.pragma('synchronous = FULL');
      db.pragma('foreign_keys = ON');
      // Deleted rows are overwritten with zeros: erasure is real.
      db.pragma('secure_delete = ON');
      db.pragma('trusted_schema = OFF');
      // In KiB. A gallery is read from end to end, which the 16 MiB that better-sqlite3 allows do not make faster.
      db.pragma('cache_size = -2048');
      db.transaction(() => migrate(db, path, migrations)).immediate();
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  });
}

function migrate(db: Db, path: string, migrations: readonly string[]): void {
  const version = Number(db.pragma('user_version', { simple: true }));
  const application = Number(db.pragma('application_id', { simple: true }));
  const empty = db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
  if (!(empty && version === 0) && application !== APPLICATION_ID) {
    throw new MenshenError(
      'GALLERY_CORRUPT',
      `${path} is a database, but not a gallery. Move it away or name another data directory.`,
    );
  }
  if (version > migrations.length) {
    throw new MenshenError(
      'GALLERY_TOO_NEW',
      `${path} has schema version ${version}; this Menshen knows versions up to ${migrations.length}. Install the newer Menshen again.`,
    );
  }
  if (version === migrations.length) return;
  for (const step of migrations.slice(version)) db.exec(step);
  db.pragma(`application_id = ${APPLICATION_ID}`);
  db.pragma(`user_version = ${migrations.length}`);
}

/** Runs something on the database; SQLite's own failures come out as errors for a reader. */
export function guarded<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw forReader(path, error);
  }
}

/** SQLite's own failures as errors for a reader; others as they are. */
export function forReader(path: string, error: unknown): unknown {
  if (!(error instanceof Database.SqliteError)) return error;
  const { code } = error;
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') {
    return new MenshenError(
      'GALLERY_CORRUPT',
      `The gallery ${path} is damaged (${messageOf(error)}). Restore it from an export.`,
      {
        cause: error,
      },
    );
  }
  if (code.startsWith('SQLITE_BUSY')) {
    return new MenshenError(
      'DATA_DIR_UNUSABLE',
      `The gallery ${path} is locked by another process. Try again when it has finished.`,
      {
        cause: error,
      },
    );
  }
  if (/^SQLITE_(CANTOPEN|READONLY|FULL|IOERR|PERM)/.test(code)) {
    return new MenshenError(
      'DATA_DIR_UNUSABLE',
      `The gallery ${path} cannot be read or written: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
  return error;
}
