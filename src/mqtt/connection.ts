import { connect, type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import { accessOptions, type BrokerAccess } from './access.ts';
import { DownCause } from './down-cause.ts';
import type { Failure } from './failures.ts';
import { MAX_PAYLOAD_BYTES } from './message.ts';
import { PacketLimit } from './packet-limit.ts';
import type { IncomingMessage, OutgoingMessage, Subscription } from './subscription.ts';

/** Topic, properties and headers of one PUBLISH beside its payload. */
const OVERHEAD_BYTES = 1024;

/** Topic, response topic, correlation data and user properties of a PUBLISH that comes in, each up to 64 KiB by the standard. */
const INCOMING_BYTES = MAX_PAYLOAD_BYTES + 16 * OVERHEAD_BYTES;

/** Messages with QoS 1 that the broker may send without an answer. */
const RECEIVE_MAXIMUM = 32;

/** Bytes that the socket has not taken yet; beyond this the broker hangs, and what may be lost is lost. */
const MAX_WAITING_BYTES = 1024 * 1024;

export type ProtocolVersion = 4 | 5;

export interface ConnectionOptions extends BrokerAccess {
  readonly clientId: string;
  readonly version: ProtocolVersion;
  readonly keepaliveS: number;
  /** Seconds for which the broker keeps subscriptions and messages; 0 keeps no session (MQTT 3.1.1: 0 or as the broker likes). */
  readonly sessionExpiryS: number;
  /** What the broker tells others when the connection is lost; null tells nothing. */
  readonly will: { readonly topic: string; readonly payload: string } | null;
}

export interface ConnectionEvents {
  onUp(): void;
  /** The connection did not come about, or is gone. Told once; after it the connection is of no more use. */
  onDown(failure: Failure): void;
  /** A message has come; no further one is taken before `done`. */
  onMessage(message: IncomingMessage, done: () => void): void;
}

/**
 * One connection to the broker, from dialling to its end; a new one is made for each attempt, so that nothing of
 * an old one (queues, packet ids) lives on. MQTT.js' own reconnecting and offline queue are off: what must not be
 * lost lies in the journal.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #events: ConnectionEvents;
  readonly #client: MqttClient;
  readonly #cause: DownCause;
  #isDown = false;
  #maxPayload = MAX_PAYLOAD_BYTES;

  /** Throws a `Failure`-worthy error when a certificate file cannot be read. */
  constructor(options: ConnectionOptions, events: ConnectionEvents) {
    this.#options = options;
    this.#events = events;
    this.#client = connect(options.url, clientOptions(options));
    this.#cause = new DownCause(this.#client, options.url);
    this.#client.on('connect', ({ properties }) => {
      this.#maxPayload = Math.min(
        MAX_PAYLOAD_BYTES,
        (properties?.maximumPacketSize ?? Infinity) - OVERHEAD_BYTES,
      );
      events.onUp();
    });
    this.#listen();
    // MQTT.js reports some errors without closing the socket.
    this.#client.on('error', () => {
      if (!this.#cause.wasUp) this.#down();
    });
    this.#client.on('close', () => this.#down());
  }

  /** Largest payload that this broker takes, in bytes. */
  get maxPayload(): number {
    return this.#maxPayload;
  }

  /** Asks for messages; calls back with what the broker refused. */
  subscribe(subscription: Subscription, refused: (why: string) => void): void {
    const { filter, qos, retained } = subscription;
    const five =
      this.#options.version === 5 ? { nl: false, rap: true, rh: retained === 'wanted' ? 0 : 2 } : {};
    this.#client.subscribe(filter, { qos, ...five }, (error, grants) => {
      if (this.#isDown) return;
      const refusal = error ?? (grants?.some((grant) => grant.qos > 2) ? new Error('not authorised') : null);
      if (refusal !== null) refused(refusal.message);
    });
  }

  /** Asks for all messages of these filters with QoS 1, those that are retained first; calls back with what the broker refused. */
  subscribeAll(filters: readonly string[], refused: (why: string) => void): void {
    const five = this.#options.version === 5 ? { nl: false, rap: true, rh: 0 } : {};
    this.#client.subscribe([...filters], { qos: 1, ...five }, (error, grants) => {
      if (this.#isDown) return;
      const refusal = error ?? (grants?.some((grant) => grant.qos > 2) ? new Error('not authorised') : null);
      if (refusal !== null) refused(refusal.message);
    });
  }

  unsubscribe(filters: readonly string[]): void {
    this.#client.unsubscribe([...filters], () => {});
  }

  /** Sends a message that may be lost; false when the socket takes nothing. */
  send(message: OutgoingMessage): boolean {
    if (this.#client.stream.writableLength > MAX_WAITING_BYTES) {
      return false;
    }
    const { topic, payload, retain = false, qos = 1, correlationData, expiryS } = message;
    const properties = {
      ...(typeof payload === 'string'
        ? { payloadFormatIndicator: true, contentType: 'application/json' }
        : {}),
      ...(correlationData === undefined ? {} : { correlationData: Buffer.from(correlationData) }),
      ...(expiryS === undefined ? {} : { messageExpiryInterval: expiryS }),
    };
    const body = typeof payload === 'string' ? payload : Buffer.from(payload);
    this.#client.publish(topic, body, {
      qos,
      retain,
      ...(this.#options.version === 5 ? { properties } : {}),
    });
    return true;
  }

  /** Sends with QoS 1; calls back on PUBACK, or with the reason why the broker refuses; not at all when the connection ends first. */
  publish(
    topic: string,
    payload: Buffer | string,
    retain: boolean,
    answer: (error: Error | null) => void,
  ): void {
    const properties = { payloadFormatIndicator: true, contentType: 'application/json' };
    this.#client.publish(
      topic,
      payload,
      { qos: 1, retain, ...(this.#options.version === 5 ? { properties } : {}) },
      (error) => {
        if (!error || isRefusal(error)) answer(error ?? null);
        // What the end of the connection cuts off was not refused: `onDown` tells of it, and it is sent again. MQTT.js
        // may call back before it has told of that end.
        else setImmediate(() => this.#lost(error));
      },
    );
  }

  /** Ends it with DISCONNECT, or at once; `onDown` is not called. */
  close(atOnce: boolean): Promise<void> {
    this.#isDown = true;
    const ended = new Promise<void>((resolve) => this.#client.end(atOnce, {}, () => resolve()));
    if (atOnce) {
      // An end that waits for acknowledgements is not hurried by a second one.
      this.#client.stream.destroy();
    }
    return ended;
  }

  #listen(): void {
    const limit = new PacketLimit(INCOMING_BYTES);
    this.#client.stream.on('data', (chunk: Uint8Array) => {
      if (!limit.feed(chunk)) {
        this.#cause.note(new Error(`it sent a packet of more than ${INCOMING_BYTES} bytes`));
        this.#down();
      }
    });
    this.#client.handleMessage = (packet, done) => {
      if (this.#isDown || packet.payload.length > MAX_PAYLOAD_BYTES) done();
      else this.#events.onMessage(incoming(packet), done);
    };
  }

  /** Nothing more is to be expected of the connection. */
  #lost(error: Error): void {
    if (this.#isDown) return;
    this.#cause.note(error);
    this.#down();
  }

  #down(): void {
    if (this.#isDown) {
      return;
    }
    void this.close(true);
    this.#events.onDown(this.#cause.failure);
  }
}

