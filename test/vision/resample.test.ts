import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockMeans } from '../../src/vision/block-means.ts';
import type { Raster } from '../../src/vision/raster.ts';
import { resample } from '../../src/vision/resample.ts';
import { sampleSimilar } from '../../src/vision/sample-similar.ts';
import { type Edge, type Shrinking, Taps } from '../../src/vision/taps.ts';
import { workbench } from '../../src/vision/workbench.ts';

/** A raster of pseudo-random bytes, its memory beginning `shift` bytes off a word. */
function randomRaster(width: number, height: number, channels: 1 | 3, shift: number, seed: number): Raster {
  const stride = width * channels;
  const data = new Uint8Array(new ArrayBuffer(stride * height + shift + 8), shift, stride * height);
  let state = seed | 1;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    data[i] = state >>> 24;
  }
  return { data, offset: 0, stride, width, height, channels };
}

/** The planes, one a channel. */
function resampled(raster: Raster, columns: Taps, rows: Taps, blank: readonly number[]): Float32Array[] {
  workbench.begin(columns.length * rows.length);
  for (const plane of [0, 1, 2]) workbench.plane(plane).fill(Number.NaN);
  resample(raster, columns, rows, 0, blank);
  return Array.from({ length: raster.channels }, (_, c) => workbench.plane(c).slice());
}

/** The same by definition: one output sample, integrating or interpolating pixel by pixel in floating point. */
function reference(
  raster: Raster,
  c: number,
  columns: readonly [from: number, scale: number],
  rows: readonly [from: number, scale: number],
  edge: Edge,
  shrinking: Shrinking,
  blank: number,
): number {
  let sum = 0;
  let missing = 1;
  for (const [x, wx] of weights(columns, shrinking)) {
    for (const [y, wy] of weights(rows, shrinking)) {
      const outside = x < 0 || y < 0 || x >= raster.width || y >= raster.height;
      if (outside && edge === 'blank') continue;
      const column = Math.min(Math.max(x, 0), raster.width - 1);
      const row = Math.min(Math.max(y, 0), raster.height - 1);
      sum += wx * wy * raster.data[row * raster.stride + column * raster.channels + c];
      missing -= wx * wy;
    }
  }
  return sum + blank * missing;
}

function weights([from, scale]: readonly [number, number], shrinking: Shrinking): [number, number][] {
  if (scale < 1 || shrinking === 'interpolate') {
    const centre = from + scale / 2 - 0.5;
    const left = Math.floor(centre);
    return [
      [left, left + 1 - centre],
      [left + 1, centre - left],
    ];
  }
  const all: [number, number][] = [];
  for (let k = Math.floor(from); k < from + scale; k++) {
    all.push([k, (Math.min(k + 1, from + scale) - Math.max(k, from)) / scale]);
  }
  return all;
}

const size = fc.integer({ min: 1, max: 41 });
const scenario = fc.record({
  width: size,
  height: size,
  channels: fc.constantFrom(1 as const, 3 as const),
  shift: fc.constantFrom(0, 1),
  seed: fc.integer(),
  outWidth: fc.integer({ min: 1, max: 12 }),
  outHeight: fc.integer({ min: 1, max: 12 }),
  x: fc.double({ min: -30, max: 50, noNaN: true }),
  y: fc.double({ min: -30, max: 50, noNaN: true }),
  boxWidth: fc.double({ min: 0.5, max: 70, noNaN: true }),
  boxHeight: fc.double({ min: 0.5, max: 70, noNaN: true }),
  edge: fc.constantFrom<Edge>('blank', 'repeat'),
  shrinking: fc.constantFrom<Shrinking>('average', 'interpolate'),
});

