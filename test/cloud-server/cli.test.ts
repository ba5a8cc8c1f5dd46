import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { run } from '../../src/cli/program.ts';
import { CLOUD_APIS } from '../../src/cloud/index.ts';
import { openApiDocument, selfSigned } from '../../src/cloud-server/index.ts';
import { type House, openHouse, portrait, READY } from './support.ts';

let folder: string;
let out: string[];
let err: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'menshen-cloud-cli-'));
  out = [];
  err = [];
  vi.spyOn(console, 'log').mockImplementation((line: unknown) => void out.push(String(line)));
  vi.spyOn(console, 'error').mockImplementation((line: unknown) => void err.push(String(line)));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const cloud = (...args: string[]) => run(['cloud', ...args]);
const here = (...args: string[]) => cloud(...args, '--data-dir', folder);
const Keys = z.strictObject({
  appKey: z.string(),
  accessKey: z.string(),
  secretKey: z.string(),
  publicKey: z.string(),
});

describe('menshen cloud app', () => {
  it('adds, extends, lists and revokes applications, and never shows a secret twice', async () => {
    expect(await here('app', 'add', 'Gate A', '--api', 'detect,COMPARE', '--calls', '5', '--json')).toBe(0);
    const keys = Keys.parse(JSON.parse(out.join('\n')));
    expect(
      await here('app', 'extend', keys.appKey, '--api', 'realName', '--calls', '7', '--qps', '2.5'),
    ).toBe(0);
    out.length = 0;
    expect(await here('app', 'list')).toBe(0);
    const told = out.join('\n');
    expect(told).toContain(`${keys.appKey}  Gate A`);
    expect(told).toMatch(/detect +10\/s +0 of 5 until/);
    expect(told).toMatch(/realName +2.5\/s +0 of 7 until/);
    expect(told).not.toContain(keys.secretKey);
    expect(await here('app', 'revoke', keys.appKey)).toBe(0);
    out.length = 0;
    expect(await here('app', 'list', '--json')).toBe(0);
    const apps: unknown = JSON.parse(out.join('\n'));
    expect(apps).toMatchObject([{ appKey: keys.appKey, revokedAt: expect.any(String) }]);
    expect(out.join()).not.toContain(keys.secretKey);
    expect(await here('app', 'revoke', 'nobody')).toBe(1);
    expect(err.join()).toContain('CLOUD_APP_NOT_FOUND');
  });

  it('says what is wrong with an argument', async () => {
    const refused = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    for (const wrong of [
      ['--api', 'faces'],
      ['--calls', '-1'],
      ['--days', '1.5'],
      ['--qps', '0'],
      ['--allow', '10.0.0.0/40'],
      ['--allow', 'detect=host'],
      ['--allow', 'faces=10.0.0.1'],
    ]) {
      expect(await here('app', 'add', 'x', ...wrong)).toBe(2);
    }
    expect(refused).toHaveBeenCalled();
    expect(await here('app', 'list')).toBe(0);
    expect(out).toEqual(['there is no application']);
  });

  it('takes addresses and networks, for all APIs or for one', async () => {
    const allow = ['--allow', '10.0.0.0/8', '--allow', 'compare,detect=2001:db8::/32'];
    expect(await here('app', 'add', 'x', ...allow.slice(0, 2))).toBe(0);
    expect(await here('app', 'add', 'y', '--allow', 'compare=2001:db8::1')).toBe(0);
    expect(await here('usage')).toBe(0);
    expect(out.at(-1)).toBe('no calls');
  });
});

describe('menshen cloud serve', () => {
  it('serves nothing in the clear to others, and asks for a certificate', async () => {
    expect(await here('serve')).toBe(2);
    expect(err.join()).toContain('--self-signed');
    expect(await here('serve', '--http', '--listen', '0.0.0.0:0')).toBe(1);
    expect(err.join()).toContain('loopback');
    expect(await here('serve', '--cert', join(folder, 'none'), '--key', join(folder, 'none'))).toBe(1);
    expect(err.join()).toContain('CLOUD_SERVER_UNUSABLE');
  });
});

describe.skipIf(!READY)('menshen cloud check', () => {
  let house: House;
  let dir: string;
  let app: string;
  let ca: string;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'menshen-cloud-check-'));
    const tls = await selfSigned(dir, []);
    ca = tls.cert;
    house = await openHouse({ dataDir: dir, tls });
    app = join(dir, 'app.json');
    writeFileSync(app, JSON.stringify(house.app));
  });
  afterAll(() => house.stop());

  const Rows = z.array(
    z.object({ what: z.string(), result: z.string(), said: z.string(), advice: z.string().nullable() }),
  );
  const at = (port: number) => ['check', '--endpoint', `https://localhost:${port}`];

  it('finds everything good on a server of our own, in clear and encrypted, over TLS', async () => {
    const photo = join(folder, 'photo.jpg');
    writeFileSync(photo, await portrait('ann', 80));
    expect(await cloud(...at(house.server.port), '--app', app, '--ca', ca, '--photo', photo, '--json')).toBe(
      0,
    );
    const rows = Rows.parse(JSON.parse(out.join('\n')));
    expect(rows.filter(({ result }) => result === 'failed')).toEqual([]);
    const good = rows.filter(({ result }) => result === 'good').map(({ what }) => what);
    for (const name of ['connection', 'clock', 'keys']) expect(good).toContain(name);
    for (const api of ['detect', 'attributes', 'compare', 'silentLiveness', 'actionLiveness']) {
      expect(good).toContain(`${api} in clear`);
      expect(good).toContain(`${api} encrypted`);
    }
    expect(out.join()).not.toContain(house.app.secretKey);
  });

  it('says what to do about wrong keys, an unknown certificate and nobody there', async () => {
    const wrong = join(folder, 'wrong.json');
    writeFileSync(wrong, JSON.stringify({ ...house.app, secretKey: 'wrong' }));
    expect(await cloud(...at(house.server.port), '--app', wrong, '--ca', ca)).toBe(1);
    expect(out.join('\n')).toMatch(/keys +FAILED/);
    expect(out.join('\n')).toContain('-> Compare AppKey');
    expect(err.join()).toContain('CLOUD_CHECK_FAILED');
    out.length = 0;
    expect(await cloud(...at(house.server.port), '--app', app)).toBe(1);
    expect(out.join('\n')).toMatch(/connection +FAILED .*TLS_FAILED/);
    out.length = 0;
    expect(await cloud(...at(1), '--app', app, '--ca', ca)).toBe(1);
    expect(out.join('\n')).toMatch(/connection +FAILED .*UNREACHABLE/);
    expect(await cloud(...at(1))).toBe(2);
  });

  it('shows the calls in usage', async () => {
    expect(await cloud('usage', '--data-dir', dir)).toBe(0);
    expect(out.join('\n')).toMatch(/detect +\d+ +\d+ +\d+ /);
  });
});

describe('The OpenAPI document', () => {
  it('describes the six services, with references that resolve', () => {
    const text = JSON.stringify(openApiDocument());
    const document = z
      .object({
        openapi: z.literal('3.1.0'),
        paths: z.record(z.string(), z.object({ post: z.object({ operationId: z.enum(CLOUD_APIS) }) })),
        components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
      })
      .parse(JSON.parse(text));
    expect(Object.keys(document.paths)).toHaveLength(6);
    const named = [...text.matchAll(/#\/components\/schemas\/(\w+)/g)].map((match) => match[1]);
    expect(named.length).toBeGreaterThan(12);
    expect(named.filter((name) => document.components.schemas[name] === undefined)).toEqual([]);
  });
});
