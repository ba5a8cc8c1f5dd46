import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Picture } from '../../src/camera/index.ts';
import { ARCFACE_POINTS, apply, fitSimilarity, invert } from '../../src/vision/align.ts';
import { AlignedSampler } from '../../src/vision/aligned-sampler.ts';
import type { FivePoints, Point } from '../../src/vision/index.ts';

const SIDE = 112;

/** The five points as they lie in a picture where the face is turned, scaled and shifted. */
function placed(scale: number, degrees: number, dx: number, dy: number): FivePoints {
  const angle = (degrees * Math.PI) / 180;
  const turn = { a: scale * Math.cos(angle), b: scale * Math.sin(angle), dx, dy };
  const [a, b, c, d, e] = ARCFACE_POINTS.map((point) => apply(turn, point));
  return [a, b, c, d, e];
}

/** A picture whose luma is a plane: every interpolation of it is exact, and so is the mean of any block about its centre. */
function slope(width: number, height: number): Picture {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++)
      data.fill(20 + ((x + y) >> 3), 3 * (y * width + x), 3 * (y * width + x) + 3);
  }
  return { format: 'rgb24', width, height, data };
}

describe('fitSimilarity', () => {
  it('finds a similarity again from five points, and its inverse undoes it', () => {
    const part = fc.double({ min: -500, max: 500, noNaN: true });
    fc.assert(
      fc.property(
        fc.double({ min: 0.05, max: 20, noNaN: true }),
        fc.double({ min: -180, max: 180, noNaN: true }),
        part,
        part,
        (scale, degrees, dx, dy) => {
          const found = fitSimilarity(ARCFACE_POINTS, placed(scale, degrees, dx, dy));
          expect(found).not.toBeNull();
          if (found === null) return;
          expect(Math.hypot(found.a, found.b)).toBeCloseTo(scale, 6);
          const point: Point = { x: 12.5, y: -7 };
          const back = apply(invert(found), apply(found, point));
          expect(back.x).toBeCloseTo(point.x, 5);
          expect(back.y).toBeCloseTo(point.y, 5);
        },
      ),
    );
  });

  it('has no answer for five points in one place', () => {
    const point = { x: 3, y: 4 };
    expect(fitSimilarity([point, point, point, point, point], ARCFACE_POINTS)).toBeNull();
  });
});

describe('AlignedSampler', () => {
  it.each([
    [0.5, 0],
    [1, 20],
    [1.7, -35],
    [2.3, 10],
    [3.9, 90],
  ])('sees the right place at scale %f, turned by %i degrees', (scale, degrees) => {
    const picture = slope(900, 900);
    const five = placed(scale, degrees, 450, 300);
    const grey = new Float32Array(3 * SIDE * SIDE);
    expect(new AlignedSampler().grey(picture, five, grey)).toBe(true);
    const toPicture = fitSimilarity(ARCFACE_POINTS, five);
    if (toPicture === null) throw new Error('no alignment');
    for (const [x, y] of [
      [3, 3],
      [56, 56],
      [108, 20],
      [20, 108],
    ]) {
      const at = apply(toPicture, { x, y });
      // The slope is in steps of eight pixels: half a level at most.
      expect(Math.abs(grey[y * SIDE + x] - (20 + (at.x + at.y - 1 - 3.5) / 8))).toBeLessThan(0.6);
    }
  });

  it('shows black beyond the picture, near and far', () => {
    const picture = slope(200, 200);
    const grey = new Float32Array(3 * SIDE * SIDE);
    const sampler = new AlignedSampler();
    sampler.grey(picture, placed(1, 0, -56, 0), grey);
    expect(grey[10 * SIDE + 5]).toBe(0);
    expect(grey[10 * SIDE + 100]).toBeGreaterThan(20);
    sampler.grey(picture, placed(3, 0, 5000, 5000), grey);
    expect(Math.max(...grey.subarray(0, SIDE * SIDE))).toBe(0);
  });

  it('looks again when the points or the picture are other ones', () => {
    const sampler = new AlignedSampler();
    const one = new Float32Array(3 * SIDE * SIDE);
    const other = new Float32Array(3 * SIDE * SIDE);
    const five = placed(1, 0, 20, 20);
    sampler.grey(slope(300, 300), five, one);
    const darker = slope(300, 300);
    darker.data.fill(9);
    sampler.grey(darker, five, other);
    expect(other[500]).toBeCloseTo(9, 3);
    sampler.grey(darker, placed(1, 0, 500, 500), other);
    expect(other[500]).toBe(0);
  });
});
