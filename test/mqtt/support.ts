import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync, type IClientOptions } from 'mqtt';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import type { Logger } from '../../src/common/index.ts';
import { Journal, type JournalEvent } from '../../src/journal/index.ts';
import {
  MqttLink,
  type MqttLinkConfig,
  type MqttLinkOptions,
  type PartState,
  type SentEvent,
  SentEventSchema,
  type StateReport,
} from '../../src/mqtt/index.ts';

export function temporaryDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'menshen-mqtt-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A logger and the lines it has written. */
export function recordingLog(): { log: Logger; lines: () => string } {
  const lines: string[] = [];
  return { log: pino({}, { write: (line: string) => void lines.push(line) }), lines: () => lines.join('') };
}

export function configOf(url: string, more: Partial<MqttLinkConfig> = {}): MqttLinkConfig {
  return { url, topic: 'menshen', keepaliveS: 30, sessionExpiryS: 3600, replayPerSecond: 50, ...more };
}

export interface Gate {
  readonly journal: Journal;
  readonly link: MqttLink;
  readonly log: () => string;
  /** Appends `count` events, numbered in their data from `first`. */
  burst(count: number, first?: number): JournalEvent[];
}

/** A journal and a link to the broker, both real; closed when the test ends. */
export function openGate(
  url: string,
  options: Partial<Omit<MqttLinkOptions, 'config'>> & {
    config?: Partial<MqttLinkConfig>;
    dir?: string;
    now?: () => Date;
  } = {},
): Gate {
  const { log, lines } = recordingLog();
  const { config, dir, now, ...rest } = options;
  const dataDir = dir ?? temporaryDir();
  const journal = Journal.open({ dataDir, gate: 'gate1', log, ...(now && { now }) });
  const link = new MqttLink({
    gate: 'gate1',
    journal,
    log,
    version: '9.9.9',
    reconnect: { minMs: 50, maxMs: 200 },
    restMs: 200,
    ...rest,
    config: { ...configOf(url), ...config },
  });
  onTestFinished(async () => {
    await link.stop();
    journal.close();
  });
  const burst = (count: number, first = 0) =>
    Array.from({ length: count }, (_, n) =>
      journal.append({ type: 'access.denied', door: 'main', data: { n: first + n } }),
    );
  return { journal, link, log: lines, burst };
}

export interface Message {
  readonly topic: string;
  readonly payload: unknown;
  readonly retain: boolean;
}

export interface Subscriber {
  readonly messages: Message[];
  /** The payloads of event topics, checked. */
  events(): SentEvent[];
  /** The newest payload of a topic. */
  last(topic: string): unknown;
}

/** A client that hears everything under `menshen/`, as far as it is allowed to. */
export async function subscribe(url: string, options: IClientOptions = {}): Promise<Subscriber> {
  const messages: Message[] = [];
  const client = await connectAsync(url, { reconnectPeriod: 0, ...options });
  client.on('error', () => {});
  client.on('message', (topic, payload, packet) =>
    messages.push({ topic, payload: JSON.parse(payload.toString()), retain: packet.retain }),
  );
  await client.subscribeAsync('menshen/#', { qos: 0 });
  onTestFinished(() => void client.end(true));
  return {
    messages,
    events: () =>
      messages
        .filter(({ topic }) => topic.includes('/events/'))
        .map(({ payload }) => SentEventSchema.parse(payload)),
    last: (topic) => messages.findLast((message) => message.topic === topic)?.payload,
  };
}

/** Waits until it holds; fails with what was waited for. */
export async function until(what: string, holds: () => boolean, ms = 10_000): Promise<void> {
  const deadline = performance.now() + ms;
  while (!holds()) {
    if (performance.now() > deadline) {
      throw new Error(`waited ${ms} ms in vain: ${what}`);
    }
    await sleep(10);
  }
}

/** The first appearance of each event, in the order of arrival. */
export function withoutDuplicates<T extends JournalEvent>(events: readonly T[]): T[] {
  const seen = new Set<string>();
  return events.filter(({ id }) => !seen.has(id) && seen.add(id));
}

/** A gate in a process of its own, to be killed: appends `count` events and serves the link until its end. */
export function spawnGate(url: string, dir: string, count: number): ChildProcess {
  const script = new URL('./gate-process.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--import', 'tsx', script, url, dir, String(count)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** A broker of MQTT 3.1.1 only: turns CONNECT of MQTT 5 away in one of the manners of such brokers. */
export async function brokerOf311(
  port: number,
  manner: 'v3 code' | 'v5 code' | 'hang up' = 'v5 code',
): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (first) => {
      // Fixed header and remaining length, then the name "MQTT" with its length, then the level.
      const level = first[first.indexOf('MQTT') + 4];
      if (level === 5) {
        const answers = { 'v3 code': [0x20, 2, 0, 1], 'v5 code': [0x20, 3, 0, 132, 0], 'hang up': [] };
        socket.end(Buffer.from(answers[manner]));
        return;
      }
      const upstream = connect(port, '127.0.0.1');
      upstream.on('error', () => socket.destroy());
      upstream.write(first);
      socket.pipe(upstream).pipe(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return `mqtt://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

/** The bytes of a PUBLISH as MQTT 5 writes it, whoever sends it. */
export function publishPacket(topic: string, payload: Uint8Array, qos: 0 | 2 = 0): Buffer {
  const name = Buffer.from(topic);
  const body = Buffer.concat([
    Buffer.from([name.length >> 8, name.length & 0xff]),
    name,
    ...(qos === 0 ? [] : [Buffer.from([0, 1 + (payload.length % 255)])]),
    Buffer.from([0]),
    payload,
  ]);
  const length: number[] = [];
  for (let left = body.length; length.length === 0 || left > 0; left = Math.floor(left / 128)) {
    length.push((left % 128) | (left >= 128 ? 0x80 : 0));
  }
  return Buffer.concat([Buffer.from([0x30 | (qos << 1), ...length]), body]);
}

/** The state of a door, as the gate tells it. */
export function doorState(door: string, state: StateReport<'doors'>['state']): PartState {
  const rest = { lock: 'locked', relay: 'off', contact: null, heldOpenWarning: false } as const;
  return { of: 'doors', id: door, report: { door, state, ...rest, holds: [], lockdown: false, faults: [] } };
}
