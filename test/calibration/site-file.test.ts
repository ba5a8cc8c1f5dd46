import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  readSite,
  removeSite,
  type SiteCalibration,
  siteFile,
  writeSite,
} from '../../src/calibration/index.ts';

const KEY = Buffer.alloc(32, 7);
const SITE: SiteCalibration = {
  version: 1,
  sha256: 'a'.repeat(64),
  madeAt: '2026-01-02T03:04:05.000Z',
  from: '40 people enrolled',
  people: 40,
  pairs: 780,
  location: 0.31,
  error: 0.012,
  tail: [{ rate: 0.1, excess: 0.004 }],
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'menshen-calibration-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('gives back what was written, for the same network alone', () => {
  expect(readSite(folder, KEY, SITE.sha256)).toBeNull();
  writeSite(folder, KEY, SITE);
  expect(readSite(folder, KEY, SITE.sha256)).toEqual(SITE);
  expect(readSite(folder, KEY, 'b'.repeat(64))).toBeNull();
  expect(statSync(siteFile(folder)).mode & 0o777).toBe(0o600);
  expect(removeSite(folder)).toBe(true);
  expect(readSite(folder, KEY, SITE.sha256)).toBeNull();
  expect(removeSite(folder)).toBe(false);
});

it('refuses one that was altered, cut, or sealed under another key', () => {
  writeSite(folder, KEY, SITE);
  const text = readFileSync(siteFile(folder), 'utf8');
  const refused = (key: Uint8Array) => () => readSite(folder, key, SITE.sha256);
  expect(refused(Buffer.alloc(32, 8))).toThrow(expect.objectContaining({ code: 'CALIBRATION_INVALID' }));
  for (const bad of [
    text.replace('0.31', '0.11'),
    text.slice(0, 100),
    '{}',
    text.replace('"people": 40', '"people": 1'),
  ]) {
    writeFileSync(siteFile(folder), bad);
    expect(refused(KEY)).toThrow(expect.objectContaining({ code: 'CALIBRATION_INVALID' }));
  }
});
