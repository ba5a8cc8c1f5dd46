import Database, { type Database as Handle, type Statement } from 'better-sqlite3';
import { z } from 'zod';
import { EventRowSchema } from './schema.ts';
import type { EventStore } from './store.ts';
import type { JournalEvent } from './types.ts';

/** What could still be read of a damaged journal. */
export interface Salvage {
  /** Highest number found anywhere in the file; null when none could be read. */
  readonly highest: number | null;
  /** The events, or the index of their ids, could be read up to the end, so that no number is above `highest`. */
  readonly complete: boolean;
  /** Events that had not left the outbox. */
  readonly pending: readonly JournalEvent[];
}

/** Reads what can be read of a damaged journal, each part by itself; never throws. */
export function salvage(path: string): Salvage {
  let db: Handle;
  try {
    db = new Database(path, { readonly: true, fileMustExist: true });
  } catch {
    return { highest: null, complete: false, pending: [] };
  }
  try {
    const numbers = COMPLETE.map((sql) => number(db, sql));
    const found = [...numbers, ...PARTIAL.map((sql) => number(db, sql))].filter(
      (seq) => typeof seq === 'number',
    );
    return {
      highest: found.length === 0 ? null : Math.max(...found),
      complete: numbers.some((seq) => seq !== undefined),
      pending: pending(db),
    };
  } finally {
    db.close();
  }
}

/** Writes what was salvaged into a new journal, under the old numbers; the numbering goes on after `lastSeq`. */
export function restore(store: EventStore, pending: readonly JournalEvent[], lastSeq: number | null): void {
  store.db
    .transaction(() => {
      for (const event of pending) {
        store.insert(event, JSON.stringify(event.data), true);
      }
      if (lastSeq !== null) {
        store.rememberLastSeq(lastSeq);
      }
    })
    .immediate();
}

/** Each reads the highest number out of other pages of the file; these know every event there is. */
const COMPLETE = [
  'SELECT max(seq) FROM events',
  'SELECT max(seq) FROM events INDEXED BY sqlite_autoindex_events_1',
];
const PARTIAL = [
  'SELECT max(seq) FROM outbox',
  'SELECT max(seq) FROM pictures',
  "SELECT value FROM meta WHERE key = 'last_seq'",
];

/** Null when there is none, undefined when that cannot be read. */
function number(db: Handle, sql: string): number | null | undefined {
  try {
    return z.number().int().min(1).nullish().parse(db.prepare(sql).pluck().get()) ?? null;
  } catch {
    return undefined;
  }
}

/** The undelivered events, row by row, so that one unreadable page costs only its own rows. */
function pending(db: Handle): JournalEvent[] {
  const events: JournalEvent[] = [];
  let row: Statement;
  try {
    row = db.prepare('SELECT * FROM events WHERE seq = ?');
  } catch {
    return [];
  }
  for (const seq of [...outbox(db)].sort((a, b) => a - b)) {
    try {
      events.push(EventRowSchema.parse(row.get(seq)));
    } catch {
      // Unreadable: it stays in the file set aside.
    }
  }
  return events;
}

/** Numbers in the outbox, read from both ends up to the damage. */
function outbox(db: Handle): Set<number> {
  const seqs = new Set<number>();
  for (const order of ['ASC', 'DESC']) {
    try {
      for (const seq of db.prepare(`SELECT seq FROM outbox ORDER BY seq ${order}`).pluck().iterate()) {
        seqs.add(z.number().parse(seq));
      }
    } catch {
      // What lies behind the damage is read from the other end.
    }
  }
  return seqs;
}
