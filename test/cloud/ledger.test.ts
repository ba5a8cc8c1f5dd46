import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { daysCovered } from '../../src/cloud/ledger/forecast.ts';
import { QuotaLedger, type QuotaWarning } from '../../src/cloud/ledger.ts';
import { ERRORS, MenshenError } from '../../src/common/index.ts';

const DAY_MS = 86_400_000;
let dataDir: string;
let now: Date;
let warnings: QuotaWarning[];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'menshen-ledger-'));
  now = new Date('2026-11-20T04:00:00Z');
  warnings = [];
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

function open(timezone = 'Asia/Shanghai'): QuotaLedger {
  return new QuotaLedger({ dataDir, timezone, now: () => now, onWarning: (one) => warnings.push(one) });
}
const year = (from = now) => ({ validFrom: from, validUntil: new Date(from.getTime() + 365 * DAY_MS) });
const inDays = (days: number) => new Date(now.getTime() + days * DAY_MS);

describe('QuotaLedger', () => {
  it('keeps the daily cap, for each API apart, until midnight in the given zone', () => {
    const ledger = open();
    expect([1, 2, 3].map(() => ledger.count('compare', 2) !== null)).toEqual([true, true, false]);
    expect(ledger.count('detect', 2)).not.toBeNull();
    expect(ledger.count('detect', 0)).toBeNull();
    now = new Date('2026-11-20T15:59:59Z');
    expect(ledger.count('compare', 2)).toBeNull();
    now = new Date('2026-11-20T16:00:00Z');
    expect(ledger.count('compare', 2)).not.toBeNull();
    expect(ledger.usage('compare').today).toBe(1);
    ledger.close();
  });

  it('takes a call back once, in the cap and in the package', () => {
    const ledger = open();
    ledger.addPackage({ api: 'compare', size: 10, ...year() });
    const ticket = ledger.count('compare', 1);
    expect(ledger.usage('compare')).toMatchObject({ today: 1, remaining: 9 });
    if (ticket === null) throw new Error('not counted');
    ledger.release(ticket);
    ledger.release(ticket);
    expect(ledger.usage('compare')).toMatchObject({ today: 0, remaining: 10 });
    ledger.close();
  });

  it('uses packages up in the order of purchase, and only while they are valid', () => {
    const ledger = open();
    ledger.addPackage({ api: 'detect', size: 2, validFrom: inDays(-10), validUntil: inDays(1) });
    ledger.addPackage({ api: 'detect', size: 3, ...year() });
    for (let call = 0; call < 3; call += 1) ledger.count('detect', 100);
    const used = () => ledger.usage('detect').packages.map((one) => one.used);
    expect(used()).toEqual([2, 1]);
    now = inDays(2);
    expect(ledger.usage('detect')).toMatchObject({ remaining: 2, size: 3 });
    // Used up: it is the service's business to refuse (51003), the console may know of a package that we don't.
    for (let call = 0; call < 3; call += 1) expect(ledger.count('detect', 100)).not.toBeNull();
    expect(used()).toEqual([2, 3]);
    expect(ledger.usage('detect').remaining).toBe(0);
    ledger.close();
  });

  it('warns once at 20 % and once at 5 %, across restarts, and again after a new purchase is used', () => {
    let ledger = open();
    ledger.addPackage({ api: 'silentLiveness', size: 100, ...year() });
    const spend = (calls: number) => {
      for (let call = 0; call < calls; call += 1) ledger.count('silentLiveness', 1e6);
    };
    spend(79);
    expect(warnings).toEqual([]);
    spend(1);
    expect(warnings).toEqual([
      { api: 'silentLiveness', remaining: 20, size: 100, threshold: 0.2, forecastDays: 0 },
    ]);
    ledger.close();
    ledger = open();
    spend(10);
    expect(warnings).toHaveLength(1);
    spend(5);
    expect(warnings.map((one) => one.threshold)).toEqual([0.2, 0.05]);
    ledger.addPackage({ api: 'silentLiveness', size: 100, ...year() });
    spend(70);
    expect(warnings.map((one) => [one.threshold, one.remaining])).toEqual([
      [0.2, 20],
      [0.05, 5],
      [0.2, 40],
    ]);
    ledger.close();
  });

  it('forecasts from the use of the last days', () => {
    const ledger = open();
    expect(ledger.usage('compare')).toMatchObject({ remaining: null, forecastDays: null });
    ledger.addPackage({ api: 'compare', size: 1000, ...year() });
    expect(ledger.usage('compare').forecastDays).toBe(365);
    for (let day = 0; day < 4; day += 1) {
      for (let call = 0; call < 10; call += 1) ledger.count('compare', 1e6);
      if (day < 3) now = inDays(1);
    }
    expect(ledger.usage('compare').forecastDays).toBe(96);
    ledger.close();
  });

  it('keeps single calls for 400 days and the sums for good; its file is private', () => {
    let ledger = open();
    ledger.count('compare', 10);
    ledger.close();
    now = inDays(401);
    ledger = open();
    now = inDays(-401);
    expect(ledger.usage('compare').today).toBe(1);
    ledger.close();
    expect(statSync(join(dataDir, 'cloud.sqlite')).mode & 0o777).toBe(0o600);
  });

  it('refuses a package that is none, with a code', () => {
    const ledger = open();
    for (const size of [0, -1, 1.5, Number.NaN]) {
      expect(() => ledger.addPackage({ api: 'detect', size, ...year() })).toThrow(
        expect.objectContaining({ code: 'CLOUD_PACKAGE_INVALID' }),
      );
    }
    expect(() => ledger.addPackage({ api: 'detect', size: 5, validFrom: now, validUntil: now })).toThrow(
      MenshenError,
    );
    expect(ledger.removePackage(99)).toBe(false);
    const id = ledger.addPackage({ api: 'detect', size: 5, ...year() });
    ledger.count('detect', 5);
    expect(ledger.removePackage(id)).toBe(true);
    ledger.close();
  });

  it('says CLOUD_LEDGER_UNUSABLE for a damaged file and one of a newer version, and leaves it as it is', () => {
    const path = join(dataDir, 'cloud.sqlite');
    const rubbish = Buffer.alloc(8192, 'no database');
    writeFileSync(path, rubbish);
    expect(open).toThrow(expect.objectContaining({ code: 'CLOUD_LEDGER_UNUSABLE' }));
    expect(readFileSync(path).equals(rubbish)).toBe(true);
    expect(ERRORS.CLOUD_LEDGER_UNUSABLE).toContain('cloud.sqlite');
  });

  it('two processes count together', () => {
    const one = open();
    const other = open();
    expect(one.count('realName', 2)).not.toBeNull();
    expect(other.count('realName', 2)).not.toBeNull();
    expect(one.count('realName', 2)).toBeNull();
    one.close();
    other.close();
  });

  it('killed at any moment: no call that went out is forgotten, so the cap holds', async () => {
    const victim = new URL('ledger-victim.ts', import.meta.url).pathname;
    let sent = 0;
    for (let life = 0; life < 3; life += 1) {
      const child = spawn(process.execPath, ['--import', 'tsx', victim, dataDir, '400'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      // Each byte is a call that "went out", told after it was counted.
      const seen = await new Promise<number>((resolve) => {
        let bytes = 0;
        child.stdout.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes >= 60 + life * 37) child.kill('SIGKILL');
        });
        child.once('close', () => resolve(bytes));
      });
      sent += seen;
    }
    const ledger = new QuotaLedger({ dataDir, timezone: 'UTC' });
    const { today } = ledger.usage('detect');
    expect(sent).toBeGreaterThan(200);
    expect(today).toBeGreaterThanOrEqual(sent);
    // Too high by one call under way for each life, at most.
    expect(today).toBeLessThanOrEqual(sent + 3);
    while (ledger.count('detect', 400) !== null) sent += 1;
    expect(sent).toBeLessThanOrEqual(400);
    expect(sent).toBeGreaterThanOrEqual(397);
    ledger.close();
  });
});

describe('daysCovered', () => {
  const day = (days: number) => days * DAY_MS;

  it('uses packages in order, and none that has ended', () => {
    const stocks = [
      { remaining: 100, validFrom: 0, validUntil: day(5) },
      { remaining: 100, validFrom: 0, validUntil: day(365) },
    ];
    expect(daysCovered(stocks, 10, 0)).toBe(15);
    expect(daysCovered(stocks, 1000, 0)).toBe(0);
    expect(daysCovered(stocks, 0, 0)).toBe(365);
    expect(daysCovered([], 5, 0)).toBeNull();
  });

  it('stops at a gap', () => {
    const stocks = [
      { remaining: 100, validFrom: 0, validUntil: day(3) },
      { remaining: 100, validFrom: day(4), validUntil: day(365) },
    ];
    expect(daysCovered(stocks, 1, 0)).toBe(3);
  });
});
