import { type Logger, monotonicMs } from '../common/index.ts';
import { Backoff, type BackoffLimits } from './backoff.ts';
import { Connection, type ProtocolVersion } from './connection.ts';
import { type Failure, failureOf } from './failures.ts';
import type { MqttLinkConfig } from './link.ts';
import { Pace, type PaceLimits } from './pace.ts';
import type { IncomingMessage } from './subscription.ts';

const RECONNECT: BackoffLimits = { minMs: 500, maxMs: 30_000 };
/**
 * What is taken: a flood shall cost the thread a bounded share of its time, and records of people, a few milliseconds of
 * work each, shall come as fast as they can be written.
 */
const INCOMING: PaceLimits = { burst: 2000, perSecond: 500 };
/** A connection that stood this long was a good one. */
const STABLE_MS = 10_000;

export interface LineOptions {
  readonly config: MqttLinkConfig;
  readonly clientId: string;
  readonly log: Logger;
  readonly reconnect?: BackoffLimits;
  readonly incoming?: PaceLimits;
  readonly onUp: () => void;
  readonly onDown: () => void;
  readonly onMessage: (message: IncomingMessage) => void;
}

/**
 * A connection of its own for what comes in bulk, beside the gate's link: it is made again and again, keeps no session
 * and forgets its subscriptions with each end.
 */
export class Line {
  readonly #options: LineOptions;
  readonly #backoff: Backoff;
  readonly #pace: Pace;
  #connection: Connection | null = null;
  #version: ProtocolVersion = 5;
  #timer: NodeJS.Timeout | null = null;
  #upAt: number | null = null;
  #told = '';
  #stopped = true;

  constructor(options: LineOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.reconnect ?? RECONNECT);
    this.#pace = new Pace(options.incoming ?? INCOMING, monotonicMs());
  }

  get isUp(): boolean {
    return this.#upAt !== null;
  }

  start(): void {
    this.#stopped = false;
    this.#connect();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer ?? undefined);
    const connection = this.#connection;
    this.#connection = null;
    this.#upAt = null;
    await connection?.close(true);
  }

  /** Does nothing while there is no connection. */
  subscribe(filters: readonly string[]): void {
    if (!this.isUp || filters.length === 0) return;
    this.#connection?.subscribeAll(filters, (why) =>
      this.#options.log.warn({ filters: filters.slice(0, 3) }, `the broker refuses a subscription: ${why}`),
    );
  }

  unsubscribe(filters: readonly string[]): void {
    if (this.isUp && filters.length > 0) this.#connection?.unsubscribe(filters);
  }

  /** Publishes retained with QoS 1; lost while there is no connection. */
  publish(topic: string, payload: string): void {
    if (this.isUp) this.#connection?.publish(topic, payload, true, () => {});
  }

  #connect(): void {
    const { config, clientId } = this.#options;
    this.#timer = null;
    try {
      this.#connection = new Connection(
        { ...config, clientId, version: this.#version, sessionExpiryS: 0, will: null },
        {
          onUp: () => this.#up(),
          onDown: (failure) => this.#down(failure),
          onMessage: (message, done) => this.#take(message, done),
        },
      );
    } catch (error) {
      this.#down(failureOf(error, config.url));
    }
  }

  /** Beyond the pace messages wait at the broker; of a flood with QoS 0, which it sends without bound, the surplus is dropped. */
  #take(message: IncomingMessage, done: () => void): void {
    const wait = this.#pace.take(monotonicMs(), message.qos === 1);
    if (wait === 0 || message.qos === 1) this.#options.onMessage(message);
    if (wait > 0 && message.qos === 1) setTimeout(done, wait);
    else done();
  }

  #up(): void {
    if (this.#stopped) return;
    this.#upAt = performance.now();
    this.#told = '';
    this.#options.onUp();
  }

  #down(failure: Failure): void {
    this.#connection = null;
    if (this.#upAt !== null) {
      if (performance.now() - this.#upAt >= STABLE_MS) this.#backoff.reset();
      this.#upAt = null;
      this.#options.onDown();
    }
    if (this.#stopped) return;
    // A broker that speaks only MQTT 3.1.1 is tried so at once; after any other end, MQTT 5 comes first again.
    const fallBack = failure.protocol && this.#version === 5;
    this.#version = fallBack ? 4 : 5;
    if (!fallBack && failure.code !== this.#told) {
      this.#told = failure.code;
      this.#options.log.warn({ code: failure.code }, `${failure.message} It is tried again and again.`);
    }
    this.#timer = setTimeout(() => this.#connect(), fallBack ? 0 : this.#backoff.next());
  }
}
