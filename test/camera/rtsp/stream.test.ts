import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { monotonicMs } from '../../../src/common/index.ts';
import { makeTestVideo, readTimecode } from '../../support/rtsp.ts';
import { cmdline, eventually, ffmpegPid, type Stage, staged, type Watched } from '../support.ts';
import {
  description,
  digestResponse,
  type FakeCameraOptions,
  type FakeRequest,
  fakeCamera,
  nalUnits,
} from './fake-camera.ts';

const VICTIM = fileURLToPath(new URL('../victim.ts', import.meta.url));
let file = '';
let h265 = '';
let reordered = '';
let tls = '';

/** The test video in another coding; kept like the video itself. */
function recode(from: string, name: string, args: readonly string[], format: string): string {
  const folder = join(tmpdir(), 'menshen-test-video');
  const path = join(folder, name);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const partial = `${path}.${process.pid}.part`;
  const { status, stderr } = spawnSync('ffmpeg', [
    '-v',
    'error',
    '-y',
    '-i',
    from,
    ...args,
    '-f',
    format,
    partial,
  ]);
  if (status !== 0) throw new Error(String(stderr));
  renameSync(partial, path);
  return path;
}

beforeAll(async () => {
  tls = mkdtempSync(join(tmpdir(), 'menshen-tls-'));
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const subject = ['-subj', '/CN=localhost', '-days', '1', '-keyout', 'key.pem', '-out', 'cert.pem'];
  spawnSync('openssl', [...request, ...subject], { cwd: tls });
  file = await makeTestVideo();
  h265 = recode(
    file,
    '640x360-g5.h265',
    [
      '-c:v',
      'libx265',
      '-preset',
      'ultrafast',
      '-x265-params',
      'aud=1:repeat-headers=1:bframes=0:keyint=5:log-level=error',
    ],
    'hevc',
  );
  reordered = recode(
    file,
    '640x360-b2.h264',
    [
      '-c:v',
      'libx264',
      '-preset',
      'veryfast',
      '-bf',
      '2',
      '-x264-params',
      'aud=1:repeat-headers=1:keyint=15:b-adapt=0:scenecut=0',
    ],
    'h264',
  );
});

afterAll(() => {
  rmSync(tls, { recursive: true });
});

/** A server on 127.0.0.1 whose certificate is that of `localhost`, by its own word; answers its port. */
async function tlsServer(serve: (socket: TLSSocket) => void): Promise<{ server: Server; port: number }> {
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => readFileSync(join(tls, name)));
  const server = createServer({ key, cert }, serve);
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { server, port: typeof address === 'object' ? (address?.port ?? 0) : 0 };
}

async function codes(camera: Watched, count: number): Promise<(number | null)[]> {
  const seen: (number | null)[] = [];
  for (let i = 0; i < count; i++) {
    const frame = await camera.frame();
    seen.push(readTimecode(frame.picture));
    frame.release();
  }
  return seen;
}

/** A test body with a camera of its own. */
function withCamera(
  options: () => FakeCameraOptions & { readonly file?: string },
  body: (stage: Stage, url: string, requests: FakeRequest[], reports: Buffer[]) => Promise<void>,
): () => Promise<void> {
  return staged(async (stage) => {
    const { file: path = file, ...rest } = options();
    const server = await fakeCamera(path, rest);
    try {
      await body(stage, server.url, server.requests, server.reports);
    } finally {
      server.stop();
    }
  });
}

