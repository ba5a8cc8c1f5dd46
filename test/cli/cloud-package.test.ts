import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { QuotaLedger } from '../../src/cloud/index.ts';

let folder: string;
let out: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'menshen-package-'));
  out = [];
  vi.spyOn(console, 'log').mockImplementation((line: unknown) => void out.push(String(line)));
  vi.spyOn(console, 'error').mockImplementation((line: unknown) => void out.push(String(line)));
  vi.spyOn(process.stderr, 'write').mockImplementation((line) => out.push(String(line)) > 0);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const packages = (...args: string[]) => run(['cloud', 'package', ...args, '--data-dir', folder]);

it('enters purchases, beside a gate that is counting, and shows what is left and for how long it lasts', async () => {
  const gate = new QuotaLedger({ dataDir: folder, timezone: 'Asia/Shanghai' });
  expect(await packages('add', '--api', 'compare,silentLiveness', '--calls', '100', '--days', '30')).toBe(0);
  for (let n = 0; n < 10; n++) gate.count('compare', 1000);
  gate.close();
  out.length = 0;
  expect(await packages('list')).toBe(0);
  expect(out.join('\n')).toMatch(/compare +10 +90 +100 +9 days/);
  expect(out.join('\n')).toMatch(/silentLiveness +0 +100 +100 +30 days/);
  expect(out.join('\n')).toMatch(/detect +0 +- +- +-/);
  expect(out.join('\n')).toMatch(/purchase 1: 90 of 100 left, \d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d/);
  out.length = 0;
  expect(await packages('list', '--json')).toBe(0);
  expect(JSON.parse(out.join('\n'))).toContainEqual(
    expect.objectContaining({ api: 'compare', today: 10, remaining: 90, size: 100, forecastDays: 9 }),
  );
});

it('takes a purchase out again, and says when there is none', async () => {
  expect(await packages('add', '--api', 'detect', '--calls', '5', '--from', '2026-01-31')).toBe(0);
  expect(await packages('remove', '1')).toBe(0);
  expect(await packages('remove', '1')).toBe(1);
  expect(out.join()).toContain('CLOUD_PACKAGE_INVALID');
});

it('refuses what is no purchase', async () => {
  for (const args of [
    ['--api', 'faces', '--calls', '5'],
    ['--api', 'detect', '--calls', '0'],
    ['--api', 'detect', '--calls', '5', '--from', '2026-02-31'],
    ['--api', 'detect'],
  ]) {
    expect(await packages('add', ...args)).toBe(2);
  }
});

it('finds the ledger by the configuration of the gate', async () => {
  const config = join(folder, 'menshen.yaml');
  const rest =
    'cameras: [{ id: c, source: "rtsp://127.0.0.1/", door: d }]\ndoors: [{ id: d, relay: { line: { driver: simulated, line: 1 } } }]';
  writeFileSync(config, `gate: { id: g }\naccess: { faceOnly: accepted }\ndataDir: data\n${rest}\n`);
  expect(await run(['cloud', 'package', 'add', '--api', 'detect', '--calls', '5', '-c', config])).toBe(0);
  const ledger = new QuotaLedger({ dataDir: join(folder, 'data'), timezone: 'Asia/Shanghai' });
  expect(ledger.usage('detect').remaining).toBe(5);
  ledger.close();
});
