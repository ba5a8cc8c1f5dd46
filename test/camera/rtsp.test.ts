import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { monotonicMs } from '../../src/common/index.ts';
import {
  makeTestVideo,
  type RtspServer,
  type RtspServerOptions,
  readTimecode,
  startRtspServer,
} from '../support/rtsp.ts';
import { eventually, ffmpegPids, isGone, type Watched, watchCamera } from './support.ts';

let video = '';
let folder = '';
const servers: RtspServer[] = [];
const cameras: Watched[] = [];

beforeAll(async () => {
  video = await makeTestVideo();
  folder = await mkdtemp(join(tmpdir(), 'menshen-camera-'));
});
afterEach(async () => {
  await Promise.all(cameras.splice(0).map(({ camera }) => camera.stop()));
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  expect(ffmpegPids(process.pid)).toEqual([]);
});
afterAll(() => rm(folder, { recursive: true }));

async function serve(options: Partial<RtspServerOptions> = {}): Promise<RtspServer> {
  const server = await startRtspServer({ file: video, ...options });
  servers.push(server);
  return server;
}

function watch(...args: Parameters<typeof watchCamera>): Watched {
  const watched = watchCamera(...args);
  cameras.push(watched);
  return watched;
}

/** Send times of the access units by their index, from the server's log. */
function sendTimes(log: string): Map<number, number> {
  const times = new Map<number, number>();
  for (const line of readFileSync(log, 'utf8').split('\n').filter(Boolean)) {
    const { unit, sent } = JSON.parse(line) as { unit: number; sent: number };
    times.set(unit, sent);
  }
  return times;
}

