import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { connectAsync } from 'mqtt';
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { createLogger } from '../../src/common/index.ts';
import { Records } from '../../src/gate/records.ts';
import { type JournalEvent, JournalReader } from '../../src/journal/index.ts';
import type { MqttLinkConfig } from '../../src/mqtt/index.ts';
import { mosquittoInstalled, startMosquitto } from '../support/mosquitto.ts';

let folder: string;
let records: Records;

function build(
  thread = new URL('../../dist/gate/records-thread.js', import.meta.url),
  mqtt: MqttLinkConfig | null = null,
): Records {
  return new Records(
    {
      dataDir: folder,
      gate: 'gate',
      version: '1',
      logLevel: 'silent',
      key: new Uint8Array(32).fill(3),
      mqtt,
      retention: { retentionDays: 1, retentionDaysByType: {}, cropRetentionDays: 1, maxMegabytes: 100 },
      commands: null,
    },
    createLogger('test', 'silent'),
    thread,
  );
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'menshen-records-'));
  records = build();
});

afterEach(async () => {
  await records.stop(20_000);
  rmSync(folder, { recursive: true, force: true });
});

const STARTED = {
  type: 'system.started',
  data: { software: '0.1.0', config: '4f1c0a9e7b3d', node: process.version },
} as const;
const STOPPED = { type: 'system.stopped', data: { reason: 'SIGTERM' } } as const;
const numbered = (n: number) => ({ type: 'door.held_open', data: { openForMs: n } }) as const;

function written(): JournalEvent[] {
  return existsSync(join(folder, 'journal.sqlite'))
    ? new JournalReader({ dataDir: folder }).range({ after: 0, limit: 1000 })
    : [];
}

it('keeps events in order, those told before the thread was up as well', async () => {
  records.record(numbered(0));
  records.start();
  for (let n = 1; n <= 50; n++) {
    records.record(numbered(n));
  }
  const last = records.record(numbered(51));
  await records.taken(last, 10_000);
  expect(written().map(({ data }) => data.openForMs)).toEqual(Array.from({ length: 52 }, (_, n) => n));
});

it('waits for an event no longer than it is told to', async () => {
  const id = records.record({ type: 'door.rex', data: {} });
  const begun = performance.now();
  expect(await records.taken(id, 100)).toBe(false);
  expect(performance.now() - begun).toBeLessThan(400);
  records.start();
  expect(await records.taken(id, 10_000)).toBe(true);
  expect(await records.taken(id, 10_000)).toBe(true);
  expect(written()).toHaveLength(1);
});

it('goes on under a new key without losing or doubling an event', async () => {
  records.start();
  const ids: string[] = [];
  for (let n = 0; n < 30; n++) {
    ids.push(records.record(numbered(n)));
    if (n === 10) {
      records.useKey(new Uint8Array(32).fill(4));
    }
  }
  await vi.waitFor(() => expect(written()).toHaveLength(30), 8000);
  expect(written().map(({ id }) => id)).toEqual(ids);
  expect(written().map(({ seq }) => seq)).toEqual(ids.map((_, n) => n + 1));
});

it('writes what it was told although the thread has just died and the end has come', async () => {
  const built = new URL('../../dist/gate/records-thread.js', import.meta.url);
  const dying = join(folder, 'dying.mjs');
  writeFileSync(
    dying,
    `import { existsSync, writeFileSync } from 'node:fs';
    if (existsSync(${JSON.stringify(`${dying}.died`)})) await import(${JSON.stringify(built.href)});
    else { writeFileSync(${JSON.stringify(`${dying}.died`)}, ''); process.exit(1); }`,
  );
  records = build(pathToFileURL(dying));
  records.start();
  records.record(STARTED);
  await vi.waitFor(() => expect(existsSync(`${dying}.died`)).toBe(true), 5000);
  await new Promise((resolve) => setTimeout(resolve, 200));
  records.record(STOPPED);
  await records.stop(20_000);
  expect(written().map(({ type }) => type)).toEqual(['system.started', 'system.stopped']);
});

it('loses nothing when it is ended right after it was given its key', async () => {
  records.start();
  records.record(STARTED);
  records.useKey(new Uint8Array(32).fill(4));
  records.record(STOPPED);
  await records.stop(20_000);
  expect(written().map(({ type }) => type)).toEqual(['system.started', 'system.stopped']);
});

it('says when an event happened that had to wait', async () => {
  records.record({ type: 'door.rex', data: {} });
  await new Promise((resolve) => setTimeout(resolve, 400));
  records.start();
  await vi.waitFor(() => expect(written()).toHaveLength(1), 8000);
  const [event] = written();
  expect(Date.parse(event.at) - Date.parse(String(event.data.happenedAt))).toBeGreaterThan(250);
});

it('ends in time even when the thread has not begun', async () => {
  records.start();
  const begun = performance.now();
  await records.stop(50);
  expect(performance.now() - begun).toBeLessThan(1500);
});

it.skipIf(!mosquittoInstalled())(
  'brings messages of a broker to the thread of the doors, a few at a time, and sends answers',
  async () => {
    const mosquitto = await startMosquitto();
    onTestFinished(() => mosquitto.stop());
    records = build(undefined, {
      url: mosquitto.url,
      topic: 'menshen',
      keepaliveS: 30,
      sessionExpiryS: 60,
      replayPerSecond: 50,
    });
    const heard: string[] = [];
    records.subscribe({ filter: 'menshen/gate/in/+', qos: 1, retained: 'unwanted' }, (message) => {
      heard.push(Buffer.from(message.payload).toString());
      if (heard.length === 3) throw new Error('cannot be dealt with');
      records.publish({ topic: 'answers', payload: heard.at(-1) ?? '' });
    });
    records.start();
    const client = await connectAsync(mosquitto.url);
    onTestFinished(() => void client.end(true));
    const answers: string[] = [];
    client.on('message', (topic, payload) => topic === 'answers' && answers.push(payload.toString()));
    await client.subscribeAsync(['answers', 'menshen/gate/status']);
    await new Promise<void>((resolve) =>
      client.on('message', (topic) => topic === 'menshen/gate/status' && resolve()),
    );
    // The subscription is asked for right after the status.
    await new Promise((resolve) => setTimeout(resolve, 200));
    const sent = Array.from({ length: 50 }, (_, n) => String(n));
    for (const text of sent) client.publish('menshen/gate/in/a', text, { qos: 1 });
    await vi.waitFor(() => expect(heard).toHaveLength(50), 8000);
    expect(heard).toEqual(sent);
    await vi.waitFor(() => expect(answers).toHaveLength(49), 8000);
    expect(answers).toEqual(sent.filter((text) => text !== '2'));
  },
);
