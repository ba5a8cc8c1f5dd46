import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync, type IClientOptions } from 'mqtt';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import type { Logger } from '../../src/common/index.ts';
import { Journal, type JournalEvent, JournalEventSchema } from '../../src/journal/index.ts';
import { MqttLink, type MqttLinkConfig, type MqttLinkOptions } from '../../src/mqtt/index.ts';

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
  return { url, topic: 'menshen', keepaliveS: 30, ...more };
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
  options: Partial<Omit<MqttLinkOptions, 'config'>> & { config?: Partial<MqttLinkConfig>; dir?: string } = {},
): Gate {
  const { log, lines } = recordingLog();
  const { config, dir, ...rest } = options;
  const journal = Journal.open({ dataDir: dir ?? temporaryDir(), gate: 'gate1', log });
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
  events(): JournalEvent[];
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
        .map(({ payload }) => JournalEventSchema.parse(payload)),
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
export function withoutDuplicates(events: readonly JournalEvent[]): JournalEvent[] {
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
