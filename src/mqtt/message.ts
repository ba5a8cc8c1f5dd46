import type { JournalEvent } from '../journal/index.ts';

/** Payloads are kept below this; a decision record has some 10 KiB. */
export const MAX_PAYLOAD_BYTES = 256 * 1024;

/**
 * The event as it is sent: its JSON. An event above `limit` bytes goes out without its data, which stays in the
 * journal: it must not block those behind it.
 */
export function encodeMessage(event: JournalEvent, limit: number): Buffer {
  const payload = Buffer.from(JSON.stringify(event));
  if (payload.length <= limit) {
    return payload;
  }
  return Buffer.from(JSON.stringify({ ...event, data: { omitted: true, bytes: payload.length } }));
}
