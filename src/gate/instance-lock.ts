import { join } from 'node:path';
import Database from 'better-sqlite3';
import { MenshenError, messageOf } from '../common/index.ts';

/**
 * Takes the data directory for this process. SQLite's file lock does it: the kernel gives it back whenever
 * the process ends, a kill -9 included, so no stale lock can keep a door from starting.
 * @returns a function that gives the directory back
 * @throws MenshenError ALREADY_RUNNING if another gate holds it, DATA_DIR_UNUSABLE if it cannot be written
 */
export function lockDataDir(dataDir: string): () => void {
  const file = join(dataDir, 'gate.lock');
  try {
    const database = new Database(file, { timeout: 0 });
    try {
      database.pragma('locking_mode = EXCLUSIVE');
      database.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      database.close();
      throw error;
    }
    return () => database.close();
  } catch (error) {
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')) {
      throw new MenshenError('ALREADY_RUNNING', `another gate is running on ${dataDir}; stop it first`, {
        cause: error,
      });
    }
    throw new MenshenError('DATA_DIR_UNUSABLE', `${dataDir} cannot be written: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
