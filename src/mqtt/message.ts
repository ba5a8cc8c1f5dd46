import { z } from 'zod';
import { type JournalEvent, JournalEventSchema } from '../journal/index.ts';

/** An event as a subscriber gets it. `replayed`: it was recorded long before the connection that it is sent on. */
export const SentEventSchema = JournalEventSchema.extend({ replayed: z.literal(true).optional() });
export type SentEvent = z.infer<typeof SentEventSchema>;

/** Payloads are kept below this; a decision record has some 10 KiB. */
export const MAX_PAYLOAD_BYTES = 256 * 1024;

const ConsideredSchema = z.object({ score: z.number() });
const CandidatesSchema = z.object({
  best: ConsideredSchema.nullable(),
  second: ConsideredSchema.nullable(),
  lead: z.number().nullable(),
});

/** Of the rules of entry what they found, not what they looked at: groups, places and credentials of people. */
const EntrySchema = z.object({ verdict: z.record(z.string(), z.unknown()) }).nullable();

/**
 * What of an event leaves the device: all of it but who was merely considered. The people a probe was compared
 * with are evidence in the journal; outside, only their scores are told, and only who was recognised is named.
 */
export function publicEvent(event: JournalEvent): JournalEvent {
  const { candidates, entry, inputs: _, ...data } = event.data;
  if (candidates === undefined && entry === undefined) {
    return event;
  }
  // Parsing keeps the keys of the schema and drops the rest: names, ids, references.
  const scores = CandidatesSchema.safeParse(candidates).data;
  const verdict = EntrySchema.safeParse(entry).data;
  return {
    ...event,
    data: {
      ...data,
      ...(scores === undefined ? {} : { candidates: scores }),
      ...(verdict === undefined ? {} : { entry: verdict }),
    },
  };
}

/**
 * The event as it is sent: its JSON, with `replayed` where it is no news. An event above `limit` bytes goes out
 * without its data, which stays in the journal: it must not block those behind it.
 */
export function encodeMessage(event: JournalEvent, limit: number, replayed = false): Buffer {
  const mark = replayed ? { replayed } : {};
  const payload = Buffer.from(JSON.stringify({ ...publicEvent(event), ...mark }));
  if (payload.length <= limit) {
    return payload;
  }
  return Buffer.from(JSON.stringify({ ...event, data: { omitted: true, bytes: payload.length }, ...mark }));
}