describe('resample', () => {
  it('agrees with the definition for any box, edge and memory layout', () => {
    fc.assert(
      fc.property(scenario, (s) => {
        const raster = randomRaster(s.width, s.height, s.channels, s.shift, s.seed);
        const columns = new Taps(s.outWidth, s.shrinking);
        const rows = new Taps(s.outHeight, s.shrinking);
        // Planned twice: what an earlier plan left behind must not shine through.
        columns.plan(-3, 17, s.width, 'repeat');
        columns.plan(s.x, s.boxWidth, s.width, s.edge);
        rows.plan(s.y, s.boxHeight, s.height, s.edge);
        const area = s.outWidth * s.outHeight;
        const out = resampled(raster, columns, rows, [16, 128, 200]);
        for (let c = 0; c < s.channels; c++) {
          for (let i = 0; i < area; i++) {
            const scaleX = s.boxWidth / s.outWidth;
            const scaleY = s.boxHeight / s.outHeight;
            const expected = reference(
              raster,
              c,
              [s.x + (i % s.outWidth) * scaleX, scaleX],
              [s.y + Math.floor(i / s.outWidth) * scaleY, scaleY],
              s.edge,
              s.shrinking,
              [16, 128, 200][c],
            );
            // Weights are in 1/256 and rounded on both axes.
            expect(Math.abs(out[c][i] - expected)).toBeLessThan(3);
          }
        }
      }),
      { numRuns: 400 },
    );
  });

  it.each([
    [1280, 320, 4],
    [640, 320, 2],
    [960, 320, 3],
  ])('averages whole blocks exactly: %i to %i', (width, outWidth, factor) => {
    const height = 8 * factor;
    const raster = randomRaster(width, height, 1, 0, 7);
    const columns = new Taps(outWidth, 'average');
    const rows = new Taps(10, 'average');
    columns.plan(0, width, width, 'blank');
    rows.plan(-factor, 10 * factor, height, 'blank');
    const [out] = resampled(raster, columns, rows, [16]);
    for (let y = 1; y < 9; y++) {
      for (let x = 0; x < outWidth; x++) {
        let sum = 0;
        for (let j = 0; j < factor; j++) {
          for (let i = 0; i < factor; i++)
            sum += raster.data[((y - 1) * factor + j) * width + x * factor + i];
        }
        expect(out[y * outWidth + x]).toBeCloseTo(sum / factor / factor, factor === 3 ? -0.5 : 4);
      }
    }
    expect([out[0], out[outWidth - 1], out[9 * outWidth]]).toEqual([16, 16, 16]);
  });

  it('keeps an even grey exactly even, whatever the factor', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 255 }),
        fc.integer({ min: 4, max: 60 }),
        fc.double({ min: 1, max: 59, noNaN: true }),
        (grey, width, boxWidth) => {
          const raster = { ...randomRaster(width, width, 1, 0, 1) };
          raster.data.fill(grey);
          const taps = new Taps(7, 'average');
          taps.plan(1, boxWidth, width, 'repeat');
          const [out] = resampled(raster, taps, taps, [0]);
          for (const value of out) expect(value).toBeCloseTo(grey, 4);
        },
      ),
    );
  });
});

describe('blockMeans', () => {
  it('rounds the mean of every block, of any size, channels and place', () => {
    const blocks = fc.record({
      factor: fc.integer({ min: 2, max: 7 }),
      channels: fc.constantFrom(1 as const, 3 as const),
      x: fc.integer({ min: 0, max: 5 }),
      y: fc.integer({ min: 0, max: 5 }),
      width: fc.integer({ min: 1, max: 20 }),
      height: fc.integer({ min: 1, max: 4 }),
      seed: fc.integer(),
    });
    fc.assert(
      fc.property(blocks, ({ factor, channels, x, y, width, height, seed }) => {
        const raster = randomRaster((x + width) * factor + 1, (y + height) * factor, channels, 0, seed);
        const out = new Uint8Array(width * height * channels);
        const means = blockMeans(raster, factor, { x, y, width, height }, out);
        expect([means.width, means.height, means.stride]).toEqual([width, height, width * channels]);
        for (let i = 0; i < out.length; i++) {
          const [row, column, c] = [
            Math.floor(i / means.stride),
            Math.floor(i / channels) % width,
            i % channels,
          ];
          let sum = (factor * factor) >> 1;
          for (let j = 0; j < factor * factor; j++) {
            const at = ((y + row) * factor + Math.floor(j / factor)) * raster.stride;
            sum += raster.data[at + ((x + column) * factor + (j % factor)) * channels + c];
          }
          expect(out[i]).toBe(Math.floor(sum / (factor * factor)));
        }
      }),
    );
  });
});

describe('sampleSimilar', () => {
  it('interpolates between the four pixels around, turned and scaled, inside and over the border', () => {
    const SIDE = 16;
    const views = fc.record({
      channels: fc.constantFrom(1 as const, 3 as const),
      angle: fc.double({ min: -3.2, max: 3.2, noNaN: true }),
      scale: fc.double({ min: 0.2, max: 1.9, noNaN: true }),
      x: fc.double({ min: -10, max: 70, noNaN: true }),
      y: fc.double({ min: -10, max: 70, noNaN: true }),
      seed: fc.integer(),
    });
    fc.assert(
      fc.property(views, ({ channels, angle, scale, x, y, seed }) => {
        const raster = randomRaster(67, 61, channels, 0, seed);
        const [a, b] = [scale * Math.cos(angle), scale * Math.sin(angle)];
        workbench.begin(SIDE * SIDE);
        sampleSimilar(raster, { a, b, dx: x, dy: y }, SIDE, 0, [16, 128, 200]);
        for (let i = 0; i < SIDE * SIDE; i++) {
          const at = [
            a * (i % SIDE) - b * Math.floor(i / SIDE) + x,
            b * (i % SIDE) + a * Math.floor(i / SIDE) + y,
          ];
          for (let c = 0; c < channels; c++) {
            const blank = [16, 128, 200][c];
            const expected = reference(
              raster,
              c,
              [at[0] - 0.5, 1],
              [at[1] - 0.5, 1],
              'blank',
              'interpolate',
              blank,
            );
            expect(Math.abs(workbench.plane(c)[i] - expected)).toBeLessThan(3);
          }
        }
      }),
      { numRuns: 40 },
    );
  });
});
