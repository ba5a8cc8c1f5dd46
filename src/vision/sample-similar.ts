import { apply, type Similarity } from './align.ts';
import type { Raster } from './raster.ts';

/** Pixel centres lie half a pixel inside. */
const HALF = 0.5;
/** Positions in fixed point: 16 bits of fraction, so that a raster may be up to 32767 pixels wide. */
const POSITION_BITS = 16;
const WIDEST = 1 << 15;

/**
 * Bilinear samples of a raster for a square of `side` x `side` pixels seen through `toSource` (from positions in
 * the square to positions in the raster, 0.5, 0.5 being the centre of its first pixel). Channel c goes to
 * `out[at + c * side * side ...]`; outside the raster lies `blank[c]`.
 */
export function sampleSimilar(
  raster: Raster,
  toSource: Similarity,
  side: number,
  out: Float32Array,
  at: number,
  blank: readonly number[],
): void {
  const shifted = { ...toSource, dx: toSource.dx - HALF, dy: toSource.dy - HALF };
  const inside = liesInside(raster, shifted, side);
  for (let c = 0; c < raster.channels; c++) {
    if (inside) sampleInside(raster, c, shifted, side, out, at + c * side * side);
    else sampleAnywhere(raster, c, shifted, side, out, at + c * side * side, blank[c]);
  }
}

function liesInside(raster: Raster, toIndex: Similarity, side: number): boolean {
  if (raster.width >= WIDEST || raster.height >= WIDEST) return false;
  const last = side - 1;
  return [
    { x: 0, y: 0 },
    { x: last, y: 0 },
    { x: 0, y: last },
    { x: last, y: last },
  ].every((corner) => {
    const { x, y } = apply(toIndex, corner);
    // A hundredth of a pixel covers what fixed point loses on the way across the square.
    return x >= 0.01 && y >= 0.01 && x < raster.width - 1.01 && y < raster.height - 1.01;
  });
}

/** All four neighbours of every sample exist: no checks, and whole numbers only. */
function sampleInside(
  raster: Raster,
  c: number,
  toIndex: Similarity,
  side: number,
  out: Float32Array,
  at: number,
): void {
  const { data, stride, channels } = raster;
  const base = raster.offset + c;
  const one = 1 << POSITION_BITS;
  const stepX = Math.round(toIndex.a * one);
  const stepY = Math.round(toIndex.b * one);
  const unit = 1 / one;
  let target = at;
  for (let y = 0; y < side; y++) {
    let x16 = Math.round((toIndex.dx - toIndex.b * y) * one);
    let y16 = Math.round((toIndex.dy + toIndex.a * y) * one);
    for (let x = 0; x < side; x++) {
      const pixel = base + (y16 >> POSITION_BITS) * stride + (x16 >> POSITION_BITS) * channels;
      const below = pixel + stride;
      const partX = (x16 >> 8) & 0xff;
      const partY = (y16 >> 8) & 0xff;
      const upper = (data[pixel] << 8) + partX * (data[pixel + channels] - data[pixel]);
      const lower = (data[below] << 8) + partX * (data[below + channels] - data[below]);
      out[target] = ((upper << 8) + partY * (lower - upper)) * unit;
      x16 += stepX;
      y16 += stepY;
      target++;
    }
  }
}

function sampleAnywhere(
  raster: Raster,
  c: number,
  toIndex: Similarity,
  side: number,
  out: Float32Array,
  at: number,
  blank: number,
): void {
  const { data, stride, channels, width, height } = raster;
  const base = raster.offset + c;
  let target = at;
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
