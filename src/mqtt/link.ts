import { isoNow, type Logger } from '../common/index.ts';
import type { MqttConfig } from '../config/index.ts';
import type { Journal } from '../journal/index.ts';
import { Backoff, type BackoffLimits } from './backoff.ts';
import { Connection, type ProtocolVersion } from './connection.ts';
import { type Failure, failureOf } from './failures.ts';
import type { Discovery } from './home-assistant/discovery.ts';
import { encodeMessage, MAX_PAYLOAD_BYTES } from './message.ts';
import { OutboxPump } from './outbox.ts';
import type { PartState, Status } from './report.ts';
import type { Listener, OutgoingMessage, Subscription } from './subscription.ts';
import { Subscriptions } from './subscriptions.ts';
import { type Topics, topicsOf } from './topics.ts';

/** Unacknowledged events at a time; mosquitto takes 20 by default (max_inflight_messages). */
const WINDOW = 16;

const RECONNECT: BackoffLimits = { minMs: 500, maxMs: 30_000 };

/** A connection that stood this long was a good one: the next waiting time is short, and faults are told again. */
const STABLE_MS = 10_000;

/** So many connections lost right after they came about are no accident. */
const SUSPICIOUS = 3;

/** At the end: time for the last events, then for the farewell. Together well below the 3 s a stop may take. */
const DRAIN_MS = 1000;
const FAREWELL_MS = 500;

const VERSIONS = { 4: '3.1.1', 5: '5' } as const satisfies Record<ProtocolVersion, string>;

/** `mqtt` of the configuration with its password read. */
export type MqttLinkConfig = Omit<MqttConfig, 'password' | 'homeAssistant'> & {
  readonly password?: string | undefined;
};

export interface MqttLinkOptions {
  readonly config: MqttLinkConfig;
  /** `gate.id` of the configuration. */
  readonly gate: string;
  readonly journal: Journal;
  readonly log: Logger;
  /** Version of Menshen, told in the status. */
  readonly version: string;
  readonly reconnect?: BackoffLimits;
  /** How long to wait before a refused event is tried again, in milliseconds. */
  readonly restMs?: number;
  /** Tells Home Assistant of the gate; without it nothing is told there. */
  readonly discovery?: Discovery;
  /** Told when the broker is reached and when it is lost. */
  readonly onOnline?: (online: boolean) => void;
}

export type LinkState = 'stopped' | 'connecting' | 'online' | 'offline';

/** How the line is. `problem`: why the last connection ended or failed. */
export interface LinkCondition {
  readonly state: LinkState;
  readonly mqtt: '5' | '3.1.1';
  /** When the connection came about (UTC, ISO 8601); null without one. */
  readonly since: string | null;
  readonly problem: Failure['code'] | null;
}

/**
 * The gate's line to the broker: events out of the journal's outbox, the state of doors and cameras, and whether
 * the gate is there. It never gives up and never makes anybody wait.
 */
export class MqttLink {
  readonly #options: MqttLinkOptions;
  readonly #topics: Topics;
  readonly #outbox: OutboxPump;
  readonly #subscriptions: Subscriptions;
  readonly #backoff: Backoff;
  readonly #startedAt = isoNow();
  /** Newest state by topic: all that is worth sending after an outage. */
  readonly #states = new Map<string, string>();
  readonly #told = new Set<string>();
  #state: LinkState = 'stopped';
  #version: ProtocolVersion = 5;
  #connection: Connection | null = null;
  #upSince = 0;
  #connectedAt: string | null = null;
  #problem: Failure['code'] | null = null;
  #shortLived = 0;
  #timer: NodeJS.Timeout | null = null;
  #unlisten: (() => void) | null = null;

