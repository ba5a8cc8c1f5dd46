import { z } from 'zod';
import type { EventStore } from './store.ts';

const DAY_MS = 86_400_000;

/** No gate ran before this; a board without a battery for its clock starts in 1970 or at the date of its image. */
const EARLIEST = '2025-01-01T00:00:00.000Z';

/** The time a clock may have gone on without any event before it is doubted. */
const MAX_SILENCE_DAYS = 30;

/**
 * Why the wall clock should not be believed so far as to delete by it; null when it can be. Believed is a time to
 * which events lead up: one that was written a day ago or earlier, and not 30 days before that. So a clock that
 * jumped, or a gate that was off for long, must run for a day first. Events of the last day do not count, since they
 * carry whatever the clock said when the gate started.
 */
export function clockDoubt(store: EventStore, now: Date): string | null {
  if (now.toISOString() < EARLIEST) {
    return `The clock says ${now.toISOString()}, which cannot be.`;
  }
  const dayAgo = new Date(now.getTime() - DAY_MS);
  const before = z
    .string()
    .optional()
    .parse(
      store.db
        .prepare('SELECT at FROM events WHERE at >= ? AND at <= ? ORDER BY seq DESC LIMIT 1')
        .pluck()
        .get(EARLIEST, dayAgo.toISOString()),
    );
  if (before === undefined || dayAgo.getTime() - Date.parse(before) <= MAX_SILENCE_DAYS * DAY_MS) {
    return null;
  }
  return `The clock says ${now.toISOString()}, but the last event before today is from ${before}.`;
}