describe.concurrent('our own RTSP reader', () => {
  it.each([
    ['H.264', () => ({ file })],
    ['H.265', () => ({ file: h265, codec: 'h265' })],
    ['time stamps that wrap', () => ({ timestamp: 2 ** 32 - 90_000 })],
  ] as readonly [string, () => FakeCameraOptions & { file?: string }][])(
    'shows every picture, in order, with the time at which it was sent: %s',
    async (_, options) => {
      const sent = new Map<number, number>();
      await withCamera(
        () => ({ ...options(), onSent: (n: number) => sent.set(n, monotonicMs()) }),
        async (stage, url, requests) => {
          const camera = stage.watch({ stallMs: 5000, source: url });
          const frames: { code: number | null; seq: number; capturedAt: number }[] = [];
          for (let i = 0; i < 20; i++) {
            const frame = await camera.frame();
            frames.push({ code: readTimecode(frame.picture), seq: frame.seq, capturedAt: frame.capturedAt });
            frame.release();
          }
          const first = frames[0];
          // On a busy machine a newer picture may have taken the place of one; none is missing from the count.
          for (const { code, seq } of frames)
            expect((code ?? 0) - (first?.code ?? 0)).toBe(seq - (first?.seq ?? 0));
          for (const { code, capturedAt } of frames) {
            const delay = capturedAt - (sent.get(code ?? -1) ?? 0);
            expect(delay).toBeLessThan(60);
            expect(delay).toBeGreaterThan(-5);
          }
          expect(camera.camera.stats()).toMatchObject({
            timestamps: 'stream',
            stream: { lost: 0, discarded: 0 },
          });
          expect(requests.map(({ method }) => method)).toEqual(['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY']);
          expect(requests[2]?.uri).toBe(`${url}/track1`);
          expect(requests[3]?.uri).toBe(`${url}/`);
          expect(cmdline(ffmpegPid(camera.id))).toContain('nut');
          await camera.camera.stop();
          await eventually(() => requests.at(-1)?.method === 'TEARDOWN', 6000);
        },
      )();
    },
  );

  it(
    'knows pictures again that are sent in another order than they are shown',
    withCamera(
      () => ({
        file: reordered,
        // I P B B P B B ... : each P before the two pictures that stand before it
        order: (n) => shownAt(n % 15) + 15 * Math.floor(n / 15),
      }),
      async (stage, url) => {
        const camera = stage.watch({ stallMs: 5000, source: url });
        const seen = await codes(camera, 30);
        const from = seen[10] ?? 0;
        expect(seen.slice(10)).toEqual(Array.from({ length: 20 }, (_, i) => from + i));
        expect(camera.camera.stats().timestamps).toBe('stream');
      },
    ),
  );

  it(
    'leaves out what builds on a lost packet, up to the next key picture, and says so',
    withCamera(
      () => ({ packets: (packets, n) => (n % 20 === 12 ? packets.slice(0, -1) : packets), mtu: 400 }),
      async (stage, url) => {
        const camera = stage.watch({ stallMs: 5000, source: url });
        const seen = await codes(camera, 40);
        expect(seen).not.toContain(null);
        for (const code of seen) expect([12, 13, 14]).not.toContain((code ?? 0) % 20);
        const stats = camera.camera.stats();
        expect(stats.restarts).toBe(0);
        expect(stats.stream?.lost).toBeGreaterThan(0);
        expect(stats.stream?.discarded).toBe((stats.stream?.lost ?? 0) * 3);
      },
    ),
  );

  it('takes the parameter sets from the description, and the address from the URL where nothing else is told', async () => {
    const [first = []] = nalUnits(file, 'h264');
    const sets = first.filter((nal) => [7, 8].includes((nal[0] ?? 0) & 0x1f));
    expect(sets).toHaveLength(2);
    const sprop = `a=fmtp:96 packetization-mode=1; sprop-parameter-sets=${sets.map((nal) => nal.toString('base64')).join(',')}\r\n`;
    await withCamera(
      () => ({
        headersOfDescribe: [],
        sdp: description('h264') + sprop,
        leaveOut: (nal) => [7, 8].includes((nal[0] ?? 0) & 0x1f),
      }),
      async (stage, url, requests) => {
        await codes(stage.watch({ stallMs: 5000, source: `${url}?profile=1` }), 3);
        expect(requests[2]?.uri).toBe(`${url}?profile=1/track1`);
      },
    )();
  });

  it.each([
    ['Digest MD5', 'md5', 'Digest realm="cam", nonce="n1"', false],
    [
      'Digest SHA-256 rather than MD5',
      'sha256',
      'Digest realm="c\\"am", nonce="n1", algorithm=MD5, Digest realm="c\\"am", nonce="n1", algorithm=SHA-256, qop="auth,auth-int", opaque="o"',
      true,
    ],
  ] as const)('proves who we are: %s', async (_, algorithm, challenge, qop) => {
    const user = 'zoë';
    const password = 'p"ä\\ss';
    await withCamera(
      () => ({
        answer: (request) => {
          if (request.method === 'OPTIONS') return undefined;
          const fields = digestFields(request);
          // The nonce expires with SETUP: a client that knows the password gets a new one.
          const nonce = request.method === 'DESCRIBE' ? 'n1' : 'n2';
          const right = fields.get('response') === digestResponse(algorithm, user, password, request, fields);
          if (right && fields.get('nonce') === nonce && fields.get('uri') === request.uri) return undefined;
          const stale = right ? ', stale=true' : '';
          return `RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: ${challenge.replaceAll('n1', nonce)}${stale}\r\n\r\n`;
        },
      }),
      async (stage, url, requests) => {
        const camera = stage.watch({ stallMs: 5000, source: url, username: user, password });
        await codes(camera, 1);
        const methods = requests.map(({ method }) => method);
        expect(methods).toEqual(['OPTIONS', 'DESCRIBE', 'DESCRIBE', 'SETUP', 'SETUP', 'PLAY']);
        if (qop) expect(requests.at(-1)?.headers.get('authorization')).toContain('nc=00000002');
      },
    )();
  });

  it(
    'proves who we are: Basic, and gives up on a camera that refuses for ever',
    withCamera(
      () => ({
        answer: ({ method, headers }, count) => {
          if (method !== 'DESCRIBE' || count < 6) {
            const right = headers.get('authorization') === `Basic ${btoa('user:right')}`;
            return method === 'DESCRIBE' && !right
              ? 'RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm="cam"\r\n\r\n'
              : undefined;
          }
          return `RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm="x", nonce="${count}", stale=true\r\n\r\n`;
        },
      }),
      async (stage, url, requests) => {
        await codes(stage.watch({ stallMs: 5000, source: url, username: 'user', password: 'right' }), 1);
        const wrong = stage.watch({ stallMs: 5000, source: url, username: 'user', password: 'wrong' });
        expect((await wrong.until('down')).code).toBe('CAMERA_AUTH_FAILED');
        for (let i = requests.length; i < 8; i++)
          requests.push({ method: 'DESCRIBE', uri: '', headers: new Map() });
        const before = requests.length;
        const stale = stage.watch({ stallMs: 5000, source: url, username: 'user', password: 'right' });
        expect((await stale.until('down')).code).toBe('CAMERA_AUTH_FAILED');
        expect(requests.length - before).toBeLessThanOrEqual(4);
      },
    ),
  );

  it(
    'shows the camera that it is there: within the time-out, and with receiver reports',
    withCamera(
      () => ({ timeout: ';timeout=2' }),
      async (stage, url, requests, reports) => {
        const camera = stage.watch({ stallMs: 5000, source: url });
        await codes(camera, 1);
        await eventually(() => requests.filter(({ method }) => method === 'GET_PARAMETER').length >= 3, 4000);
        expect(requests.at(-1)?.headers.get('session')).toBe('abc');
        await eventually(() => reports.length > 0, 7000);
        expect(reports[0]?.subarray(0, 4)).toEqual(Buffer.of(0x81, 201, 0, 7));
        expect(reports[0]?.readUInt32BE(8)).toBe(0xcafe);
      },
    ),
  );

  it.each([
    [
      'sends us on to another address',
      'RTSP/1.0 302 Found\r\nLocation: rtsp://u:geheim@10.0.0.1/x\r\n\r\n',
      'CAMERA_NOT_FOUND',
      /10\.0\.0\.1/,
    ],
    ['is overloaded', 'RTSP/1.0 503 Service Unavailable\r\n\r\n', 'CAMERA_NO_FRAMES', /503/],
    [
      'lies about a length',
      'RTSP/1.0 200 OK\r\nContent-Length: 99999999\r\n\r\n',
      'CAMERA_NO_FRAMES',
      /99999999/,
    ],
    ['speaks HTTP', 'HTTP/1.1 200 OK\r\n\r\n', 'CAMERA_NO_FRAMES', /protocol/],
  ] as const)('tells a camera that %s', async (_, answer, code, message) => {
    await withCamera(
      () => ({ answer: ({ method }) => (method === 'DESCRIBE' ? answer : undefined) }),
      async (stage, url) => {
        const camera = stage.watch({ stallMs: 5000, source: url });
        const down = await camera.until('down');
        expect(down).toMatchObject({ code, message: expect.stringMatching(message) });
        expect(down.message).not.toContain('geheim');
      },
    )();
  });

  it(
    'does not talk to a camera whose certificate nobody vouches for',
    staged(async (stage) => {
      let heard = 0;
      const { server, port } = await tlsServer((socket) => {
        socket.on('data', (chunk) => {
          heard += chunk.length;
        });
      });
      const camera = stage.watch({ source: `rtsps://localhost:${port}/live`, username: 'u', password: 'p' });
      const down = await camera.until('down');
      server.close();
      expect(down).toMatchObject({
        code: 'CAMERA_UNREACHABLE',
        message: expect.stringContaining('certificate'),
      });
      expect(heard).toBe(0);
    }),
  );

  it(
    'reads a camera over TLS',
    withCamera(
      () => ({}),
      async (_, url) => {
        const { server, port } = await tlsServer((socket) => {
          const camera = connect(Number(new URL(url).port), '127.0.0.1');
          for (const end of [socket, camera]) end.on('error', () => {});
          socket.pipe(camera).pipe(socket);
        });
        const args = ['--import', 'tsx', VICTIM, `tls-${process.pid}`, `rtsps://localhost:${port}/live`];
        const victim = spawn(process.execPath, args, {
          stdio: ['ignore', 'pipe', 'inherit'],
          env: { ...process.env, NODE_EXTRA_CA_CERTS: join(tls, 'cert.pem') },
        });
        try {
          const [said] = await once(victim.stdout, 'data');
          expect(String(said)).toContain('streaming');
        } finally {
          victim.kill('SIGKILL');
          server.close();
        }
      },
    ),
    60_000,
  );

  it.each([
    ['another codec', { sdp: 'v=0\r\nm=video 0 RTP/AVP 26\r\na=control:track1\r\n' }],
    ['marker bits in the midst of pictures', { packets: (packets: Buffer[]) => packets.flatMap(tear) }],
  ])('leaves to ffmpeg what it cannot read: %s', async (_, options) => {
    await withCamera(
      () => options,
      async (stage, url, requests) => {
        const camera = stage.watch({ stallMs: 5000, source: url });
        await eventually(() => requests.filter(({ method }) => method === 'DESCRIBE').length >= 2, 6000);
        await eventually(() => cmdline(ffmpegPid(camera.id)).includes('concat'), 4000);
        expect(camera.states.some(({ state }) => state === 'down')).toBe(false);
      },
    )();
  });
});

/** When picture `n` of 15 in coding order is shown: I, then P B B by turns, the last two P. */
function shownAt(n: number): number {
  if (n === 0) return 0;
  if (n === 13) return 14;
  if (n === 14) return 13;
  return n % 3 === 1 ? n + 2 : n - 1;
}

/** The packet, and a slice that goes on with the same picture behind its marker bit. */
function tear(packet: Buffer): Buffer[] {
  const more = Buffer.concat([packet.subarray(0, 12), Buffer.of(0x41, 0x40, 1, 2, 3)]);
  more.writeUInt16BE((2 * packet.readUInt16BE(2) + 1) % 65_536, 2);
  const first = Buffer.from(packet);
  first.writeUInt16BE((2 * packet.readUInt16BE(2)) % 65_536, 2);
  first[1] = 0x80 | 96;
  return [first, more];
}

function digestFields({ headers }: FakeRequest): Map<string, string> {
  // What goes over the line is UTF-8.
  const header = Buffer.from(headers.get('authorization') ?? '', 'latin1').toString('utf8');
  return new Map(
    [...header.matchAll(/(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/g)].map(([, name = '', quoted, bare]) => [
      name,
      quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '',
    ]),
  );
}
