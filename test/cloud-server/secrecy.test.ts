import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  APIS,
  CLOUD_APIS,
  type CloudApi,
  EnvelopeKeyPool,
  readSm2PublicKey,
  signRequest,
} from '../../src/cloud/index.ts';
import { CloudStore, type NewApp } from '../../src/cloud-server/index.ts';
import { NO_VIDEOS, portrait, READY, type Reply, send, VIDEOS } from './support.ts';

const PERSON = { idNum: '440524188001010014', fullName: '欧阳明日' };

/** The server as it is installed: the program, started by its command. */
describe.skipIf(!READY)('What a server was sent', () => {
  let folder: string;
  let server: ChildProcess;
  let log = '';
  let port = 0;
  let app: NewApp;
  const begun = Date.now() - 1000;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'menshen-secrecy-'));
    mkdirSync(join(folder, 'tmp'));
    const store = CloudStore.open(join(folder, 'data'));
    app = store.apps.add({ name: 'test', apis: CLOUD_APIS, calls: 1000, validDays: 1, qps: 100 }, new Date());
    const { idNum: idNumber, fullName: name } = PERSON;
    store.register.put([{ name, idNumber, face: null }], new Date());
    store.close();
    server = spawn(
      process.execPath,
      [
        ...['dist/cli/main.js', 'cloud', 'serve', '--http', '--listen', '127.0.0.1:0'],
        ...['--data-dir', join(folder, 'data'), '--log-level', 'trace'],
      ],
      {
        env: { ...process.env, TMPDIR: join(folder, 'tmp') },
        stdio: ['ignore', 'inherit', 'pipe'],
      },
    );
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
    await until(() => /"port":(\d+)/.test(log));
    port = Number(/"port":(\d+)/.exec(log)?.[1]);
  });
  afterAll(async () => {
    server.kill('SIGTERM');
    await until(() => server.exitCode !== null || server.signalCode !== null);
    rmSync(folder, { recursive: true, force: true });
  });

  async function call(api: CloudApi, fields: object, encrypted = false): Promise<Reply> {
    const pool = new EnvelopeKeyPool({ publicKey: readSm2PublicKey(app.publicKey), order: 'C1C3C2' });
    const plain = Buffer.from(JSON.stringify(fields));
    const body = encrypted ? (await pool.take(new AbortController().signal)).seal(plain) : plain;
    await pool.close();
    const { path, version } = APIS[api];
    const headers = {
      ...signRequest({ ...app, body, now: new Date() }).headers,
      appkey: app.appKey,
      'content-type': 'application/json',
      ...(version !== null && { version }),
      ...(encrypted && { decrypted: 'true' }),
    };
    return send(port, 'POST', path, headers, body);
  }

  it('is on no disk and in no log, in any form, while it runs and after it has stopped', async () => {
    const picture = await portrait('ann');
    const text = picture.toString('base64');
    const clip = NO_VIDEOS ? null : readFileSync(join(VIDEOS, 'live-talk-grid-lwbsza.mp4'));
    expect((await call('detect', { Action: 'DetectFace', ImageData: text })).json.statusCode).toBe(0);
    expect((await call('compare', { img1Base64: text, img2Base64: text }, true)).status).toBe(200);
    expect((await call('attributes', { imageContent: text })).json.statusCode).toBe(0);
    expect((await call('silentLiveness', { imageContent: text })).json.statusCode).toBe('0');
    expect((await call('realName', { portrait: text, ...PERSON })).json.resStr).toBe('0DXX');
    if (clip !== null) {
      const film = { Action: 'ActionFas', ActionType: 'Blink', VideoBase64: clip.toString('base64') };
      expect((await call('actionLiveness', film)).json.statusCode).toBe(0);
    }
    const secrets = [
      ...marks(picture),
      ...(clip === null ? [] : marks(clip)),
      Buffer.from(PERSON.idNum),
      Buffer.from(PERSON.fullName),
      Buffer.from(app.secretKey),
    ];
    const look = () => {
      const files = [
        ...filesIn(join(folder, 'data')),
        ...filesIn(join(folder, 'tmp')),
        // Elsewhere, only what came into being since.
        ...['/tmp', '/var/tmp', '/dev/shm'].flatMap((place) => recent(place, begun)),
      ];
      expect(files.length).toBeGreaterThan(1);
      return files.filter((path) => holdsAny(path, secrets));
    };
    expect(look()).toEqual([]);
    server.kill('SIGTERM');
    await until(() => server.exitCode !== null);
    expect(server.exitCode).toBe(0);
    expect(look()).toEqual([]);
    // But for the loader of the sources, which keeps them there.
    expect(filesIn(join(folder, 'tmp'))).toEqual([]);
    for (const secret of secrets) expect(log).not.toContain(secret.toString());
    expect(log).toContain('"api":"detect"');
    for (const path of filesIn(join(folder, 'data'))) expect(statSync(path).mode & 0o077).toBe(0);
  });

  it('would be found by this very search', () => {
    const picture = readFileSync('.cache/demo/sample1.jpg');
    expect(holdsAny('.cache/demo/sample1.jpg', marks(picture))).toBe(true);
  });
});

/** Pieces of a file by which it would be known: raw and in base64 of each alignment. */
function marks(bytes: Buffer): Buffer[] {
  return [0.3, 0.7].flatMap((part) => {
    const at = Math.floor(bytes.length * part);
    const piece = bytes.subarray(at, at + 48);
    const text = bytes
      .subarray(0, at + 96)
      .toString('base64')
      .slice(-60, -4);
    return [piece, Buffer.from(text), Buffer.from(text.replaceAll('+', '-').replaceAll('/', '_'))];
  });
}

function holdsAny(path: string, secrets: readonly Buffer[]): boolean {
  const bytes = readFileSync(path);
  return secrets.some((secret) => bytes.includes(secret));
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => existsSync(path) && statSync(path).isFile());
}

/** Small files right in a place for temporary files that were written since. */
function recent(place: string, since: number): string[] {
  if (!existsSync(place)) return [];
  return readdirSync(place)
    .map((name) => join(place, name))
    .filter((path) => {
      const stats = statSync(path, { throwIfNoEntry: false });
      return stats?.isFile() === true && stats.mtimeMs >= since && stats.size < 64 * 1024 * 1024;
    });
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 600; i++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('It did not come to hold within 30 s.');
}
