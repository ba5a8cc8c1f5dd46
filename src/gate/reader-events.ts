import type { EventInput } from '../journal/index.ts';
import type { ReaderState } from '../readers/index.ts';

/** What becomes of a reader, as an event of the journal. */
export function readerEntry({ id, door }: { id: string; door: string }, state: ReaderState): EventInput {
  if (state.state === 'up') return { type: 'reader.up', door, data: { reader: id } };
  const { code, message } = state;
  return { type: 'reader.down', door, data: { reader: id, code, message } };
}
