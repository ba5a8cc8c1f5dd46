import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { z } from 'zod';
import type { Kept } from '../access/index.ts';
import { type Logger, messageOf } from '../common/index.ts';

const RowsSchema = z.array(z.tuple([z.string(), z.string()]));
const RETRY_MS = 1000;

const fileOf = (dataDir: string) => join(dataDir, 'entry.sqlite');

/**
 * What was kept of the rules of entry. A file that is damaged is set aside, and what it knew is lost: who is where is
 * unknown then, and passes could be used again. `setAside` says so.
 */
export function readKept(dataDir: string): { entries: Kept[]; setAside: string | null } {
  const file = fileOf(dataDir);
  if (!existsSync(file)) return { entries: [], setAside: null };
  try {
    const db = open(file);
    const rows = RowsSchema.parse(db.prepare('SELECT key, value FROM kept').raw().all());
    db.close();
    return { entries: rows.map(([key, value]): Kept => [key, JSON.parse(value)]), setAside: null };
  } catch (error) {
    const aside = `${file}.damaged-${Date.now()}`;
    for (const suffix of ['', '-wal', '-shm']) {
      if (existsSync(`${file}${suffix}`)) renameSync(`${file}${suffix}`, `${aside}${suffix}`);
    }
    return { entries: [], setAside: `${aside}: ${messageOf(error)}` };
  }
}

/** Writes what is to be kept, in the thread of the records. What the disk refuses waits and is tried again. */
export class EntryStore {
  readonly #file: string;
  readonly #log: Logger;
  readonly #onKept: (number: number) => void;
  readonly #changes = new Map<string, unknown>();
  #number = 0;
  #db: Database.Database | null = null;
  #timer: NodeJS.Timeout | null = null;

  /** `onKept`: all up to this number is on disk. */
  constructor(dataDir: string, log: Logger, onKept: (number: number) => void) {
    this.#file = fileOf(dataDir);
    this.#log = log;
    this.#onKept = onKept;
  }

  keep(number: number, changes: readonly Kept[]): void {
    for (const [key, value] of changes) this.#changes.set(key, value);
    this.#number = number;
    this.#write();
  }

  stop(): void {
    clearTimeout(this.#timer ?? undefined);
    this.#write();
    clearTimeout(this.#timer ?? undefined);
    this.#db?.close();
  }

  #write(): void {
    try {
      this.#db ??= open(this.#file);
      const db = this.#db;
      const put = db.prepare('INSERT OR REPLACE INTO kept (key, value) VALUES (?, ?)');
      const drop = db.prepare('DELETE FROM kept WHERE key = ?');
      db.transaction(() => {
        for (const [key, value] of this.#changes) {
          if (value === null) drop.run(key);
          else put.run(key, JSON.stringify(value));
        }
      }).immediate();
      this.#changes.clear();
      this.#onKept(this.#number);
    } catch (error) {
      this.#log.error(
        { err: messageOf(error) },
        'who is where could not be written yet; the doors keep working',
      );
      clearTimeout(this.#timer ?? undefined);
      this.#timer = setTimeout(() => this.#write(), RETRY_MS);
    }
  }
}

function open(file: string): Database.Database {
  const db = new Database(file, { timeout: 5000 });
  try {
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('secure_delete = ON');
    db.exec(
      'CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID',
    );
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
