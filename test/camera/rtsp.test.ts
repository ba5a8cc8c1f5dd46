import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { monotonicMs } from '../../src/common/index.ts';
import { makeTestVideo, readTimecode } from '../support/rtsp.ts';
import { eventually, ffmpegPid, isGone, staged } from './support.ts';

/** The sender may push a picture this much later than its time stamp says: it then counts as older than it is, never as younger. */
const SENDER_LATE_MS = 250;
const READERS = ['auto', 'ffmpeg'] as const;

let file = '';
let folder = '';

beforeAll(async () => {
  file = await makeTestVideo();
  folder = await mkdtemp(join(tmpdir(), 'menshen-camera-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Send times of the access units by their index, from the server's log. */
function sendTimes(log: string): Map<number, number> {
  const times = new Map<number, number>();
  for (const line of readFileSync(log, 'utf8').split('\n').filter(Boolean)) {
    const { unit, sent } = JSON.parse(line) as { unit: number; sent: number };
    times.set(unit, sent);
  }
  return times;
}

describe.concurrent('RTSP camera', () => {
  it.each(READERS)(
    'delivers frames in order, intact, with capture times that follow the sending (reader: %s)',
    async (reader) => {
      await staged(async (stage) => {
        const log = join(folder, `order-${reader}.log`);
        const server = await stage.serve({ file, log });
        const camera = stage.watch({ source: server.url, reader });
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
          expect(delay).toBeGreaterThan(-SENDER_LATE_MS);
          expect(delay).toBeLessThan(250);
        }
        expect(camera.camera.stats()).toMatchObject({ restarts: 0, timestamps: 'stream' });
      })();
    },
  );

  it(
    'gives the newest frame to a slow reader and counts what it dropped',
    staged(async (stage) => {
      const server = await stage.serve({ file });
      const camera = stage.watch({ source: server.url });
      const first = await camera.frame();
      first.release();
      const before = camera.camera.stats();
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const next = await camera.frame();
      expect(monotonicMs() - next.capturedAt).toBeLessThan(250);
      expect(next.seq - first.seq).toBeGreaterThanOrEqual(13);
      expect(camera.camera.stats().dropped - before.dropped).toBe(next.seq - first.seq - 1);
      next.release();
    }),
  );

  it(
    'goes on when the reader holds every buffer, and never writes into a held picture',
    staged(async (stage) => {
      const server = await stage.serve({ file });
      const camera = stage.watch({ source: server.url });
      const held = [];
      for (let i = 0; i < 4; i++) held.push(await camera.frame());
      const codes = held.map((frame) => readTimecode(frame.picture));
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(held.map((frame) => readTimecode(frame.picture))).toEqual(codes);
      for (const frame of held) frame.release();
      const after = await camera.frame();
      expect(readTimecode(after.picture)).toBeGreaterThan(codes[3] ?? 0);
      after.release();
    }),
  );

  it.each(READERS)('connects again after the camera was killed (reader: %s)', async (reader) => {
    await staged(async (stage) => {
      const server = await stage.serve({ file });
      const camera = stage.watch({ source: server.url, reader });
      (await camera.frame()).release();
      server.kill('SIGKILL');
      expect((await camera.until('down')).code).toBe('CAMERA_ENDED');
      await server.stop();
      await stage.serve({ file, port: server.port });
      await camera.until('streaming', 10_000);
      (await camera.frame()).release();
      expect(camera.camera.stats().restarts).toBeGreaterThanOrEqual(1);
    })();
  });

  it(
    'notices a camera that goes silent while its connection stands, and one that hangs',
    staged(async (stage) => {
      const server = await stage.serve({ file });
      const camera = stage.watch({ source: server.url });
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
    }),
  );

  it(
    'replaces an ffmpeg that hangs or is killed',
    staged(async (stage) => {
      const server = await stage.serve({ file });
      const camera = stage.watch({ source: server.url });
      await camera.until('streaming');
      const first = ffmpegPid(camera.id);
      process.kill(first, 'SIGSTOP');
      expect((await camera.until('down')).code).toBe('CAMERA_STALLED');
      await camera.until('streaming');
      expect(isGone(first)).toBe(true);
      const second = ffmpegPid(camera.id);
      process.kill(second, 'SIGKILL');
      expect(await camera.until('down')).toMatchObject({
        code: 'CAMERA_ENDED',
        message: expect.stringContaining('SIGKILL'),
      });
      await camera.until('streaming');
      await eventually(() => isGone(second));
    }),
  );

  it.each(READERS)(
    'knows the true age of frames that waited while ffmpeg was stopped (reader: %s)',
    async (reader) => {
      await staged(async (stage) => {
        const log = join(folder, `backlog-${reader}.log`);
        const server = await stage.serve({ file, log });
        const camera = stage.watch({ source: server.url, reader, stallMs: 5000 });
        const normal = await camera.frame();
        normal.release();
        const ffmpeg = ffmpegPid(camera.id);
        process.kill(ffmpeg, 'SIGSTOP');
        await new Promise((resolve) => setTimeout(resolve, 2000));
        process.kill(ffmpeg, 'SIGCONT');
        const sent: { code: number; age: number; at: number }[] = [];
        for (let i = 0; i < 45; i++) {
          const frame = await camera.frame();
          const at = monotonicMs();
          const code = readTimecode(frame.picture);
          if (code !== null) sent.push({ code, age: at - frame.capturedAt, at });
          frame.release();
        }
        const times = sendTimes(log);
        const errors = sent.map(({ code, age, at }) => age - (at - (times.get(code) ?? 0)));
        expect(Math.max(...sent.map(({ age }) => age))).toBeGreaterThan(1000);
        expect(Math.min(...errors)).toBeGreaterThan(-100);
        expect(Math.max(...errors)).toBeLessThan(SENDER_LATE_MS);
        expect(sent.at(-1)?.age).toBeLessThan(250);
      })();
    },
  );

  it(
    'stops within a moment in every state, and can be stopped twice',
    staged(async (stage) => {
      const server = await stage.serve({ file });
      const streaming = stage.watch({ source: server.url });
      await streaming.until('streaming');
      const waiting = stage.watch({ source: 'rtsp://127.0.0.1:9/none' });
      await waiting.until('down');
      const connecting = stage.watch({ source: server.url });
      await connecting.until('connecting');
      const next = connecting.camera.next();
      const from = monotonicMs();
      for (const { camera } of [streaming, waiting, connecting]) await camera.stop();
      expect(monotonicMs() - from).toBeLessThan(500);
      expect(await next).toBeNull();
      expect(await streaming.camera.next()).toBeNull();
      expect(streaming.states.at(-1)).toEqual({ state: 'stopped' });
      await streaming.camera.stop();
    }),
  );
});
