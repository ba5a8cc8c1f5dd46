import { renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database, { type Database as Handle } from 'better-sqlite3';
import { z } from 'zod';
import { syncDirectory } from './database.ts';
import { EventRowSchema } from './schema.ts';
import { type EventStore, LAST_SEQ_SQL } from './store.ts';
import type { JournalEvent } from './types.ts';

/** What could still be read of a damaged journal. */
export interface Salvage {
  /** Highest number given so far; null when even that could not be read. */
  readonly lastSeq: number | null;
  /** Events that had not left the outbox. */
  readonly pending: readonly JournalEvent[];
}

/** Renames a damaged journal, its -wal and -shm with it, to `<file>.damaged-<time>`; gives the new name. */
export function setAside(path: string, at: Date): string {
  const target = `${path}.damaged-${at.toISOString().replaceAll(':', '')}`;
  for (const suffix of ['', '-wal', '-shm']) {
    if (statSync(path + suffix, { throwIfNoEntry: false }) !== undefined) {
      renameSync(path + suffix, target + suffix);
    }
  }
  syncDirectory(dirname(path));
  return target;
}

/** Reads what can be read of a damaged journal; never throws. */
export function salvage(path: string): Salvage {
  let db: Handle | undefined;
  try {
    db = new Database(path, { readonly: true, fileMustExist: true });
    return { lastSeq: lastSeq(db), pending: pending(db) };
  } catch {
    return { lastSeq: null, pending: [] };
  } finally {
    db?.close();
  }
}

/** Writes what was salvaged into a new journal, under the old numbers, so that the numbering goes on after them. */
export function restore(store: EventStore, saved: Salvage): void {
  store.db
    .transaction(() => {
      for (const event of saved.pending) {
        store.insert(event, JSON.stringify(event.data), true);
      }
      if (saved.lastSeq !== null) {
        store.rememberLastSeq(saved.lastSeq);
      }
    })
    .immediate();
}

function lastSeq(db: Handle): number | null {
  const parsed = z.number().int().min(1).safeParse(db.prepare(LAST_SEQ_SQL).pluck().get());
  return parsed.success ? parsed.data : null;
}

/** The undelivered events, row by row, so that one unreadable page costs only its own rows. */
function pending(db: Handle): JournalEvent[] {
  const events: JournalEvent[] = [];
  let seqs: number[];
  try {
    seqs = z.array(z.number()).parse(db.prepare('SELECT seq FROM outbox ORDER BY seq').pluck().all());
  } catch {
    return [];
  }
  const row = db.prepare('SELECT * FROM events WHERE seq = ?');
  for (const seq of seqs) {
    try {
      events.push(EventRowSchema.parse(row.get(seq)));
    } catch {
      // Unreadable: it stays in the file set aside.
    }
  }
  return events;
}
