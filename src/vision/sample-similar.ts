import { apply, type Similarity } from './align.ts';
import type { Raster } from './raster.ts';
import type { Point } from './types.ts';
import { Band, workbench } from './workbench.ts';

/** Pixel centres lie half a pixel inside. */
const HALF = 0.5;
/** Positions in fixed point: 16 bits of fraction, so that a raster may be up to 32767 pixels wide. */
const ONE = 1 << 16;
const WIDEST = 1 << 15;
/** Covers what fixed point loses on the way across the square, in pixels. */
const MARGIN = 0.01;

/**
 * Bilinear samples of a raster for a square of `side` x `side` pixels seen through `toSource` (from positions in the square to
 * positions in the raster, 0.5, 0.5 being the centre of its first pixel), into planes of the workbench, the first channel into
 * `plane`; outside the raster lies `blank[c]`.
 */
export function sampleSimilar(
  raster: Raster,
  toSource: Similarity,
  side: number,
  plane: number,
  blank: readonly number[],
): void {
  const shifted = { ...toSource, dx: toSource.dx - HALF, dy: toSource.dy - HALF };
  workbench.clear();
  if (liesInside(raster, shifted, side)) {
    sampleInside(raster, shifted, side, plane);
    return;
  }
  for (let c = 0; c < raster.channels; c++)
    sampleAnywhere(raster, c, shifted, side, workbench.plane(plane + c), blank[c]);
}

function liesInside(raster: Raster, toIndex: Similarity, side: number): boolean {
  if (raster.width >= WIDEST || raster.height >= WIDEST) return false;
  return corners(toIndex, side).every(
    ({ x, y }) =>
      x >= MARGIN && y >= MARGIN && x < raster.width - 1 - MARGIN && y < raster.height - 1 - MARGIN,
  );
}

/** Where the samples in the corners lie. */
function corners(toIndex: Similarity, side: number): Point[] {
  const last = side - 1;
  return [
    { x: 0, y: 0 },
    { x: last, y: 0 },
    { x: 0, y: last },
    { x: last, y: last },
  ].map((corner) => apply(toIndex, corner));
}

/** All four neighbours of every sample exist: no checks, and whole numbers only. */
function sampleInside(raster: Raster, toIndex: Similarity, side: number, plane: number): void {
  const { stride, channels, width } = raster;
  const reached = corners(toIndex, side).map(({ y }) => y);
  const top = Math.floor(Math.min(...reached) - MARGIN);
  const bottom = Math.floor(Math.max(...reached) + MARGIN) + 2;
  const from = new Band(raster, 0, width, bottom, bottom - top).address(top, bottom - top);
  const stepX = Math.round(toIndex.a * ONE);
  const stepY = Math.round(toIndex.b * ONE);
  for (let y = 0; y < side; y++) {
    const x16 = Math.round((toIndex.dx - toIndex.b * y) * ONE);
    const y16 = Math.round((toIndex.dy + toIndex.a * y) * ONE) - top * ONE;
    for (let c = 0; c < channels; c++) {
      const out = workbench.at(plane + c) + 4 * y * side;
      workbench.loops.slant(from + c, stride, channels, x16, y16, stepX, stepY, out, side);
    }
  }
}

function sampleAnywhere(
  raster: Raster,
  c: number,
  toIndex: Similarity,
  side: number,
  out: Float32Array,
  blank: number,
): void {
  const { data, stride, channels, width, height } = raster;
  const base = raster.offset + c;
  let target = 0;
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const sourceX = toIndex.a * x - toIndex.b * y + toIndex.dx;
      const sourceY = toIndex.b * x + toIndex.a * y + toIndex.dy;
      if (sourceX >= 0 && sourceY >= 0 && sourceX < width - 1 && sourceY < height - 1) {
        const left = sourceX | 0;
        const top = sourceY | 0;
        const partX = sourceX - left;
        const pixel = base + top * stride + left * channels;
        const below = pixel + stride;
        const upper = data[pixel] + partX * (data[pixel + channels] - data[pixel]);
        const lower = data[below] + partX * (data[below + channels] - data[below]);
        out[target++] = upper + (sourceY - top) * (lower - upper);
      } else {
        out[target++] = sampleAtBorder(raster, c, sourceX, sourceY, blank);
      }
    }
  }
}

function sampleAtBorder(raster: Raster, c: number, sourceX: number, sourceY: number, blank: number): number {
  const left = Math.floor(sourceX);
  const top = Math.floor(sourceY);
  if (!(left >= -1 && top >= -1 && left < raster.width && top < raster.height)) return blank;
  const partX = sourceX - left;
  const partY = sourceY - top;
  const upper =
    (1 - partX) * pixelAt(raster, c, left, top, blank) + partX * pixelAt(raster, c, left + 1, top, blank);
  const lower =
    (1 - partX) * pixelAt(raster, c, left, top + 1, blank) +
    partX * pixelAt(raster, c, left + 1, top + 1, blank);
  return (1 - partY) * upper + partY * lower;
}

function pixelAt(raster: Raster, c: number, x: number, y: number, blank: number): number {
  const { data, stride, channels, width, height, offset } = raster;
  if (x < 0 || y < 0 || x >= width || y >= height) return blank;
  return data[offset + y * stride + x * channels + c];
}
