import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { monotonicMs } from '../../src/common/index.ts';
import { ffmpegPid, staged } from '../camera/support.ts';
import { makeTestVideo, readTimecode, startRtspServer } from '../support/rtsp.ts';

const KILLS = 4;
const SOAK_S = 75;
/** Longer than it takes for a stream to count as sound, so that each death is a first failure. */
const SOUND_MS = 10_500;

let file = '';
beforeAll(async () => {
  file = await makeTestVideo({ frames: 900, gop: 15 });
});

describe('camera over a long time', () => {
  it(
    `survives ${KILLS} deaths of the camera and ${KILLS} of ffmpeg, and says how long each took`,
    staged(async (stage) => {
      let server = await startRtspServer({ file });
      const camera = stage.watch({ source: server.url });
      await camera.until('streaming');
      const back: number[] = [];
      try {
        for (let i = 0; i < 2 * KILLS; i++) {
          await new Promise((resolve) => setTimeout(resolve, SOUND_MS));
          if (i % 2 === 0) {
            server.kill('SIGKILL');
            await server.stop();
            await camera.until('down');
            server = await startRtspServer({ file, port: server.port });
          } else {
            process.kill(ffmpegPid(camera.id), i % 4 === 1 ? 'SIGKILL' : 'SIGSTOP');
            await camera.until('down');
          }
          const from = monotonicMs();
          await camera.until('streaming', 30_000);
          back.push(monotonicMs() - from);
          const frame = await camera.frame();
          expect(readTimecode(frame.picture)).not.toBeNull();
          frame.release();
        }
      } finally {
        await camera.camera.stop();
        await server.stop();
      }
      back.sort((a, b) => a - b);
      console.log(
        `back after median ${back[KILLS]?.toFixed(0)} ms, worst ${back.at(-1)?.toFixed(0)} ms, of ${back.length}`,
      );
      expect(back).toHaveLength(2 * KILLS);
    }),
  );

  it(
    `streams for ${SOAK_S} s without growing, losing order or losing pictures`,
    staged(async (stage) => {
      const server = await stage.serve({ file });
      const camera = stage.watch({ source: server.url });
      (await camera.frame()).release();
      const ffmpeg = ffmpegPid(camera.id);
      const memory = (): number[] => [rssKb(process.pid), rssKb(ffmpeg)];
      const end = monotonicMs() + SOAK_S * 1000;
      let before: number[] | null = null;
      let last: number | null = null;
      let gaps = 0;
      let oldest = 0;
      while (monotonicMs() < end) {
        const frame = await camera.frame();
        const code = readTimecode(frame.picture);
        if (last !== null && code !== (last + 1) % 900) gaps++;
        last = code;
        oldest = Math.max(oldest, monotonicMs() - frame.capturedAt);
        frame.release();
        if (before === null && end - monotonicMs() < (SOAK_S - 30) * 1000) before = memory();
      }
      const after = memory();
      console.log(
        `memory ${before} -> ${after} KiB (this process, ffmpeg), oldest frame ${oldest.toFixed(0)} ms, ${gaps} gaps`,
      );
      expect(gaps).toBe(0);
      expect(after[1]).toBeLessThan((before?.[1] ?? 0) + 2048);
      expect(after[0]).toBeLessThan((before?.[0] ?? 0) + 40_000);
      expect(camera.camera.stats().restarts).toBe(0);
    }),
  );

  it(
    'does not blame the camera when our own process was blocked, and knows the pictures that waited as old',
    staged(async (stage) => {
      const server = await stage.serve({ file });
      const camera = stage.watch({ source: server.url, stallMs: 1000 });
      (await camera.frame()).release();
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000);
      const ages: number[] = [];
      for (let i = 0; i < 90; i++) {
        const frame = await camera.frame();
        ages.push(monotonicMs() - frame.capturedAt);
        frame.release();
      }
      expect(Math.max(...ages)).toBeGreaterThan(1500);
      expect(ages.at(-1)).toBeLessThan(250);
      expect(camera.camera.stats().restarts).toBe(0);
    }),
  );
});

function rssKb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}
