import { type Logger, messageOf } from '../common/index.ts';
import type { Journal, JournalEvent } from '../journal/index.ts';

/** How long to wait before a journal that could not be read or written, or a broker that refused, is tried again. */
const REST_MS = 5000;

export interface OutboxOptions {
  readonly journal: Journal;
  readonly log: Logger;
  /** Events under way at a time, at most. */
  readonly window: number;
  readonly restMs?: number;
}

/** Sends one event; calls back when the broker has acknowledged it, or with the reason why it will not. */
export type Send = (event: JournalEvent, answer: (refusal: Error | null) => void) => void;

/**
 * Takes the journal's outbox to the broker, in order, at most `window` events unacknowledged at a time. Events
 * leave the outbox on PUBACK only; on each new connection all that are left are sent again from the first.
 */
export class OutboxPump {
  readonly #journal: Journal;
  readonly #log: Logger;
  readonly #window: number;
  readonly #restMs: number;
  readonly #inFlight = new Set<number>();
  /** Acknowledged, but not yet taken out of the outbox. */
  readonly #acknowledged = new Set<number>();
  #send: Send | null = null;
  /** Counts connections: an answer from an older one must not be taken for one from this. */
  #connection = 0;
  #cursor = 0;
  #resting: NodeJS.Timeout | null = null;
  #wakeUp: NodeJS.Immediate | null = null;
  #onIdle: (() => void) | null = null;
  readonly #told = new Set<'journal' | 'refusal'>();

  constructor(options: OutboxOptions) {
    this.#journal = options.journal;
    this.#log = options.log;
    this.#window = options.window;
    this.#restMs = options.restMs ?? REST_MS;
  }

  /** A connection stands: begins with the oldest event that is left. */
  attach(send: Send): void {
    this.detach();
    this.#send = send;
    this.wake();
  }

  /** The connection is gone. What was not acknowledged stays in the outbox. */
  detach(): void {
    this.#connection += 1;
    this.#send = null;
    this.#cursor = 0;
    this.#inFlight.clear();
    clearTimeout(this.#resting ?? undefined);
    clearImmediate(this.#wakeUp ?? undefined);
    this.#resting = null;
    this.#wakeUp = null;
    this.#attempt(() => this.#takeOut());
  }

  /** There may be something new. Returns at once: whoever wrote the event does not wait for the network. */
  wake(): void {
    this.#wakeUp ??= setImmediate(() => {
      this.#wakeUp = null;
      if (this.#resting === null) {
        this.#run();
      }
    });
  }

  /** Resolves when nothing is left to send, or after `ms`. */
  drained(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
      this.wake();
    });
  }

  #run(): void {
    const sound = this.#attempt(() => {
      this.#takeOut();
      this.#fill();
    });
    if (sound) {
      this.#told.delete('journal');
    } else if (this.#send !== null) {
      this.#rest();
    }
  }

  #fill(): void {
    while (this.#send !== null && this.#resting === null && this.#inFlight.size < this.#window) {
      const events = this.#journal.pending(this.#window - this.#inFlight.size, this.#cursor);
      for (const event of events) {
        this.#cursor = event.seq;
        if (!this.#acknowledged.has(event.seq) && !this.#inFlight.has(event.seq)) {
          this.#dispatch(event, this.#send);
        }
      }
      if (events.length === 0) {
        if (this.#inFlight.size === 0) {
          this.#onIdle?.();
          this.#onIdle = null;
        }
        return;
      }
    }
  }

  #dispatch(event: JournalEvent, send: Send): void {
    const connection = this.#connection;
    this.#inFlight.add(event.seq);
    send(event, (refusal) => {
      if (refusal === null) {
        this.#acknowledged.add(event.seq);
      }
      if (connection !== this.#connection) {
        return;
      }
      this.#inFlight.delete(event.seq);
      if (refusal === null) {
        this.#told.delete('refusal');
        this.wake();
      } else {
        this.#refused(event, refusal);
      }
    });
  }

  /** The broker will not have it, and nothing behind it shall pass: sending rests and begins again at the oldest. */
  #refused(event: JournalEvent, refusal: Error): void {
    this.#tellOnce(
      'refusal',
      `The broker refused event ${event.seq} (${event.type}): ${refusal.message}. Check its access list and quota; it is tried again.`,
    );
    this.#rest();
  }

  #rest(): void {
    this.#resting ??= setTimeout(() => {
      this.#resting = null;
      this.#cursor = 0;
      this.#run();
    }, this.#restMs);
  }

  #takeOut(): void {
    if (this.#acknowledged.size > 0) {
      this.#journal.delivered([...this.#acknowledged]);
      this.#acknowledged.clear();
    }
  }

  #attempt(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      this.#tellOnce(
        'journal',
        `The outbox cannot be read or written and is tried again: ${messageOf(error)}`,
      );
      return false;
    }
  }

  #tellOnce(kind: 'journal' | 'refusal', message: string): void {
    if (!this.#told.has(kind)) {
      this.#told.add(kind);
      this.#log.error(message);
    }
  }
}
