import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Picture } from '../../src/camera/types.ts';
import { drawTimecode, makeTestVideo, readTimecode } from '../support/rtsp.ts';

const WIDTH = 640;
const HEIGHT = 360;

function grey(format: Picture['format'], value: number): Picture {
  const size = format === 'rgb24' ? WIDTH * HEIGHT * 3 : (WIDTH * HEIGHT * 3) / 2;
  return { format, width: WIDTH, height: HEIGHT, data: new Uint8Array(size).fill(value) };
}

describe('timecode', () => {
  it('is read back as drawn, in yuv420p and rgb24', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 20 - 1 }),
        fc.constantFrom('yuv420p', 'rgb24'),
        (n, format) => {
          const picture = grey(format as Picture['format'], 77);
          drawTimecode(picture.data, WIDTH, HEIGHT, n);
          expect(readTimecode(picture)).toBe(n);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('reads nothing where nothing is drawn or a block is damaged', () => {
    for (const value of [0, 16, 128, 235, 255]) expect(readTimecode(grey('yuv420p', value))).toBeNull();
    const picture = grey('yuv420p', 77);
    drawTimecode(picture.data, WIDTH, HEIGHT, 1234);
    for (let y = HEIGHT - 16; y < HEIGHT; y++) picture.data.fill(235, y * WIDTH + 160, y * WIDTH + 176);
    expect(readTimecode(picture)).toBeNull();
  });

  it('refuses a picture that is too small and a number that is too large', () => {
    expect(() => drawTimecode(new Uint8Array(320 * 240), 320, 240, 1)).toThrow(/480 x 16/);
    expect(() => drawTimecode(new Uint8Array(WIDTH * HEIGHT), WIDTH, HEIGHT, 2 ** 20)).toThrow(/1048575/);
  });

  it('survives a real H.264 encode: every picture tells its own number', async () => {
    const file = await makeTestVideo({ frames: 60 });
    const { stdout } = spawnSync(
      'ffmpeg',
      ['-v', 'error', '-i', file, '-f', 'rawvideo', '-pix_fmt', 'yuv420p', 'pipe:1'],
      {
        maxBuffer: 1e9,
      },
    );
    const size = (WIDTH * HEIGHT * 3) / 2;
    const numbers = Array.from({ length: stdout.length / size }, (_, i) =>
      readTimecode({
        format: 'yuv420p',
        width: WIDTH,
        height: HEIGHT,
        data: stdout.subarray(i * size, (i + 1) * size),
      }),
    );
    expect(numbers).toEqual(Array.from({ length: 60 }, (_, i) => i));
  });
});
