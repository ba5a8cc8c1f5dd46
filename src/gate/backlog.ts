import { type Logger, MenshenError, messageOf } from '../common/index.ts';
import { type DiskFault, diskFaultOf, type Journal, type JournalEntry } from '../journal/index.ts';

/** Events kept in memory while the journal cannot be written; beyond this the oldest are lost, and that is logged. */
const LIMIT = 10_000;
const RETRY_MS = 1000;
/** Of what waited, written with one commit. */
const AT_ONCE = 500;
/** An event written later than this after it happened says so. */
const LATE_MS = 250;

/** An event, and when it happened (UTC, ISO 8601). */
export interface TimedEntry {
  readonly event: JournalEntry;
  readonly happenedAt: string;
}

/**
 * Writes events to the journal, in order. When the disk is full or read-only they wait in memory and are written
 * once the disk is back, each with the time at which it happened.
 */
export class Backlog {
  readonly #journal: Journal;
  readonly #log: Logger;
  #events: JournalEntry[] = [];
  #timer: NodeJS.Timeout | null = null;
  #lost = 0;
  #fault: DiskFault | null = null;

  constructor(journal: Journal, log: Logger) {
    this.#journal = journal;
    this.#log = log;
  }

  /** Writes an event, or keeps it for later; never throws. */
  add(event: TimedEntry): void {
    if (this.#events.length > 0 || !this.#write(datedIfLate(event))) {
      this.#keep(event);
    }
  }

  /** Writes several events with one commit, or keeps them for later; never throws. */
  addAll(events: readonly TimedEntry[]): void {
    if (this.#events.length > 0 || !this.#writeAll(events.map(datedIfLate))) {
      for (const event of events) {
        this.add(event);
      }
    }
  }

  /** Events that wait for the disk. */
  get waiting(): number {
    return this.#events.length;
  }

  /** What is wrong with the disk, by the last event that was to be written; null when it was. */
  get fault(): DiskFault | null {
    return this.#fault;
  }

  /** Writes what can be written; the rest is lost, and that is logged. */
  stop(): void {
    this.#drain();
    clearInterval(this.#timer ?? undefined);
    if (this.#events.length > 0) {
      this.#log.error({ events: this.#events.length }, 'events could not be written before the end');
    }
  }

  /** False when they must be tried one by one: the disk refuses, or one of them can never be written. */
  #writeAll(events: readonly JournalEntry[]): boolean {
    try {
      this.#journal.appendMany(events);
      this.#fault = null;
      return true;
    } catch {
      return false;
    }
  }

  /** False when the event must wait for the disk. */
  #write(event: JournalEntry): boolean {
    try {
      this.#journal.append(event);
      this.#fault = null;
      return true;
    } catch (error) {
      if (!(error instanceof MenshenError) || error.code !== 'JOURNAL_WRITE_FAILED') {
        // Trying again would fail again, and would hold up every event behind it.
        this.#log.error({ type: event.type, err: messageOf(error) }, 'an event could not be recorded');
        return true;
      }
      this.#fault = diskFaultOf(error.cause);
      if (this.#events.length === 0) {
        this.#log.error({ err: messageOf(error) }, 'the journal cannot be written; the door keeps working');
      }
      return false;
    }
  }

  #keep(event: TimedEntry): void {
    this.#events.push(dated(event));
    if (this.#events.length > LIMIT) {
      this.#events.shift();
      this.#lost += 1;
      this.#log.error(
        { lost: this.#lost },
        'the journal was unwritable for too long; the oldest event is lost',
      );
    }
    this.#timer ??= setInterval(() => this.#drain(), RETRY_MS);
  }

  #drain(): void {
    while (this.#events.length > 0 && this.#writeAll(this.#events.slice(0, AT_ONCE))) {
      this.#events.splice(0, AT_ONCE);
    }
    while (this.#events.length > 0 && this.#write(this.#events[0])) {
      this.#events.shift();
    }
    if (this.#events.length === 0) {
      clearInterval(this.#timer ?? undefined);
      this.#timer = null;
    }
  }
}

function datedIfLate(timed: TimedEntry): JournalEntry {
  return Date.now() - Date.parse(timed.happenedAt) > LATE_MS ? dated(timed) : timed.event;
}

function dated({ event, happenedAt }: TimedEntry): JournalEntry {
  return { ...event, data: { ...event.data, happenedAt } };
}
