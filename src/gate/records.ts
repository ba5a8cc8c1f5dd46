import { randomUUID } from 'node:crypto';
import type { Kept } from '../access/index.ts';
import type { ReplyAddress } from '../commands/index.ts';
import { isoNow, KeptThread, type Logger, type LogLevel, MenshenError, messageOf } from '../common/index.ts';
import type { EventInput, JournalEvent } from '../journal/index.ts';
import type { IncomingMessage, OutgoingMessage, PartState, Subscription } from '../mqtt/index.ts';
import type { AcceptedCommand, CommandAnswer } from './commands/protocol.ts';
import { Question } from './question.ts';
import type {
  FromRecords,
  RecordsCondition,
  RecordsSettings,
  TimedEvent,
  ToRecords,
} from './records-protocol.ts';

/** Events the thread has not taken yet. Beyond this new ones are lost: the disk has hung for very long. */
const LIMIT = 10_000;
const RESTART_MS = 1000;
const RANGE_MS = 5000;
const CONDITION_MS = 5000;

/**
 * The gate's side of the records: hands events, pictures and states to the thread that keeps them and never
 * waits for it, unless asked to. A thread that dies is started again and given everything it had not taken;
 * the journal knows an event it was given twice by its id.
 */
export class Records {
  readonly #log: Logger;
  readonly #thread: KeptThread<ToRecords, FromRecords>;
  readonly #pending = new Map<string, TimedEvent>();
  readonly #waiting = new Map<string, (taken: boolean) => void>();
  readonly #states = new Map<string, ToRecords>();
  /** Takes the commands that were found good; set before `start`. */
  onCommand: (command: AcceptedCommand) => void = () => {};
  readonly #ranges = new Map<number, (events: readonly JournalEvent[] | string) => void>();
  readonly #condition = new Question<RecordsCondition>(CONDITION_MS);
  readonly #listeners: ((message: IncomingMessage) => void)[] = [];
  /** What is to be kept and is not known to be on disk, by number. */
  readonly #unkept = new Map<number, readonly Kept[]>();
  readonly #keeping: { readonly number: number; readonly done: (kept: boolean) => void }[] = [];
  #kept = 0;
  #onLink: (up: boolean) => void = () => {};
  #settings: RecordsSettings;
  #lost = 0;
  #requests = 0;
  #online = false;
  readonly #awaiting: (() => void)[] = [];

