import { closeSync, fsyncSync, openSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database, { type Database as Handle } from 'better-sqlite3';
import { MenshenError, makeFolder, messageOf } from '../common/index.ts';
import { migrate, schemaVersion } from './migrations.ts';

const FILE = 'journal.sqlite';

/**
 * Up to this size the whole file is checked at every start; above, damage is found when it is read. Measured on
 * 64 MiB, 2 cores of a Xeon: 23 ms (decisions with pictures) to 0.1 s (small events) with the file in memory, 0.8 to
 * 1.3 s read from its disk. An SD card has not been measured.
 */
const FULL_CHECK_BYTES = 64 * 1024 * 1024;

/** How long to wait for another process that holds the lock. The door waits too, so it is short. */
const BUSY_MS = 250;

export function journalPath(dataDir: string): string {
  return join(dataDir, FILE);
}

/** Makes the folder (0700) if need be. Throws DATA_DIR_UNUSABLE. */
export function ensureDirectory(dataDir: string): void {
  try {
    makeFolder(dataDir, 0o700);
  } catch (error) {
    throw new MenshenError(
      'DATA_DIR_UNUSABLE',
      `The data directory ${dataDir} cannot be made: ${messageOf(error)}.`,
      {
        cause: error,
      },
    );
  }
}

/** Makes what was created or renamed in a folder last through a power cut. */
export function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/**
 * Opens the journal for writing, making it (0600; SQLite gives -wal and -shm the same mode) or bringing its
 * schema up to date. Throws SQLite's own errors on damage and disk faults, and JOURNAL_TOO_NEW.
 */
export function openForWriting(path: string): Handle {
  createPrivate(path);
  const db = new Database(path, { timeout: BUSY_MS });
  try {
    schemaVersion(db, path);
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('foreign_keys = ON');
    // What is erased must not stay readable in free pages.
    db.pragma('secure_delete = ON');
    db.pragma('journal_size_limit = 8388608');
    // In KiB. The 16 MiB that better-sqlite3 allows fill for good as the file grows, and an append needs few pages.
    db.pragma('cache_size = -2048');
    checkIntegrity(db, path);
    migrate(db, path);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * Closes in good order. The file goes back to a plain one: one that says WAL could not be read later from where
 * no -wal file can be made. A reader that is just looking may prevent that, which harms nothing.
 */
export function closeAfterWriting(db: Handle): void {
  try {
    db.pragma('journal_mode = DELETE');
  } finally {
    db.close();
  }
}

/** Opens the journal for reading only, also while the gate writes it; needs no right to write. */
export function openForReading(path: string): Handle {
  const db = new Database(path, { readonly: true, fileMustExist: true, timeout: BUSY_MS });
  try {
    schemaVersion(db, path);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function createPrivate(path: string): void {
  const isNew = !exists(path);
  closeSync(openSync(path, 'a', 0o600));
  if (isNew) {
    syncDirectory(dirname(path));
  }
}

function checkIntegrity(db: Handle, path: string): void {
  if (statSync(path).size > FULL_CHECK_BYTES) {
    return;
  }
  const verdict = db.pragma('quick_check(1)', { simple: true });
  if (verdict !== 'ok') {
    throw new Database.SqliteError(String(verdict), 'SQLITE_CORRUPT');
  }
}
