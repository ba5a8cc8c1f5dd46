import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fuzz } from '../cloud-server/fuzz.ts';
import { call, NO_VIDEOS, openHouse, portrait, READY, VIDEOS } from '../cloud-server/support.ts';

const CASES = 20_000;

describe.skipIf(!READY)('The cloud server under 20,000 mutated requests', () => {
  it('answers each with a code of the catalogue, and does not grow', async () => {
    const house = await openHouse({ queue: 64 });
    const seed = Number(process.env.FUZZ_SEED ?? 20261122);
    const memory: number[] = [];
    try {
      const told = await fuzz(house, {
        cases: CASES,
        seed,
        ...(!NO_VIDEOS && { clip: shortClip() }),
        onProgress: (done) => {
          memory.push(process.memoryUsage().rss);
          if (done % 5000 === 0)
            console.log(`${done} cases, ${Math.round(process.memoryUsage().rss / 1e6)} MB`);
        },
      });
      console.log(
        [...told.codes]
          .sort((a, b) => b[1] - a[1])
          .map(([code, n]) => `${code} ${n}`)
          .join(', '),
      );
      expect(told.unanswered).toEqual([]);
      expect([...told.codes.values()].reduce((sum, count) => sum + count, 0)).toBe(CASES);
      expect(told.codes.size).toBeGreaterThan(25);
      // The first thousands fill caches and heap; afterwards it stands.
      const settled = memory[4] ?? 0;
      expect(memory.at(-1) ?? 0).toBeLessThan(settled * 1.5 + 100e6);
      const ImageData = (await portrait('ann')).toString('base64');
      const { json } = await call(house, 'detect', { Action: 'DetectFace', ImageData });
      expect(json).toMatchObject({ returnObj: { DetectCount: 1 } });
    } finally {
      await house.stop();
    }
  });
});

/** One second of somebody, small: thousands of mutations of it are decoded. */
function shortClip(): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'menshen-fuzz-'));
  const path = join(folder, 'clip.mp4');
  const input = ['-t', '1', '-i', join(VIDEOS, 'live-talk-grid-lwbsza.mp4'), '-an'];
  const size = ['-vf', 'fps=10,scale=-2:160', '-c:v', 'libx264', '-crf', '32'];
  execFileSync('ffmpeg', ['-loglevel', 'error', '-y', ...input, ...size, path]);
  const clip = readFileSync(path);
  rmSync(folder, { recursive: true });
  return clip;
}