describe('RTSP camera', () => {
  it('delivers frames in order, intact, with capture times that follow the sending', async () => {
    const log = join(folder, 'order.log');
    const server = await serve({ log });
    const camera = watch({ source: server.url });
    expect(await camera.until('streaming')).toMatchObject({ width: 640, height: 360 });
    const seen: { code: number | null; capturedAt: number; seq: number }[] = [];
    for (let i = 0; i < 20; i++) {
      const frame = await camera.frame();
      seen.push({ code: readTimecode(frame.picture), capturedAt: frame.capturedAt, seq: frame.seq });
      frame.release();
    }
    const sent = sendTimes(log);
    for (const [i, { code, capturedAt, seq }] of seen.entries()) {
      const first = seen[0];
      expect(code).toBe((first?.code ?? 0) + i);
      expect(seq).toBe((first?.seq ?? 0) + i);
      const delay = capturedAt - (sent.get(code ?? -1) ?? 0);
      expect(delay).toBeGreaterThan(-1);
      expect(delay).toBeLessThan(150);
    }
    expect(camera.camera.stats()).toMatchObject({ restarts: 0, timestamps: 'stream' });
  });

  it('gives the newest frame to a slow reader and counts what it dropped', async () => {
    const server = await serve();
    const camera = watch({ source: server.url });
    const first = await camera.frame();
    first.release();
    const before = camera.camera.stats();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const next = await camera.frame();
    expect(monotonicMs() - next.capturedAt).toBeLessThan(150);
    expect(next.seq - first.seq).toBeGreaterThanOrEqual(13);
    expect(camera.camera.stats().dropped - before.dropped).toBe(next.seq - first.seq - 1);
    next.release();
  });

  it('goes on when the reader holds every buffer, and never writes into a held picture', async () => {
    const server = await serve();
    const camera = watch({ source: server.url });
    const held = [];
    for (let i = 0; i < 4; i++) held.push(await camera.frame());
    const codes = held.map((frame) => readTimecode(frame.picture));
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(held.map((frame) => readTimecode(frame.picture))).toEqual(codes);
    for (const frame of held) frame.release();
    const after = await camera.frame();
    expect(readTimecode(after.picture)).toBeGreaterThan(codes[3] ?? 0);
    after.release();
  });

  it('connects again after the camera was killed', async () => {
    const server = await serve();
    const camera = watch({ source: server.url });
    (await camera.frame()).release();
    server.kill('SIGKILL');
    expect((await camera.until('down')).code).toBe('CAMERA_ENDED');
    await server.stop();
    await serve({ port: server.port });
    await camera.until('streaming', 10_000);
    (await camera.frame()).release();
    expect(camera.camera.stats().restarts).toBeGreaterThanOrEqual(1);
  });

  it('notices a camera that goes silent while its connection stands, and one that hangs', async () => {
    const server = await serve();
    const camera = watch({ source: server.url });
    await camera.until('streaming');
    const from = monotonicMs();
    server.kill('SIGUSR1');
    const down = await camera.until('down');
    expect(down.code).toBe('CAMERA_STALLED');
    expect(monotonicMs() - from).toBeGreaterThan(800);
    expect(monotonicMs() - from).toBeLessThan(1600);
    server.kill('SIGUSR2');
    await camera.until('streaming');
    server.kill('SIGSTOP');
    expect((await camera.until('down')).code).toBe('CAMERA_STALLED');
    server.kill('SIGCONT');
    await camera.until('streaming');
  });

  it('replaces an ffmpeg that hangs or is killed', async () => {
    const server = await serve();
    const camera = watch({ source: server.url });
    await camera.until('streaming');
    const [first] = ffmpegPids(process.pid);
    process.kill(first ?? 0, 'SIGSTOP');
    expect((await camera.until('down')).code).toBe('CAMERA_STALLED');
    await camera.until('streaming');
    expect(isGone(first ?? 0)).toBe(true);
    const [second] = ffmpegPids(process.pid);
    process.kill(second ?? 0, 'SIGKILL');
    expect(await camera.until('down')).toMatchObject({
      code: 'CAMERA_ENDED',
      message: expect.stringContaining('SIGKILL'),
    });
    await camera.until('streaming');
    await eventually(() => isGone(second ?? 0));
  });

  it('knows the true age of frames that waited while ffmpeg was stopped', async () => {
    const log = join(folder, 'backlog.log');
    const server = await serve({ log });
    const camera = watch({ source: server.url, stallMs: 5000 });
    const normal = await camera.frame();
    normal.release();
    const [ffmpeg] = ffmpegPids(process.pid);
    process.kill(ffmpeg ?? 0, 'SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 2000));
    process.kill(ffmpeg ?? 0, 'SIGCONT');
    const sent: { code: number; age: number; at: number }[] = [];
    for (let i = 0; i < 20; i++) {
      const frame = await camera.frame();
      const at = monotonicMs();
      const code = readTimecode(frame.picture);
      if (code !== null) sent.push({ code, age: at - frame.capturedAt, at });
      frame.release();
    }
    const times = sendTimes(log);
    const errors = sent.map(({ code, age, at }) => age - (at - (times.get(code) ?? 0)));
    expect(Math.max(...sent.map(({ age }) => age))).toBeGreaterThan(1000);
    expect(Math.min(...errors)).toBeGreaterThan(-150);
    expect(Math.max(...errors)).toBeLessThan(20);
    expect(sent.at(-1)?.age).toBeLessThan(150);
  });

  it('stops within a moment in every state, and can be stopped twice', async () => {
    const server = await serve();
    const streaming = watch({ source: server.url });
    await streaming.until('streaming');
    const waiting = watch({ source: 'rtsp://127.0.0.1:9/none' });
    await waiting.until('down');
    const connecting = watch({ source: server.url });
    await connecting.until('connecting');
    const next = connecting.camera.next();
    const from = monotonicMs();
    for (const { camera } of [streaming, waiting, connecting]) await camera.stop();
    expect(monotonicMs() - from).toBeLessThan(500);
    expect(await next).toBeNull();
    expect(await streaming.camera.next()).toBeNull();
    expect(streaming.states.at(-1)).toEqual({ state: 'stopped' });
    await streaming.camera.stop();
  });
});
