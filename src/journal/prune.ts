import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import { type Logger, messageOf } from '../common/index.ts';
import { clockDoubt } from './clock-doubt.ts';
import type { JournalFile } from './file.ts';
import { dueByAge, NOTHING, type Pruned, pruneDue, sum, trim } from './retention.ts';
import { pruneSetAside } from './set-aside.ts';
import type { EventStore } from './store.ts';
import type { EventInput, Retention } from './types.ts';

export interface PruneParts {
  /** Path of the journal. */
  readonly path: string;
  readonly file: JournalFile;
  readonly log: Logger;
  readonly now: () => Date;
  /** Whether somebody waits for what is in the outbox. */
  readonly outbox: boolean;
  readonly append: (event: EventInput) => void;
}

/** Deletes what is past its time, then what there is no room for, in small steps with room for events between them. */
export async function prune(parts: PruneParts, retention: Retention): Promise<Pruned> {
  const now = parts.file.use((store) => believedNow(store, parts));
  removeSetAside(parts, retention, now);
  const due = parts.file.use((store) => dueByAge(store, retention, now, parts.outbox));
  const aged = await inSteps(parts, (store) => pruneDue(store, due));
  const first = parts.file.use(oldestNumber);
  const trimmed = await inSteps(parts, (store) => trim(store, retention, parts.outbox));
  tellTrimmed(parts, retention, trimmed, first);
  const total = sum(aged, trimmed);
  if (total.events + total.pictures + total.undelivered > 0) {
    parts.file.use(emptyWal);
  }
  return total;
}

/** Erased is erased: old pages leave the -wal file as well. */
export function emptyWal(store: EventStore): void {
  store.db.pragma('wal_checkpoint(TRUNCATE)');
}

function believedNow(store: EventStore, { log, now }: PruneParts): Date | null {
  const at = now();
  const doubt = clockDoubt(store, at);
  if (doubt === null) {
    return at;
  }
  log.warn(
    `Nothing is deleted from the journal by its age for now. ${doubt} It is believed once the gate has run for a day; set the clock if it is wrong.`,
  );
  return null;
}

function removeSetAside({ path, log }: PruneParts, retention: Retention, now: Date | null): void {
  const { retentionDays, cropRetentionDays } = retention;
  try {
    for (const file of pruneSetAside(path, now, Math.min(retentionDays, Math.max(1, cropRetentionDays)))) {
      log.info({ file }, 'A damaged journal that was set aside is past its time and was deleted.');
    }
  } catch (error) {
    log.warn(`Damaged journals that were set aside could not be deleted: ${messageOf(error)}`);
  }
}

async function inSteps({ file }: PruneParts, work: (store: EventStore) => Pruned): Promise<Pruned> {
  let total = NOTHING;
  for (;;) {
    const step = file.use(work);
    if (step.events + step.pictures + step.undelivered === 0) {
      return total;
    }
    total = sum(total, step);
    await nextTurn();
  }
}

function tellTrimmed(
  { file, log, append }: PruneParts,
  { maxMegabytes }: Retention,
  trimmed: Pruned,
  from: number | null,
): void {
  const { pictures, events, undelivered } = trimmed;
  if (undelivered > 0) {
    const next = file.use(oldestNumber);
    const to = next === null ? null : next - 1;
    log.error(
      { undelivered, from, to },
      `The journal has reached ${maxMegabytes} MB, and ${undelivered} undelivered events (numbers ${from} to ${to}) were deleted for ever. Bring the broker back, or raise journal.maxMegabytes.`,
    );
    append({ type: 'journal.trimmed', data: { maxMegabytes, undelivered, from, to } });
  } else if (pictures + events > 0) {
    log.warn(
      { pictures, events },
      `The journal has reached ${maxMegabytes} MB: its oldest pictures (${pictures}) and delivered events (${events}) were deleted before their time.`,
    );
  }
}

function oldestNumber(store: EventStore): number | null {
  return z.number().nullable().parse(store.db.prepare('SELECT min(seq) FROM events').pluck().get());
}
