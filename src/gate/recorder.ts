import { randomUUID } from 'node:crypto';
import { isoNow, type Logger, MenshenError, messageOf } from '../common/index.ts';
import type { EventInput, Journal } from '../journal/index.ts';

/** Events kept in memory while the journal cannot be written; beyond this the oldest are lost, and that is logged. */
const BACKLOG_LIMIT = 10_000;
const RETRY_MS = 1000;

/**
 * Writes events to the journal and keeps the door independent of it: when the disk is full or read-only,
 * events wait in memory, in order and with the time they happened, and are written once the disk is back.
 */
export class Recorder {
  readonly #journal: Journal;
  readonly #log: Logger;
  #backlog: EventInput[] = [];
  #timer: NodeJS.Timeout | null = null;
  #lost = 0;

  constructor(journal: Journal, log: Logger) {
    this.#journal = journal;
    this.#log = log;
  }

  /** Records an event; never throws. Gives its id, which later events can name as their cause. */
  record(input: EventInput): string {
    const event = { ...input, id: input.id ?? randomUUID() };
    if (this.#backlog.length > 0 || !this.#write(event)) {
      this.#keep({ ...event, data: { ...event.data, happenedAt: isoNow() } });
    }
    return event.id;
  }

  /** Keeps a sighting's picture with its event; a failure costs the picture and nothing else. */
  picture(eventId: string, jpeg: Uint8Array): void {
    try {
      this.#journal.attachPicture(eventId, jpeg);
    } catch (error) {
      this.#log.warn({ event: eventId, err: messageOf(error) }, 'the picture of an event could not be kept');
    }
  }

  /** Events that wait for the disk. */
  get waiting(): number {
    return this.#backlog.length;
  }

  stop(): void {
    if (this.#timer !== null) {
      clearInterval(this.#timer);
    }
    this.#drain();
    if (this.#backlog.length > 0) {
      this.#log.error({ events: this.#backlog.length }, 'events could not be written before the end');
    }
  }

  /** False when the event must wait for the disk. */
  #write(event: EventInput): boolean {
    try {
      this.#journal.append(event);
      return true;
    } catch (error) {
      if (!(error instanceof MenshenError) || error.code !== 'JOURNAL_WRITE_FAILED') {
        // Trying again would fail again, and would hold up every event behind it.
        this.#log.error(
          { event: event.id, type: event.type, err: messageOf(error) },
          'an event could not be recorded',
        );
        return true;
      }
      if (this.#backlog.length === 0) {
        this.#log.error({ err: messageOf(error) }, 'the journal cannot be written; the door keeps working');
      }
      return false;
    }
  }

  #keep(event: EventInput): void {
    this.#backlog.push(event);
    if (this.#backlog.length > BACKLOG_LIMIT) {
      this.#backlog.shift();
      this.#lost += 1;
      this.#log.error(
        { lost: this.#lost },
        'the journal was unwritable for too long; the oldest event is lost',
      );
    }
    this.#timer ??= setInterval(() => this.#drain(), RETRY_MS);
  }

  #drain(): void {
    while (this.#backlog.length > 0 && this.#write(this.#backlog[0])) {
      this.#backlog.shift();
    }
    if (this.#backlog.length === 0 && this.#timer !== null) {
      clearInterval(this.#timer);
      this.#timer = null;
    }
  }
}
