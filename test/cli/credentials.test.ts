import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { run } from '../../src/cli/program.ts';

let folder: string;
let out: string[];
let errors: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'menshen-credentials-'));
  out = [];
  errors = [];
  vi.spyOn(console, 'log').mockImplementation((text) => void out.push(String(text)));
  vi.spyOn(console, 'error').mockImplementation((text) => void errors.push(String(text)));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const people = (...args: string[]) => run(['people', ...args, '--data-dir', folder]);

it('people are entered without a face, given groups, rights, a card and PINs, and shown without any secret', async () => {
  expect(await people('add', 'Li Hua', '--group', 'staff', '--group', 'night', '--card', '0012345678')).toBe(
    0,
  );
  expect(
    await people(
      'set',
      'Li Hua',
      '--group=-night',
      '--extended-time',
      'yes',
      '--valid-until',
      '2030-01-01T00:00:00+08:00',
    ),
  ).toBe(0);
  expect(await people('card', 'add', 'Li Hua', '99')).toBe(0);
  expect(await people('card', 'remove', 'Li Hua', '12345678')).toBe(0);
  vi.stubEnv('MENSHEN_PIN', '2468');
  expect(await people('pin', 'set', 'Li Hua')).toBe(0);
  expect(await people('pin', 'set', 'Li Hua', '--duress')).toBe(1);
  expect(errors.join('\n')).toContain('PIN and duress PIN must differ');
  vi.stubEnv('MENSHEN_PIN', '8642');
  expect(await people('pin', 'set', 'Li Hua', '--duress')).toBe(0);
  out = [];
  expect(await people('show', 'Li Hua')).toBe(0);
  expect(out.join('\n')).toMatch(
    /groups {4}staff\nvalid {5}ever to 2029-12-31T16:00:00.000Z\ncards {5}99\npin {7}set, duress set\nrights {4}extended time/,
  );
  out = [];
  expect(await people('list', '--json')).toBe(0);
  expect(JSON.parse(out.join('\n'))).toMatchObject([
    { groups: ['staff'], cards: ['99'], pin: true, duressPin: true },
  ]);
  expect(out.join('\n')).not.toMatch(/salt|hash|2468|8642/);
  expect(await people('pin', 'remove', 'Li Hua', '--duress')).toBe(0);
  expect(await people('card', 'remove', 'Li Hua', '12345678')).toBe(1);
});

it('a pass tells its token once, on stdout alone, and can be taken back', async () => {
  expect(await people('pass', 'add', 'Wang', '--door', 'front', '--until', '2030-01-01T00:00:00Z')).toBe(0);
  expect(out).toEqual([expect.stringMatching(/^MENSHEN-PASS:[\w-]{24}$/)]);
  const id = /pass ([0-9a-f-]{36})/.exec(errors.join('\n'))?.[1] ?? '';
  out = [];
  expect(await people('pass', 'list')).toBe(0);
  expect(out).toEqual([expect.stringContaining(`${id}  `)]);
  expect(out.join()).not.toContain('MENSHEN-PASS');
  expect(await people('pass', 'remove', id)).toBe(0);
  expect(await people('pass', 'remove', id)).toBe(1);
  expect(await people('pass', 'add', 'Wang', '--door', 'front', '--until', '2020-01-01T00:00:00Z')).toBe(1);
});