/** Whether the broker itself said no: its reason code comes along. */
function isRefusal(error: Error): boolean {
  return 'code' in error && typeof error.code === 'number';
}

function clientOptions(options: ConnectionOptions): IClientOptions {
  return {
    ...accessOptions(options),
    clientId: options.clientId,
    protocolVersion: options.version,
    clean: options.sessionExpiryS === 0,
    keepalive: options.keepaliveS,
    // A ping goes out at its time whatever else is sent: only its answer shows that the line is not half dead.
    reschedulePings: false,
    queueQoSZero: false,
    resubscribe: false,
    // Nothing is asked for with QoS 2: a message that comes so all the same would be collected without bound.
    customHandleAcks: (_topic, _message, packet, answer) => answer(packet.qos === 2 ? 0x83 : 0),
    ...(options.will === null
      ? {}
      : {
          will: {
            topic: options.will.topic,
            payload: Buffer.from(options.will.payload),
            qos: 1 as const,
            retain: true,
          },
        }),
    ...(options.version === 5
      ? {
          properties: {
            sessionExpiryInterval: options.sessionExpiryS,
            maximumPacketSize: INCOMING_BYTES,
            receiveMaximum: RECEIVE_MAXIMUM,
          },
        }
      : {}),
  };
}

function incoming({ topic, payload, qos, retain, properties }: IPublishPacket): IncomingMessage {
  return {
    topic,
    payload: typeof payload === 'string' ? Buffer.from(payload) : payload,
    qos: qos === 0 ? 0 : 1,
    retained: retain,
    responseTopic: properties?.responseTopic ?? null,
    correlationData: properties?.correlationData ?? null,
  };
}
