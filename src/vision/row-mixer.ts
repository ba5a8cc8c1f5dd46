import type { Raster } from './raster.ts';
import type { Taps } from './taps.ts';

/** Bits of the fraction of a mixed sample: a value of 255 is 255 << 8 and just fits 16 bits. */
export const FRACTION_BITS = 8;

const EVEN = 0x00ff00ff;
/** The row being mixed, as pairs of 16-bit samples; grown on demand and shared, for a row is used up before the next. */
let pairs = new Uint32Array(2048);
let samples = new Uint16Array(pairs.buffer);

/**
 * Mixes the source rows of output row `y` by weight: sample k of the answer is byte `start + k` of the mixed
 * row, in 1/256, where `start` is `rowStart(raster, columns)`. The array is used again by the next call.
 */
export function mixRows(raster: Raster, columns: Taps, rows: Taps, y: number): Uint16Array {
  const start = rowStart(raster, columns);
  const length = columns.high * raster.channels - start;
  // Three more than asked for: a second tap that weighs nothing may lie one pixel beyond.
  if (length + 3 > samples.length) {
    pairs = new Uint32Array((length + 7) >> 1);
    samples = new Uint16Array(pairs.buffer);
  }
  if (rows.count[y] === 0) samples.fill(0, 0, length);
  else if (raster.words === null) mixBytes(raster, start, length, rows, y);
  else mixWords(raster, raster.words, start, length, rows, y);
  return samples;
}

/** First byte of a row that is mixed: the first one wanted, moved down to a word. */
export function rowStart(raster: Raster, columns: Taps): number {
  return (columns.low * raster.channels) & ~3;
}

/**
 * Four bytes at a time: the even and the odd bytes of a word each make two lanes of 16 bits, which one
 * multiplication weighs together. No lane overflows, for the weights of a row sum up to 256 at most.
 */
function mixWords(
  raster: Raster,
  words: Uint32Array,
  start: number,
  length: number,
  rows: Taps,
  y: number,
): void {
  const out = pairs;
  const count = rows.count[y];
  const step = raster.stride >> 2;
  const first = (raster.offset + rows.first[y] * raster.stride + start) >> 2;
  const span = (length + 3) >> 2;
  const { fixed } = rows;
  const at = y * rows.stride;
  if (count === 2) {
    mixTwo(words, first, step, span, fixed, at);
    return;
  }
  for (let x = 0; x < span; x++) {
    let even = 0;
    let odd = 0;
    let source = first + x;
    for (let t = 0; t < count; t++) {
      const word = words[source];
      const weight = fixed[at + t];
      even = (even + Math.imul(word & EVEN, weight)) | 0;
      odd = (odd + Math.imul((word >>> 8) & EVEN, weight)) | 0;
      source += step;
    }
    out[2 * x] = (even & 0xffff) | (odd << 16);
    out[2 * x + 1] = (even >>> 16) | (odd & 0xffff0000);
  }
}

/** Any enlargement, on its own because it is the commonest. */
function mixTwo(
  words: Uint32Array,
  first: number,
  step: number,
  span: number,
  fixed: Int32Array,
  at: number,
): void {
  const out = pairs;
  const w0 = fixed[at];
  const w1 = fixed[at + 1];
  for (let x = 0; x < span; x++) {
    const a = words[first + x];
    const b = words[first + x + step];
    const even = (Math.imul(a & EVEN, w0) + Math.imul(b & EVEN, w1)) | 0;
    const odd = (Math.imul((a >>> 8) & EVEN, w0) + Math.imul((b >>> 8) & EVEN, w1)) | 0;
    out[2 * x] = (even & 0xffff) | (odd << 16);
    out[2 * x + 1] = (even >>> 16) | (odd & 0xffff0000);
  }
}

/** The same byte by byte, for rows that do not begin on a word. */
function mixBytes(raster: Raster, start: number, length: number, rows: Taps, y: number): void {
  const { data, stride } = raster;
  const { fixed } = rows;
  const count = rows.count[y];
  const at = y * rows.stride;
  const first = raster.offset + rows.first[y] * stride + start;
  const out = samples;
  for (let x = 0; x < length; x++) {
    let sum = 0;
    let source = first + x;
    for (let t = 0; t < count; t++) {
      sum += data[source] * fixed[at + t];
      source += stride;
    }
    out[x] = sum;
  }
}