  constructor(options: MqttLinkOptions) {
    const { journal, log, restMs } = options;
    this.#options = options;
    this.#topics = topicsOf(options.config.topic, options.gate);
    this.#outbox = new OutboxPump({
      journal,
      log,
      window: WINDOW,
      replayPerSecond: options.config.replayPerSecond,
      ...(restMs === undefined ? {} : { restMs }),
    });
    this.#subscriptions = new Subscriptions(log);
    this.#backoff = new Backoff(options.reconnect ?? RECONNECT);
    const { discovery } = options;
    if (discovery?.birth) this.subscribe(discovery.birth, (message) => discovery.heard(message));
  }

  get state(): LinkState {
    return this.#state;
  }

  get condition(): LinkCondition {
    const mqtt = VERSIONS[this.#version];
    return { state: this.#state, mqtt, since: this.#connectedAt, problem: this.#problem };
  }

  /** Largest payload that the broker takes at present, in bytes. */
  get maxPayload(): number {
    return this.#connection?.maxPayload ?? MAX_PAYLOAD_BYTES;
  }

  start(): void {
    if (this.#state === 'stopped') {
      this.#unlisten = this.#options.journal.onAppend(() => this.#outbox.wake());
      this.#connect();
    }
  }

  /** Sends what is left if that goes quickly, says goodbye and hangs up; takes 2 s at most. Never rejects. */
  async stop(): Promise<void> {
    const connection = this.#connection;
    const wasOnline = this.#state === 'online';
    this.#state = 'stopped';
    this.#unlisten?.();
    this.#options.discovery?.down();
    clearTimeout(this.#timer ?? undefined);
    if (connection !== null && wasOnline) {
      await this.#outbox.drained(DRAIN_MS);
      await within(FAREWELL_MS, (done) =>
        connection.publish(this.#topics.status, this.#offline('stopped'), true, done),
      );
    }
    this.#outbox.detach();
    this.#connection = null;
    if (connection !== null) {
      await within(FAREWELL_MS, (done) => void connection.close(!wasOnline).then(done));
      await connection.close(true);
    }
  }

  /** Publishes the present state of a door, camera or alarm input, retained; while there is no broker, the newest is kept for later. */
  setState({ of, id, report }: PartState): void {
    const topic = this.#topics.state(of, id);
    const payload = JSON.stringify({ ...report, at: isoNow() });
    this.#states.set(topic, payload);
    if (this.#state === 'online') {
      this.#connection?.publish(topic, payload, true, () => {});
    }
  }

  /**
   * Listens to a topic from now on, over all connections. What listens before `start` also gets what the broker
   * kept while the gate was away.
   */
  subscribe(subscription: Subscription, listener: Listener): void {
    this.#subscriptions.add(subscription, listener);
    if (this.#state === 'online') this.#ask(subscription);
  }

  /** Sends a message once; false, and it is lost, while there is no broker or it hangs. */
  publish(message: OutgoingMessage): boolean {
    return this.#state === 'online' && this.#connection !== null && this.#connection.send(message);
  }

  #ask(subscription: Subscription): void {
    this.#connection?.subscribe(subscription, (why) => this.#subscriptions.refused(subscription, why));
  }

  #connect(): void {
    const { config, gate } = this.#options;
    this.#state = 'connecting';
    this.#timer = null;
    try {
      this.#connection = new Connection(
        {
          ...config,
          clientId: `menshen-${gate}`,
          version: this.#version,
          sessionExpiryS: this.#subscriptions.all.length > 0 ? config.sessionExpiryS : 0,
          will: { topic: this.#topics.status, payload: this.#offline('lost') },
        },
        {
          onUp: () => this.#up(),
          onDown: (failure) => this.#down(failure),
          onMessage: (message, done) => this.#subscriptions.deliver(message, done),
        },
      );
    } catch (error) {
      this.#down(failureOf(error, config.url));
    }
  }

  #up(): void {
    const connection = this.#connection;
    if (connection === null || this.#state === 'stopped') {
      return;
    }
    const { config, gate, log, version, discovery } = this.#options;
    this.#state = 'online';
    this.#options.onOnline?.(true);
    this.#upSince = performance.now();
    const at = isoNow();
    this.#connectedAt = at;
    log.info({ broker: config.url, mqtt: VERSIONS[this.#version] }, 'connected to the broker');
    const status: Status = { state: 'online', at, gate, version, startedAt: this.#startedAt };
    connection.publish(this.#topics.status, JSON.stringify(status), true, () => {});
    for (const subscription of this.#subscriptions.all) {
      this.#ask(subscription);
    }
    for (const [topic, payload] of this.#states) {
      connection.publish(topic, payload, true, () => {});
    }
    discovery?.up((topic, payload, answer) => connection.publish(topic, payload, true, answer));
    this.#outbox.attach((event, replayed, answer) => {
      const payload = encodeMessage(event, connection.maxPayload, replayed);
      connection.publish(this.#topics.event(event.type), payload, false, answer);
    });
  }

  #down(failure: Failure): void {
    this.#connection = null;
    this.#connectedAt = null;
    this.#options.discovery?.down();
    this.#outbox.detach();
    if (this.#state === 'stopped') {
      return;
    }
    if (this.#state === 'online') {
      this.#options.onOnline?.(false);
      this.#judge(performance.now() - this.#upSince);
    }
    this.#state = 'offline';
    // A broker that speaks only MQTT 3.1.1 is tried so at once; after any other end, MQTT 5 comes first again.
    const fallBack = failure.protocol && this.#version === 5;
    this.#version = fallBack ? 4 : 5;
    if (!fallBack) {
      this.#problem = failure.code;
      this.#tellOnce(failure);
    }
    this.#timer = setTimeout(() => this.#connect(), fallBack ? 0 : this.#backoff.next());
  }

  /** A connection that stood for `ms` is gone. */
  #judge(ms: number): void {
    if (ms >= STABLE_MS) {
      this.#backoff.reset();
      this.#told.clear();
      this.#shortLived = 0;
      return;
    }
    this.#shortLived += 1;
    if (this.#shortLived === SUSPICIOUS) {
      const { config, gate, log } = this.#options;
      log.error(
        { code: 'MQTT_UNREACHABLE' },
        `The broker ${config.url} takes the connection and drops it again at once, ${SUSPICIOUS} times by now. Probably another gate comes with the same gate.id "${gate}".`,
      );
    }
  }

  #tellOnce(failure: Failure): void {
    if (!this.#told.has(failure.code)) {
      this.#told.add(failure.code);
      this.#options.log.error(
        { code: failure.code },
        `${failure.message} Events are kept and sent later; it is tried again and again.`,
      );
    }
  }

  /** A will is written when the gate connects: it can't tell when the gate was lost. */
  #offline(reason: 'stopped' | 'lost'): string {
    const { gate, version } = this.#options;
    const status: Status =
      reason === 'stopped'
        ? { state: 'offline', reason, at: isoNow(), gate, version }
        : { state: 'offline', reason, connectedAt: isoNow(), gate, version };
    return JSON.stringify(status);
  }
}

/** Waits for a callback, but no longer than `ms`. */
function within(ms: number, work: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    work(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
