import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { monotonicMs } from '../../src/common/index.ts';
import { makeTestVideo, readTimecode } from '../support/rtsp.ts';
import { staged } from './support.ts';

const root = mkdtempSync(join(tmpdir(), 'menshen-files-'));
afterAll(() => rm(root, { recursive: true }));

async function folderOf(pictures: Readonly<Record<string, Buffer>>): Promise<string> {
  const folder = mkdtempSync(join(root, 'folder-'));
  for (const [name, data] of Object.entries(pictures)) writeFileSync(join(folder, name), data);
  return folder;
}

function solid(red: number, width = 32, height = 24): Sharp {
  return sharp({ create: { width, height, channels: 3, background: { r: red, g: 0, b: 0 } } });
}

describe.concurrent('a video file', () => {
  it(
    'is shown in real time, every picture, and ends with null',
    staged(async (stage) => {
      const camera = stage.watch({ source: await makeTestVideo({ frames: 20 }), loop: false });
      const codes: (number | null)[] = [];
      const times: number[] = [];
      for (;;) {
        const frame = await camera.camera.next();
        if (frame === null) break;
        codes.push(readTimecode(frame.picture));
        times.push(frame.capturedAt);
        frame.release();
      }
      expect(codes).toEqual(Array.from({ length: 20 }, (_, i) => i));
      const took = (times.at(-1) ?? 0) - (times[0] ?? 0);
      expect(took).toBeGreaterThan(19 * 66 - 500);
      expect(took).toBeLessThan(19 * 67 + 500);
      expect(camera.states.at(-1)).toEqual({ state: 'stopped' });
    }),
  );

  it.each(['h264', 'mp4'])('begins again at its end when asked to, without a failure (%s)', async (type) => {
    await staged(async (stage) => {
      const raw = await makeTestVideo({ frames: 10 });
      const source = type === 'h264' ? raw : join(root, 'short.mp4');
      if (type === 'mp4') execFileSync('ffmpeg', ['-v', 'error', '-i', raw, '-c', 'copy', source]);
      const camera = stage.watch({ source });
      const codes: (number | null)[] = [];
      for (let i = 0; i < 25; i++) {
        const frame = await camera.frame();
        codes.push(readTimecode(frame.picture));
        frame.release();
      }
      expect(codes).toEqual(Array.from({ length: 25 }, (_, i) => i % 10));
      expect(camera.camera.stats()).toMatchObject({ restarts: 0, timestamps: 'stream' });
      expect(camera.states.some(({ state }) => state === 'down')).toBe(false);
    })();
  });

  it(
    'that is none is told as such',
    staged(async (stage) => {
      const source = join(root, 'letter.mp4');
      writeFileSync(source, 'Dear camera, I am no video. '.repeat(100));
      const camera = stage.watch({ source });
      expect((await camera.until('down')).code).toBe('CAMERA_UNDECODABLE');
    }),
  );
});

describe.concurrent('a folder of pictures', () => {
  it(
    'is shown in natural order at the set pace, each picture in its own size, and ends with null',
    staged(async (stage) => {
      const source = await folderOf({
        'p10.png': await solid(250, 48, 16).png().toBuffer(),
        'p9.jpg': await solid(150).withMetadata({ orientation: 6 }).jpeg({ quality: 95 }).toBuffer(),
        'p1.webp': await solid(50).webp({ lossless: true }).toBuffer(),
        'p2.jpg': Buffer.from('not a picture'),
        'notes.txt': Buffer.from('not even called a picture'),
      });
      const camera = stage.watch({ source, fps: 10, loop: false });
      const from = monotonicMs();
      const seen: [number, number, number][] = [];
      for (;;) {
        const frame = await camera.camera.next();
        if (frame === null) break;
        expect(frame.picture.format).toBe('rgb24');
        expect(frame.picture.data.length).toBe(frame.picture.width * frame.picture.height * 3);
        expect(monotonicMs() - frame.capturedAt).toBeLessThan(100);
        seen.push([
          frame.picture.width,
          frame.picture.height,
          Math.round((frame.picture.data[0] ?? 0) / 10) * 10,
        ]);
        frame.release();
      }
      expect(seen).toEqual([
        [32, 24, 50],
        [24, 32, 150],
        [48, 16, 250],
      ]);
      expect(monotonicMs() - from).toBeGreaterThan(290);
      expect(camera.states.filter(({ state }) => state === 'streaming')).toHaveLength(3);
    }),
  );

  it(
    'begins again at its end when asked to, until stopped',
    staged(async (stage) => {
      const source = await folderOf({
        'a.png': await solid(10).png().toBuffer(),
        'b.png': await solid(20).png().toBuffer(),
      });
      const camera = stage.watch({ source, fps: 50 });
      const reds: (number | undefined)[] = [];
      for (let i = 0; i < 6; i++) {
        const frame = await camera.frame();
        reds.push(frame.picture.data[0]);
        frame.release();
      }
      expect(reds).toEqual([10, 20, 10, 20, 10, 20]);
    }),
  );

  it(
    'without a readable picture is told as such',
    staged(async (stage) => {
      const empty = stage.watch({ source: await folderOf({}) });
      const broken = stage.watch({ source: await folderOf({ 'a.jpg': Buffer.from('x') }) });
      expect((await empty.until('down')).code).toBe('CAMERA_SOURCE_INVALID');
      expect((await broken.until('down')).code).toBe('CAMERA_UNDECODABLE');
    }),
  );
});
