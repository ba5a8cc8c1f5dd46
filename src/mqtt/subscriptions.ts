import { type Logger, messageOf, monotonicMs } from '../common/index.ts';
import { Pace, type PaceLimits } from './pace.ts';
import { type IncomingMessage, type Listener, matches, type Subscription } from './subscription.ts';

/** A listener that has not taken its message by now does not get the next either: the acknowledgements of events stand behind it. */
const HOLD_MS = 2000;

/** What is taken: a flood shall cost the thread a bounded share of its time. Beyond it messages wait at the broker. */
const INCOMING: PaceLimits = { burst: 1000, perSecond: 200 };

interface Entry {
  readonly subscription: Subscription;
  readonly listener: Listener;
}

/**
 * Who listens to what. Messages are handed on one at a time, in order, at a bounded pace; while a listener is not
 * done the rest waits at the broker, so that nothing is collected here. Of a flood with QoS 0 the surplus is dropped:
 * the broker sends such messages without bound, and the acknowledgements of events would stand behind them. With
 * QoS 1 it sends few at a time.
 */
export class Subscriptions {
  readonly #log: Logger;
  readonly #pace = new Pace(INCOMING, monotonicMs());
  readonly #entries: Entry[] = [];
  readonly #told = new Set<string>();

  constructor(log: Logger) {
    this.#log = log;
  }

  get all(): readonly Subscription[] {
    return this.#entries.map(({ subscription }) => subscription);
  }

  add(subscription: Subscription, listener: Listener): void {
    this.#entries.push({ subscription, listener });
  }

  /** Hands a message to everybody who listens to it, then calls back. */
  deliver(message: IncomingMessage, done: () => void): void {
    const wait = this.#pace.take(monotonicMs(), message.qos === 1);
    if (wait > 0 && message.qos === 0) {
      this.#tellOnce('flood', 'More messages come in than are taken; some of those with QoS 0 are dropped.');
      done();
      return;
    }
    const entries = this.#entries.filter(({ subscription }) => matches(subscription.filter, message.topic));
    if (entries.length === 0) {
      this.#tellOnce('stray', 'The broker sends messages that nothing here asked for; they are dropped.');
    }
    void Promise.all(entries.map((entry) => this.#hand(entry, message))).then(() =>
      wait > 0 ? setTimeout(done, wait) : done(),
    );
  }

  /** The broker will not deliver these: said once. */
  refused({ filter }: Subscription, why: string): void {
    this.#tellOnce(
      `refused ${filter}`,
      `The broker refuses the subscription to ${filter}: ${why}. Check its access list.`,
    );
  }

  async #hand({ subscription, listener }: Entry, message: IncomingMessage): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not taken within ${HOLD_MS} ms`)), HOLD_MS);
    });
    try {
      await Promise.race([listener(message), late]);
    } catch (error) {
      this.#log.warn({ filter: subscription.filter, err: messageOf(error) }, 'a message was lost');
    } finally {
      clearTimeout(timer);
    }
  }

  #tellOnce(kind: string, message: string): void {
    if (!this.#told.has(kind)) {
      this.#told.add(kind);
      this.#log.warn(message);
    }
  }
}
