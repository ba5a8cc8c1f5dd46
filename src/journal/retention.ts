import { z } from 'zod';
import type { EventStore } from './store.ts';
import type { Retention } from './types.ts';

const DAY_MS = 86_400_000;

/** Rows a transaction deletes at most, so that the door never waits long behind it. */
const BATCH = 200;

const OldestSchema = z.array(z.object({ seq: z.number().int(), at: z.string() }));

export interface Pruned {
  readonly events: number;
  readonly pictures: number;
}

/** Deletes at most one batch of what is past its time; gives how many rows went. Throws SQLite's own errors. */
export function pruneBatch(store: EventStore, retention: Retention, now: Date): Pruned {
  const firstPending = z
    .number()
    .nullable()
    .parse(store.db.prepare('SELECT min(seq) FROM outbox').pluck().get());
  const pictures = expired(store, 'pictures', now, retention.cropRetentionDays);
  const events = expired(store, 'events', now, retention.retentionDays).filter(
    (seq) => firstPending === null || seq < firstPending,
  );
  if (events.length > 0 || pictures.length > 0) {
    store.relaxed(() => {
      const last = store.lastSeq();
      remove(store, 'pictures', pictures);
      remove(store, 'events', events);
      // The numbering must outlive the rows it is read from.
      store.rememberLastSeq(last);
    });
  }
  return { events: events.length, pictures: pictures.length };
}

/**
 * The oldest rows up to the first that must stay: what remains has no holes. A row dated in the future
 * (a wrong clock) holds nothing back.
 */
function expired(store: EventStore, table: 'events' | 'pictures', now: Date, days: number): number[] {
  const cutoff = new Date(now.getTime() - days * DAY_MS).toISOString();
  const today = now.toISOString();
  const oldest = OldestSchema.parse(
    store.db
      .prepare(
        `SELECT seq, entry.at AS at FROM ${table} JOIN events AS entry USING (seq) ORDER BY seq LIMIT ${BATCH}`,
      )
      .all(),
  );
  const stay = oldest.findIndex((row) => days > 0 && row.at >= cutoff && row.at <= today);
  return oldest.slice(0, stay === -1 ? undefined : stay).map((row) => row.seq);
}

function remove(store: EventStore, table: 'events' | 'pictures', seqs: readonly number[]): void {
  const statement = store.db.prepare(`DELETE FROM ${table} WHERE seq = ?`);
  for (const seq of seqs) {
    statement.run(seq);
  }
}
