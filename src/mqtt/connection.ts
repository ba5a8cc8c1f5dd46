import { readFileSync } from 'node:fs';
import { connect, type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import { messageOf } from '../common/index.ts';
import { type Failure, failureOf } from './failures.ts';
import { MAX_PAYLOAD_BYTES } from './message.ts';
import { PacketLimit } from './packet-limit.ts';
import type { IncomingMessage, OutgoingMessage, Subscription } from './subscription.ts';

/** Without CONNACK in this time the attempt has failed. */
const CONNECT_TIMEOUT_MS = 10_000;

/** Topic, properties and headers of one PUBLISH beside its payload. */
const OVERHEAD_BYTES = 1024;

/** Topic, response topic, correlation data and user properties of a PUBLISH that comes in, each up to 64 KiB by the standard. */
const INCOMING_BYTES = MAX_PAYLOAD_BYTES + 16 * OVERHEAD_BYTES;

/** Messages with QoS 1 that the broker may send without an answer. */
const RECEIVE_MAXIMUM = 32;

/** Bytes that the socket has not taken yet; beyond this the broker hangs, and what may be lost is lost. */
const MAX_WAITING_BYTES = 1024 * 1024;

export type ProtocolVersion = 4 | 5;

export interface ConnectionOptions {
  readonly url: string;
  readonly clientId: string;
  readonly version: ProtocolVersion;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
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
  #wasUp = false;
  #isDown = false;
  #isSecure = false;
  #problem: Failure | null = null;
  #maxPayload = MAX_PAYLOAD_BYTES;

  /** Throws a `Failure`-worthy error when a certificate file cannot be read. */
  constructor(options: ConnectionOptions, events: ConnectionEvents) {
    this.#options = options;
    this.#events = events;
    this.#client = connect(options.url, clientOptions(options));
    this.#client.on('connect', ({ properties }) => {
      this.#wasUp = true;
      this.#maxPayload = Math.min(
        MAX_PAYLOAD_BYTES,
        (properties?.maximumPacketSize ?? Infinity) - OVERHEAD_BYTES,
      );
      events.onUp();
    });
    this.#listen();
    this.#client.stream.on('secureConnect', () => {
      this.#isSecure = true;
    });
    // MQTT.js passes on only some of the socket's errors.
    this.#client.stream.on('error', (error) => this.#note(error));
    this.#client.on('error', (error) => {
      this.#note(error);
      // MQTT.js reports some errors without closing the socket.
      if (!this.#wasUp) {
        this.#down();
      }
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
        this.#note(new Error(`it sent a packet of more than ${INCOMING_BYTES} bytes`));
        this.#down();
      }
    });
    this.#client.handleMessage = (packet, done) => {
      if (this.#isDown || packet.payload.length > MAX_PAYLOAD_BYTES) done();
      else this.#events.onMessage(incoming(packet), done);
    };
  }

  #note(error: Error): void {
    const failure = failureOf(error, this.#options.url);
    // Hung up on before an answer: the same as a silent close.
    const hungUp =
      !this.#wasUp && 'code' in error && error.code === 'ECONNRESET' && failure.code === 'MQTT_UNREACHABLE';
    this.#problem ??= hungUp ? null : failure;
  }

  /** Nothing more is to be expected of the connection. */
  #lost(error: Error): void {
    if (this.#isDown) return;
    this.#note(error);
    this.#down();
  }

  #down(): void {
    if (this.#isDown) {
      return;
    }
    void this.close(true);
    this.#events.onDown(this.#problem ?? this.#silentClose());
  }

  #silentClose(): Failure {
    const { url } = this.#options;
    if (this.#wasUp) {
      return {
        code: 'MQTT_UNREACHABLE',
        message: `The connection to the broker ${url} was lost.`,
        protocol: false,
      };
    }
    if (url.startsWith('mqtts:') && !this.#isSecure) {
      const message = `The broker ${url} hung up while TLS was being set up. Check whether it speaks TLS on this port.`;
      return { code: 'MQTT_TLS_FAILED', message, protocol: false };
    }
    // A broker that knows only MQTT 3.1.1 may just hang up on MQTT 5.
    const message = `The broker ${url} did not answer as one. Check address and port, and whether it wants TLS (mqtts://).`;
    return { code: 'MQTT_UNREACHABLE', message, protocol: true };
  }
}

/** Whether the broker itself said no: its reason code comes along. */
function isRefusal(error: Error): boolean {
  return 'code' in error && typeof error.code === 'number';
}

/** A file of certificates that cannot be read is a fault of TLS: the code says so to `failureOf`. */
class CertificateError extends Error {
  readonly code = 'ERR_TLS_FILE';
}

function clientOptions(options: ConnectionOptions): IClientOptions {
  const { caFile, certFile, keyFile } = options;
  return {
    clientId: options.clientId,
    protocolVersion: options.version,
    clean: options.sessionExpiryS === 0,
    keepalive: options.keepaliveS,
    // A ping goes out at its time whatever else is sent: only its answer shows that the line is not half dead.
    reschedulePings: false,
    reconnectPeriod: 0,
    connectTimeout: CONNECT_TIMEOUT_MS,
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
    ...(options.username === undefined ? {} : { username: options.username }),
    ...(options.password === undefined ? {} : { password: options.password }),
    ...(options.url.startsWith('mqtts:') ? { rejectUnauthorized: true, minVersion: 'TLSv1.2' } : {}),
    ...(caFile === undefined ? {} : { ca: certificate(caFile) }),
    ...(certFile === undefined ? {} : { cert: certificate(certFile) }),
    ...(keyFile === undefined ? {} : { key: certificate(keyFile) }),
  };
}

function certificate(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CertificateError(`${file} cannot be read (${messageOf(error)})`, { cause: error });
  }
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
