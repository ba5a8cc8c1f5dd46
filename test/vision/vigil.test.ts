import { describe, expect, it } from 'vitest';
import type { Frame } from '../../src/camera/types.ts';
import { Vigil } from '../../src/vision/vigil.ts';

const [WIDTH, HEIGHT] = [640, 360];
const FRAME_MS = 1000 / 15;

interface Scene {
  /** Level of the hall. */
  readonly level?: number;
  /** Half the range of the noise. */
  readonly noise?: number;
  /** Left border and side of a dark square that stands in the hall. */
  readonly square?: readonly [number, number];
}

/** A camera that shows a hall; frame `n` of 15 a second. */
function frame(n: number, { level = 120, noise = 0, square }: Scene = {}): Frame {
  let state = n + 1;
  const data = new Uint8Array((WIDTH * HEIGHT * 3) / 2).fill(128);
  for (let i = 0; i < WIDTH * HEIGHT; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    data[i] = level + Math.round(noise * (state / 2 ** 31 - 1));
  }
  if (square !== undefined) {
    const [left, side] = square;
    for (let y = 100; y < 100 + side; y++) data.fill(60, y * WIDTH + left, y * WIDTH + left + side);
  }
  const picture = { format: 'yuv420p' as const, width: WIDTH, height: HEIGHT, data };
  return { camera: 'test', seq: n, capturedAt: n * FRAME_MS, picture, release: () => {} };
}

/** The numbers of the frames that are searched, of those from `from` to `to`. */
function searched(
  vigil: Vigil,
  from: number,
  to: number,
  scene: (n: number) => Scene = () => ({}),
): number[] {
  const numbers = Array.from({ length: to - from }, (_, i) => from + i);
  return numbers.filter((n) => vigil.due(frame(n, scene(n)), false));
}

describe('Vigil', () => {
  it('searches every frame while the interval is 0', () => {
    expect(searched(new Vigil(0), 0, 30)).toHaveLength(30);
  });

  it('searches an empty hall every interval, after a second of every frame at first', () => {
    const vigil = new Vigil(500);
    expect(searched(vigil, 0, 16)).toHaveLength(15);
    const idle = searched(vigil, 16, 76);
    expect(idle.length).toBeLessThanOrEqual(8);
    expect(idle.length).toBeGreaterThanOrEqual(7);
  });

  it('takes the noise of a dark hall for nothing', () => {
    const vigil = new Vigil(500);
    const dark = { level: 40, noise: 20 };
    searched(vigil, 0, 60, () => dark);
    expect(searched(vigil, 60, 120, () => dark).length).toBeLessThanOrEqual(8);
  });

  it('searches the first frame that shows somebody, and every frame of a second after it', () => {
    const vigil = new Vigil(2000);
    searched(vigil, 0, 40, () => ({ noise: 4 }));
    const seen = searched(vigil, 40, 70, (n) => ({ noise: 4, ...(n >= 47 ? { square: [300, 64] } : {}) }));
    expect(seen).toEqual(expect.arrayContaining(Array.from({ length: 15 }, (_, i) => 47 + i)));
  });

  it('searches every frame in which somebody moves who is not found', () => {
    const vigil = new Vigil(2000);
    searched(vigil, 0, 40);
    expect(searched(vigil, 40, 80, (n) => ({ square: [4 * n, 64] }))).toHaveLength(40);
  });

  it('searches when the light goes on, and every frame while somebody is in view', () => {
    const vigil = new Vigil(2000);
    searched(vigil, 0, 40);
    expect(searched(vigil, 40, 41, () => ({ level: 160 }))).toEqual([40]);
    for (let n = 41; n < 80; n++) expect(vigil.due(frame(n, { level: 160 }), true)).toBe(true);
  });

  it('begins anew with a picture of another size', () => {
    const vigil = new Vigil(2000);
    searched(vigil, 0, 40);
    const data = new Uint8Array((320 * 180 * 3) / 2).fill(120);
    const picture = { format: 'yuv420p' as const, width: 320, height: 180, data };
    expect(vigil.due({ ...frame(40), picture }, false)).toBe(true);
  });
});
