import { z } from 'zod';
import { EVENT_DATA } from '../../src/journal/data.ts';
import type { EventInput, JournalEntry } from '../../src/journal/index.ts';

/** An event as the journal would get it; throws where its data, once it is JSON, is not what its schema says. */
export function checked(event: EventInput): JournalEntry {
  const data = z.record(z.string(), z.unknown()).parse(JSON.parse(JSON.stringify(event.data)));
  const { error } = EVENT_DATA[event.type].safeParse(data);
  if (error !== undefined) throw new Error(`${event.type} is not as documented: ${z.prettifyError(error)}`);
  return { ...event, data };
}
