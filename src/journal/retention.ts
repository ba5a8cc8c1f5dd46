import { z } from 'zod';
import type { EventStore } from './store.ts';
import type { Retention } from './types.ts';

const DAY_MS = 86_400_000;
const MEGABYTE = 1024 * 1024;

/** Rows a transaction deletes at most, so that events never wait long behind it. Pictures are the larger rows. */
const EVENTS_AT_A_TIME = 200;
const PICTURES_AT_A_TIME = 50;

const SeqsSchema = z.array(z.number().int());
const SeqSchema = z.number().int().nullish();

/** Rows that were deleted. */
export interface Pruned {
  /** Events delivered, or that nobody waits for. */
  readonly events: number;
  /** Pictures; those that went with their event included. */
  readonly pictures: number;
  /** Events that had not been delivered and went for lack of room. */
  readonly undelivered: number;
}

export const NOTHING: Pruned = { events: 0, pictures: 0, undelivered: 0 };

export function sum(one: Pruned, other: Pruned): Pruned {
  return {
    events: one.events + other.events,
    pictures: one.pictures + other.pictures,
    undelivered: one.undelivered + other.undelivered,
  };
}

/** Numbers up to which rows are past their time. */
export interface Due {
  readonly events: number;
  readonly pictures: number;
  /** Of a type, or a family of types. */
  readonly byType: Readonly<Record<string, number>>;
}

/**
 * What is due by age at `now`; without `now` (a clock not to be believed) only the pictures that must not be kept
 * at all. With `outbox`, nothing from the first undelivered event on.
 */
export function dueByAge(store: EventStore, retention: Retention, now: Date | null, outbox: boolean): Due {
  const { retentionDays, cropRetentionDays } = retention;
  const pictures = cropRetentionDays === 0 ? Number.MAX_SAFE_INTEGER : 0;
  if (now === null) {
    return { events: 0, pictures, byType: {} };
  }
  const waiting = SeqSchema.parse(store.db.prepare('SELECT min(seq) FROM outbox').pluck().get());
  const last = outbox && typeof waiting === 'number' ? waiting - 1 : Number.MAX_SAFE_INTEGER;
  return {
    events: Math.min(last, expiredUpTo(store, 'events', now, retentionDays)),
    pictures: pictures || expiredUpTo(store, 'pictures', now, cropRetentionDays),
    byType: Object.fromEntries(
      Object.entries(retention.retentionDaysByType ?? {}).map(([type, days]) => [
        type,
        Math.min(last, expiredOfType(store, type, now, days)),
      ]),
    ),
  };
}

/** Deletes at most one batch of what is due. Throws SQLite's own errors. */
export function pruneDue(store: EventStore, due: Due): Pruned {
  const pictures = oldest(store, 'pictures', `seq <= ${due.pictures}`, PICTURES_AT_A_TIME);
  if (pictures.length > 0) {
    return remove(store, { pictures });
  }
  const events = oldest(store, 'events', `seq <= ${due.events}`, EVENTS_AT_A_TIME);
  if (events.length > 0) {
    return remove(store, { events });
  }
  for (const [type, last] of Object.entries(due.byType)) {
    const ofType = oldestOfType(store, type, last);
    if (ofType.length > 0) {
      return remove(store, { events: ofType });
    }
  }
  return NOTHING;
}

/**
 * Deletes at most one batch for lack of room: pictures, then events that were delivered, then those that were not,
 * the oldest of each first. Nothing when the journal holds no more than `maxMegabytes`. Throws SQLite's own errors.
 */
export function trim(store: EventStore, { maxMegabytes }: Retention, outbox: boolean): Pruned {
  if (usedBytes(store) <= maxMegabytes * MEGABYTE) {
    return NOTHING;
  }
  const pictures = oldest(store, 'pictures', 'TRUE', PICTURES_AT_A_TIME);
  if (pictures.length > 0) {
    return remove(store, { pictures });
  }
  const delivered = outbox ? 'NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.seq = events.seq)' : 'TRUE';
  const events = oldest(store, 'events', delivered, EVENTS_AT_A_TIME);
  if (events.length > 0) {
    return remove(store, { events });
  }
  return remove(store, { undelivered: oldest(store, 'events', 'TRUE', EVENTS_AT_A_TIME) });
}