  /** @param thread the built records-thread.js, which a test run from the sources must name */
  constructor(
    settings: Omit<RecordsSettings, 'subscriptions'>,
    log: Logger,
    thread = new URL('./records-thread.js', import.meta.url),
  ) {
    this.#settings = { ...settings, subscriptions: [] };
    this.#log = log;
    this.#thread = new KeptThread({
      entry: thread,
      data: () => this.#settings,
      restartMs: RESTART_MS,
      onMessage: (message) => this.#heard(message),
      onError: (error) => log.error({ err: error.message }, 'the record keeping failed; it is started again'),
      onStart: () => this.#tellAgain(),
      onEnd: () => this.#ended(),
    });
  }

  start(): void {
    this.#thread.start();
  }

  /** Pictures are kept from now on, under this key. */
  useKey(key: Uint8Array): void {
    this.#settings = { ...this.#settings, key };
    this.#post({ kind: 'key', key });
  }

  /** Records an event; never throws, never waits. Gives its id, which later events can name as their cause. */
  record(input: EventInput): string {
    const event = { ...input, id: input.id ?? randomUUID() };
    if (this.#pending.size >= LIMIT) {
      this.#lost += 1;
      this.#log.error(
        { type: event.type, lost: this.#lost },
        'the disk has hung for too long; an event is lost',
      );
      return event.id;
    }
    const timed = { event, happenedAt: isoNow() };
    this.#pending.set(event.id, timed);
    this.#post({ kind: 'event', ...timed });
    return event.id;
  }

  /**
   * True when the event is on disk (or waits for a disk that refuses); false after `ms`, which the log tells: what opens
   * now leaves no record if the machine ends before the disk answers.
   */
  taken(id: string, ms: number): Promise<boolean> {
    if (!this.#pending.has(id)) {
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const done = (taken: boolean) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(taken);
      };
      const timer = setTimeout(() => {
        this.#log.warn({ event: id, ms: Math.round(ms) }, 'the disk has not taken a record in time');
        done(false);
      }, ms);
      this.#waiting.set(id, done);
    });
  }

  /** Keeps what outlives the process of the rules of entry; never throws, never waits. Gives a number to ask `isKept` about. */
  keep(changes: readonly Kept[]): number {
    this.#kept += 1;
    this.#unkept.set(this.#kept, changes);
    this.#post({ kind: 'keep', number: this.#kept, changes });
    return this.#kept;
  }

  /** Whether all up to this number is on disk, within `ms`. */
  isKept(number: number, ms: number): Promise<boolean> {
    if (!this.#unkept.has(number)) return Promise.resolve(true);
    return new Promise((resolve) => {
      const waiting = {
        number,
        done: (kept: boolean) => {
          clearTimeout(timer);
          this.#keeping.splice(this.#keeping.indexOf(waiting), 1);
          resolve(kept);
        },
      };
      const timer = setTimeout(() => waiting.done(false), ms);
      this.#keeping.push(waiting);
    });
  }

  /** Keeps a sighting's picture with its event; a failure costs the picture and nothing else. */
  picture(event: string, jpeg: Uint8Array): void {
    this.#post({ kind: 'picture', event, jpeg });
  }

  /** Tells the broker the present state of a door, camera or alarm input. */
  state(part: PartState): void {
    const message: ToRecords = { kind: 'state', part };
    this.#states.set(`${part.of}/${part.id}`, message);
    this.#post(message);
  }

  /**
   * Listens to messages of the broker, from the beginning if `start` has not been called yet: only then nothing is
   * missed that came while the gate was away. The listener runs in the thread of the doors, with a few messages at
   * a time at most; what it throws is logged.
   */
  subscribe(subscription: Subscription, listener: (message: IncomingMessage) => void): void {
    const numbered = { number: this.#listeners.length, subscription };
    this.#listeners.push(listener);
    this.#settings = { ...this.#settings, subscriptions: [...this.#settings.subscriptions, numbered] };
    this.#post({ kind: 'subscribe', ...numbered });
  }

  /** `listener` is told whenever the broker comes or goes. */
  onLink(listener: (up: boolean) => void): void {
    this.#onLink = listener;
  }

  /** Sends a message if there is a broker just now; else it is lost. What must not be lost is an event. */
  publish(message: OutgoingMessage): void {
    this.#post({ kind: 'publish', message });
  }

  /** Whether the broker is reached at present. */
  get online(): boolean {
    return this.#online;
  }

  /** Resolves when the broker is reached, at the latest after `ms`. */
  whenOnline(ms: number): Promise<void> {
    if (this.#online) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#awaiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Answers a command, if there is a broker just now. */
  answer(to: ReplyAddress, answer: CommandAnswer): void {
    this.#post({ kind: 'answer', to, answer });
  }

  /** Sets the level of the thread's own log. */
  level(level: LogLevel): void {
    this.#settings = { ...this.#settings, logLevel: level };
    this.#post({ kind: 'level', level });
  }

  /**
   * Events numbered above `after` as they are sent, `limit` at most and no more than fit into a message.
   * @throws MenshenError COMMAND_UNAVAILABLE when the journal cannot be read, or the disk takes too long
   */
  async range(after: number, limit: number): Promise<readonly JournalEvent[]> {
    const request = this.#requests++;
    const events = await new Promise<readonly JournalEvent[] | string>((resolve) => {
      const timer = setTimeout(() => resolve('it takes too long'), RANGE_MS);
      this.#ranges.set(request, (found) => {
        clearTimeout(timer);
        resolve(found);
      });
      this.#post({ kind: 'range', request, after, limit });
    });
    this.#ranges.delete(request);
    if (typeof events === 'string') {
      throw new MenshenError('COMMAND_UNAVAILABLE', `the journal cannot be read: ${events}`);
    }
    return events;
  }

  /** How the thread is off; null when it does not answer. */
  condition(): Promise<RecordsCondition | null> {
    return this.#condition.ask(() => this.#post({ kind: 'condition' }));
  }

  /** These people were erased: their pictures go too. */
  erased(people: readonly string[]): void {
    this.#post({ kind: 'erased', people });
  }

  /** Writes and sends what can be within `ms`, then ends the thread whatever it is doing. */
  async stop(ms: number): Promise<void> {
    if (!this.#thread.runs && this.#pending.size > 0) {
      // It died a moment ago; what it had not taken is to be written all the same.
      this.start();
    }
    await this.#thread.stop({ kind: 'stop' }, ms);
    if (this.#pending.size > 0) {
      this.#log.error({ events: this.#pending.size }, 'events could not be recorded before the end');
    }
  }

  #post(message: ToRecords): void {
    this.#thread.post(message);
  }

  #heard(message: FromRecords): void {
    if (message.kind === 'taken') {
      this.#pending.delete(message.id);
      this.#waiting.get(message.id)?.(true);
    } else if (message.kind === 'kept') {
      this.#hearKept(message.number);
    } else if (message.kind === 'message') {
      this.#deliver(message.number, message.message);
    } else if (message.kind === 'online') {
      this.#online = message.online;
      this.#onLink(message.online);
      if (message.online) for (const resolve of this.#awaiting.splice(0)) resolve();
    } else if (message.kind === 'command') {
      this.onCommand(message.command);
    } else if (message.kind === 'range') {
      this.#ranges.get(message.request)?.(message.events);
    } else if (message.kind === 'condition') {
      this.#condition.answer(message.condition);
    }
  }

  #hearKept(upTo: number): void {
    for (const number of [...this.#unkept.keys()].filter((one) => one <= upTo)) this.#unkept.delete(number);
    for (const waiting of this.#keeping.filter(({ number }) => number <= upTo)) waiting.done(true);
  }

  #deliver(number: number, message: IncomingMessage): void {
    try {
      this.#listeners[number]?.(message);
    } catch (error) {
      this.#log.error({ topic: message.topic, err: messageOf(error) }, 'a message could not be dealt with');
    }
    this.#post({ kind: 'heard', number });
  }

  /** What the thread has not taken, and what it must know. */
  #tellAgain(): void {
    for (const event of this.#pending.values()) {
      this.#post({ kind: 'event', ...event });
    }
    for (const state of this.#states.values()) {
      this.#post(state);
    }
    for (const [number, changes] of this.#unkept) {
      this.#post({ kind: 'keep', number, changes });
    }
  }

  #ended(): void {
    this.#online = false;
    this.#onLink(false);
    this.#condition.answer(null);
  }
}
