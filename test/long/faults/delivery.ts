import { join } from 'node:path';
import { expect } from 'vitest';
import { type JournalEvent, JournalReader } from '../../../src/journal/index.ts';
import type { House } from '../../e2e/house.ts';

const PAGE = 500;

export interface Delivery {
  readonly events: number;
  readonly duplicates: number;
}

/** The whole journal of a house. */
export function journalOf(house: House): JournalEvent[] {
  const reader = new JournalReader({ dataDir: join(house.folder, 'data') });
  const events: JournalEvent[] = [];
  for (let page = reader.range({ after: 0, limit: PAGE }); page.length > 0; ) {
    events.push(...page);
    page = reader.range({ after: events[events.length - 1].seq, limit: PAGE });
  }
  return events;
}

/**
 * Expects that the journal has no gap, that the subscriber gets every event that is in it now, and that the first
 * appearances come in order, the live and the replayed ones each. The daemon must run: at its end it does not wait
 * for a long outbox.
 */
export async function expectAllDelivered(house: House, withinMs: number): Promise<Delivery> {
  const journal = journalOf(house);
  expect(journal.map(({ seq }) => seq)).toEqual(journal.map((_, n) => n + 1));
  const wanted = new Set(journal.map(({ id }) => id));
  await house.until(
    () => {
      const got = new Set(house.events.map(({ id }) => id));
      return [...wanted].every((id) => got.has(id));
    },
    withinMs,
    `delivery of all ${wanted.size} events`,
  );
  const first = new Map<string, JournalEvent>();
  for (const event of house.events) {
    const known = first.get(event.id);
    if (known !== undefined) {
      expect(event).toEqual(known);
    } else {
      first.set(event.id, event);
    }
  }
  const arrived = [...first.values()].filter(({ id }) => wanted.has(id));
  expect(arrived).toHaveLength(journal.length);
  for (const replayed of [false, true]) {
    const numbers = arrived.filter(({ id }) => house.replayed.has(id) === replayed).map(({ seq }) => seq);
    expect(numbers).toEqual([...numbers].sort((one, other) => one - other));
  }
  return { events: journal.length, duplicates: house.events.length - first.size };
}