/** Deletes the pictures of events that name this person (grants do), and gives how many. */
export function removePicturesOf(store: EventStore, personId: string): number {
  return store.db
    .prepare(
      `DELETE FROM pictures WHERE seq IN (
        SELECT seq FROM pictures JOIN events USING (seq)
        WHERE CASE WHEN json_valid(data) THEN json_extract(data, '$.person.id') END = ?)`,
    )
    .run(personId).changes;
}

/** Bytes that hold something. Free pages of the file do not count: they are written again before it grows. */
function usedBytes(store: EventStore): number {
  const number = (name: string) => z.number().parse(store.db.pragma(name, { simple: true }));
  return (number('page_count') - number('freelist_count')) * number('page_size');
}

/**
 * The last row past its time of those before the first that must stay: what remains has no holes. A row dated in
 * the future (a wrong clock) holds nothing back, and goes only if one after it is past its time.
 */
function expiredUpTo(store: EventStore, table: 'events' | 'pictures', now: Date, days: number): number {
  const cutoff = new Date(now.getTime() - days * DAY_MS).toISOString();
  const from = `SELECT seq FROM ${table} JOIN events AS entry USING (seq) WHERE`;
  const seq = (condition: string, ...values: (string | number)[]) =>
    SeqSchema.parse(
      store.db
        .prepare(`${from} ${condition} LIMIT 1`)
        .pluck()
        .get(...values),
    );
  const stays = seq('entry.at >= ? AND entry.at <= ? ORDER BY seq', cutoff, now.toISOString());
  return seq('seq < ? AND entry.at < ? ORDER BY seq DESC', stays ?? Number.MAX_SAFE_INTEGER, cutoff) ?? 0;
}

/** The last event of a type that is past its time. What it leaves behind has holes, vouched for like any other deletion. */
function expiredOfType(store: EventStore, type: string, now: Date, days: number): number {
  const cutoff = new Date(now.getTime() - days * DAY_MS).toISOString();
  const sql = `SELECT max(seq) FROM events WHERE ${OF_TYPE} AND at < ?`;
  return SeqSchema.parse(store.db.prepare(sql).pluck().get(type, `${type}.`, `${type}/`, cutoff)) ?? 0;
}

function oldestOfType(store: EventStore, type: string, last: number): number[] {
  const sql = `SELECT seq FROM events WHERE ${OF_TYPE} AND seq <= ? ORDER BY seq LIMIT ${EVENTS_AT_A_TIME}`;
  return SeqsSchema.parse(store.db.prepare(sql).pluck().all(type, `${type}.`, `${type}/`, last));
}

/** Of the type itself, or of a family: "/" is the character after ".". */
const OF_TYPE = '(type = ? OR (type >= ? AND type < ?))';

function oldest(store: EventStore, table: 'events' | 'pictures', condition: string, limit: number): number[] {
  const sql = `SELECT seq FROM ${table} WHERE ${condition} ORDER BY seq LIMIT ${limit}`;
  return SeqsSchema.parse(store.db.prepare(sql).pluck().all());
}

/** Deletes in one transaction; the picture of an event goes with it. */
function remove(store: EventStore, rows: { readonly [What in keyof Pruned]?: readonly number[] }): Pruned {
  const { events = [], pictures = [], undelivered = [] } = rows;
  if (events.length + pictures.length + undelivered.length === 0) {
    return NOTHING;
  }
  let withEvents = 0;
  store.relaxed(() => {
    const last = store.lastSeq();
    const picture = store.db.prepare('DELETE FROM pictures WHERE seq = ?');
    const event = store.db.prepare('DELETE FROM events WHERE seq = ?');
    for (const seq of pictures) {
      picture.run(seq);
    }
    const gone = [...events, ...undelivered].sort((one, other) => one - other);
    store.chain.forget(gone);
    for (const seq of gone) {
      withEvents += picture.run(seq).changes;
      event.run(seq);
    }
    // The numbering must outlive the rows it is read from.
    store.rememberLastSeq(last);
  });
  return {
    events: events.length,
    pictures: pictures.length + withEvents,
    undelivered: undelivered.length,
  };
}
