import { type Logger, messageOf, monotonicMs } from '../common/index.ts';
import type { Journal, JournalEvent } from '../journal/index.ts';
import { Pace } from './pace.ts';

/** How long to wait before a journal that could not be read or written, or a broker that refused, is tried again. */
const REST_MS = 5000;

/** What was recorded up to this long before a connection is still news: a short interruption changes nothing. */
const FRESH_MS = 5000;

export interface OutboxOptions {
  readonly journal: Journal;
  readonly log: Logger;
  /** Events under way at a time, at most. */
  readonly window: number;
  /** Events a second of those that gathered in an outage; as many may go at once. */
  readonly replayPerSecond: number;
  readonly restMs?: number;
  /** The clock by which the journal dates its events. */
  readonly now?: () => Date;
}

/** Sends one event; calls back when the broker has acknowledged it, or with the reason why it will not. */
export type Send = (event: JournalEvent, replayed: boolean, answer: (refusal: Error | null) => void) => void;

/**
 * Takes the journal's outbox to the broker, at most `window` events unacknowledged at a time. What is there from
 * before the connection is the backlog; whatever is newer is live and goes first, and the backlog behind it at a
 * bounded pace with half of the window, each of the two in order. Events leave the outbox on PUBACK only: it is the
 * outbox on disk that knows what is left of both, and each new connection begins with the first of them.
 */
export class OutboxPump {
  readonly #journal: Journal;
  readonly #log: Logger;
  readonly #window: number;
  readonly #restMs: number;
  readonly #now: () => Date;
  readonly #pace: Pace;
  /** Numbers under way; true for those of the backlog. */
  readonly #inFlight = new Map<number, boolean>();
  /** Acknowledged, but not yet taken out of the outbox. */
  readonly #acknowledged = new Set<number>();
  #send: Send | null = null;
  /** Counts connections: an answer from an older one must not be taken for one from this. */
  #connection = 0;
  #attachedAt = new Date(0);
  /** Highest number of the backlog; null until the journal has told it. */
  #boundary: number | null = null;
  #live = 0;
  #replayed = 0;
  #resting: NodeJS.Timeout | null = null;
  #pacing: NodeJS.Timeout | null = null;
  #wakeUp: NodeJS.Immediate | null = null;
  #onIdle: (() => void) | null = null;
  readonly #told = new Set<'journal' | 'refusal'>();

  constructor(options: OutboxOptions) {
    const { replayPerSecond } = options;
    this.#journal = options.journal;
    this.#log = options.log;
    this.#window = options.window;
    this.#restMs = options.restMs ?? REST_MS;
    this.#now = options.now ?? (() => new Date());
    this.#pace = new Pace({ burst: replayPerSecond, perSecond: replayPerSecond }, monotonicMs());
  }

  /** A connection stands: what was recorded well before it is replayed from the oldest on, what comes after is sent at once. */
  attach(send: Send): void {
    this.detach();
    this.#send = send;
    this.#attachedAt = this.#now();
    this.wake();
  }

  /** The connection is gone. What was not acknowledged stays in the outbox. */
  detach(): void {
    this.#connection += 1;
    this.#send = null;
    this.#boundary = null;
    this.#inFlight.clear();
    clearTimeout(this.#resting ?? undefined);
    clearTimeout(this.#pacing ?? undefined);
    clearImmediate(this.#wakeUp ?? undefined);
    this.#resting = null;
    this.#pacing = null;
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
      if (this.#send !== null) {
        this.#fill(this.#send);
      }
    });
    if (sound) {
      this.#told.delete('journal');
    } else if (this.#send !== null) {
      this.#rest();
    }
  }

  #fill(send: Send): void {
    const boundary = this.#boundary ?? this.#begin();
    const allLive = this.#sendLive(send);
    const allReplayed = allLive && this.#replay(send, boundary);
    if (allReplayed && this.#inFlight.size === 0) {
      this.#onIdle?.();
      this.#onIdle = null;
    }
  }

  #begin(): number {
    const boundary = this.#journal.newestPendingBefore(new Date(this.#attachedAt.getTime() - FRESH_MS));
    this.#boundary = boundary;
    this.#live = boundary;
    this.#replayed = 0;
    return boundary;
  }

  /** Sends what is new, as far as the window goes; true when all of it is under way. */
  #sendLive(send: Send): boolean {
    while (this.#resting === null && this.#inFlight.size < this.#window) {
      const events = this.#journal.pending(this.#window - this.#inFlight.size, this.#live);
      for (const event of events) {
        this.#live = event.seq;
        this.#dispatch(event, false, send);
      }
      if (events.length === 0) {
        return true;
      }
    }
    return false;
  }

  /** Sends what gathered, as far as half of the window and the pace go; true when all of it is under way. */
  #replay(send: Send, boundary: number): boolean {
    while (this.#resting === null && this.#replayed < boundary) {
      const underWay = [...this.#inFlight.values()].filter((replayed) => replayed).length;
      const room = Math.min(Math.ceil(this.#window / 2) - underWay, this.#window - this.#inFlight.size);
      const next = room < 1 ? undefined : this.#journal.pending(1, this.#replayed)[0];
      if (room < 1 || (next !== undefined && next.seq <= boundary && !this.#isInTime())) {
        return false;
      }
      this.#replayed = next === undefined ? boundary : Math.min(next.seq, boundary);
      if (next !== undefined && next.seq <= boundary) {
        this.#dispatch(next, true, send);
      }
    }
    return this.#resting === null;
  }

  /** Whether the pace allows one more; else it goes on by itself when it does. */
  #isInTime(): boolean {
    const wait = this.#pace.take(monotonicMs(), false);
    if (wait > 0) {
      this.#pacing ??= setTimeout(() => {
        this.#pacing = null;
        this.wake();
      }, wait);
    }
    return wait === 0;
  }

  #dispatch(event: JournalEvent, replayed: boolean, send: Send): void {
    if (this.#acknowledged.has(event.seq) || this.#inFlight.has(event.seq)) {
      return;
    }
    const connection = this.#connection;
    this.#inFlight.set(event.seq, replayed);
    send(event, replayed, (refusal) => {
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
      this.#live = this.#boundary ?? 0;
      this.#replayed = 0;
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
