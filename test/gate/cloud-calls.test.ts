import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { QuotaLedger } from '../../src/cloud/index.ts';
import { createLogger, monotonicMs } from '../../src/common/index.ts';
import { CloudCalls } from '../../src/gate/cloud-calls.ts';
import { CloudEvents } from '../../src/gate/cloud-events.ts';
import type { EVENT_TYPES, JournalEntry } from '../../src/journal/index.ts';
import { StrictServer } from '../cloud/strict-server.ts';
import { type ConfigOverrides, cloudConfig, jpeg } from '../cloud/support.ts';
import { checked } from '../support/events.ts';

const THREAD = new URL('../../dist/gate/cloud-thread.js', import.meta.url);

let server: StrictServer;
let dataDir: string;
let picture: Uint8Array;
let events: JournalEntry[];
const open: CloudCalls[] = [];

beforeAll(async () => {
  picture = await jpeg();
});
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'menshen-calls-'));
  server = await StrictServer.start();
  events = [];
});
afterEach(async () => {
  for (const calls of open.splice(0)) await calls.stop(2000);
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});
afterAll(() => vi.restoreAllMocks());

function start(overrides: ConfigOverrides = {}): CloudCalls {
  const config = cloudConfig(server.endpoint, overrides);
  const calls = new CloudCalls(
    { dataDir, config, logLevel: 'silent' },
    new CloudEvents((event) => events.push(checked(event))),
    createLogger('test', 'silent'),
    THREAD,
  );
  calls.start();
  open.push(calls);
  return calls;
}

const types = () => events.map(({ type }) => type);
const until = (type: keyof typeof EVENT_TYPES) =>
  vi.waitFor(() => expect(types()).toContain(type), { timeout: 10_000 });

it('tells how the cloud stands, each API by the ledger, and nothing once it has ended', async () => {
  const ledger = new QuotaLedger({ dataDir, timezone: 'Asia/Shanghai' });
  const span = { validFrom: new Date(Date.now() - 1000), validUntil: new Date(Date.now() + 86_400_000) };
  ledger.addPackage({ api: 'compare', size: 1000, ...span });
  ledger.close();
  const calls = start();
  await until('cloud.up');
  await calls.compare({ first: picture, second: picture });
  const state = await calls.state();
  const apis = new Map(state?.apis.map((one) => [String(one.api), one]));
  expect(apis.get('compare')).toMatchObject({ breaker: 'closed', today: 1, remaining: 999, size: 1000 });
  expect(apis.get('detect')).toMatchObject({ breaker: 'closed', today: 0, remaining: null });
  expect(state).toMatchObject({ problem: null, clockSkewMs: expect.any(Number) });
  await calls.stop(2000);
  expect(await calls.state()).toBeNull();
});

it('makes calls in a thread of its own and gives their answers', async () => {
  const calls = start();
  await until('cloud.up');
  expect(await calls.silentLiveness({ picture })).toMatchObject({ ok: true, attempts: 1 });
  expect(await calls.compare({ first: picture, second: picture })).toMatchObject({
    ok: true,
    value: { score: 0.6841 },
  });
  expect(server.violations).toEqual([]);
  expect(new QuotaLedger({ dataDir, timezone: 'Asia/Shanghai' }).usage('compare').today).toBe(1);
});

it('asks the gate for leave before each call is sent', async () => {
  const calls = start();
  await until('cloud.up');
  expect(await calls.compare({ first: picture, second: picture }, { permit: () => false })).toMatchObject({
    ok: false,
    error: { code: 'NOT_PERMITTED', counted: false },
  });
  const broken = () => {
    throw new Error('the gallery is gone');
  };
  expect(await calls.silentLiveness({ picture }, { permit: broken })).toMatchObject({
    error: { code: 'NOT_PERMITTED' },
  });
  expect(server.connections).toBe(0);
  expect(await calls.silentLiveness({ picture }, { permit: () => true })).toMatchObject({ ok: true });
});

it('answers by the deadline, and at once when given up', async () => {
  server.respond = () => undefined;
  const calls = start();
  await until('cloud.up');
  const begun = monotonicMs();
  expect(await calls.silentLiveness({ picture }, { deadlineMs: 200 })).toMatchObject({
    error: { code: 'DEADLINE' },
  });
  expect(monotonicMs() - begun).toBeLessThan(1500);
  const controller = new AbortController();
  const given = calls.silentLiveness({ picture }, { deadlineMs: 5000, signal: controller.signal });
  controller.abort();
  expect(await given).toMatchObject({ error: { code: 'CANCELLED' } });
});

it('says why no calls can be made, and leaves calls unanswered meanwhile', async () => {
  writeFileSync(
    join(dataDir, 'cloud.sqlite'),
    'this is no database, it is a text of some length'.repeat(100),
  );
  const calls = start();
  await until('cloud.down');
  expect(events[0].data).toMatchObject({ code: 'CLOUD_LEDGER_UNUSABLE' });
  expect(await calls.silentLiveness({ picture })).toMatchObject({ error: { code: 'UNAVAILABLE' } });
  expect(server.connections).toBe(0);
});

it('says so when a key cannot be read', async () => {
  start({ secretKey: { file: join(dataDir, 'nothing') } });
  await until('cloud.down');
  expect(events[0].data).toMatchObject({ code: 'SECRET_UNREADABLE' });
});

it('tells of packages that run low, of the daily cap and of a clock that differs, each once', async () => {
  const ledger = new QuotaLedger({ dataDir, timezone: 'Asia/Shanghai' });
  const validUntil = new Date(Date.now() + 86_400_000);
  ledger.addPackage({ api: 'compare', size: 5, validFrom: new Date(0), validUntil });
  ledger.close();
  server.respond = (_request, response) => {
    response.setHeader('date', new Date(Date.now() - 3_600_000).toUTCString());
    return { statusCode: 0, message: 'success', returnObj: { Score: 0.5 } };
  };
  const calls = start({ apis: { compare: { dailyCap: 4 } } });
  await until('cloud.up');
  for (let n = 0; n < 6; n++) await calls.compare({ first: picture, second: picture }, { deadlineMs: 5000 });
  await until('cloud.cap_reached');
  expect(types().sort()).toEqual(['cloud.cap_reached', 'cloud.clock_skew', 'cloud.quota_low', 'cloud.up']);
  const data = Object.fromEntries(events.map((event) => [event.type, event.data]));
  expect(data['cloud.quota_low']).toMatchObject({ api: 'compare', threshold: 0.2, remaining: 1, size: 5 });
  expect(data['cloud.cap_reached']).toEqual({ api: 'compare', cap: 4 });
  expect(data['cloud.clock_skew']).toMatchObject({ drifted: true });
  expect(Number(data['cloud.clock_skew'].skewMs)).toBeGreaterThan(3_590_000);
  expect(server.received).toHaveLength(4);
  await calls.stop(2000);
  events = [];
  const again = start({ apis: { compare: { dailyCap: 4 } } });
  await until('cloud.up');
  expect(await again.compare({ first: picture, second: picture }, { deadlineMs: 5000 })).toMatchObject({
    error: { code: 'DAILY_CAP' },
  });
  expect(types()).toEqual(['cloud.up']);
});
