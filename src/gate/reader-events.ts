import type { EventInput } from '../journal/index.ts';
import type { ReaderState } from '../readers/index.ts';

/** What becomes of a reader, as an event of the journal. */
export function readerEntry(reader: { id: string; door: string }, state: ReaderState): EventInput {
  const { state: now, ...why } = state;
  const type = now === 'up' ? 'reader.up' : 'reader.down';
  return { type, door: reader.door, data: { reader: reader.id, ...why } };
}
