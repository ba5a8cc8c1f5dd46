import type { Raster } from './raster.ts';
import type { Taps } from './taps.ts';

const EVEN = 0x00ff00ff;

/**
 * Means of whole blocks of 4x4 or 2x2 samples, straight from the words of one plane: the shrinking of a
 * 1280x720 camera (luma and colour planes) into the detector. Answers false, having done nothing, where output
 * row `y` is not made of such blocks.
 */
export function meanOfBlocks(
  raster: Raster,
  columns: Taps,
  rows: Taps,
  y: number,
  out: Float32Array,
  target: number,
): boolean {
  const { words, channels, stride } = raster;
  const { even, length } = columns;
  if (words === null || channels !== 1 || columns.low % 4 !== 0 || !rows.plainMean(y, even)) return false;
  const first = (raster.offset + rows.first[y] * stride + columns.low) >> 2;
  if (even === 4) {
    meanOfFours(words, first, stride >> 2, length, out, target);
    return true;
  }
  if (even === 2 && length % 2 === 0) {
    meanOfTwos(words, first, stride >> 2, length >> 1, out, target);
    return true;
  }
  return false;
}

function meanOfFours(
  words: Uint32Array,
  first: number,
  step: number,
  length: number,
  out: Float32Array,
  target: number,
): void {
  for (let x = 0; x < length; x++) {
    const source = first + x;
    const a = words[source];
    const b = words[source + step];
    const c = words[source + 2 * step];
    const d = words[source + 3 * step];
    // Two lanes of 16 bits each take the sum of eight bytes.
    const lanes =
      (a & EVEN) +
      ((a >>> 8) & EVEN) +
      (b & EVEN) +
      ((b >>> 8) & EVEN) +
      (c & EVEN) +
      ((c >>> 8) & EVEN) +
      (d & EVEN) +
      ((d >>> 8) & EVEN);
    out[target + x] = ((lanes & 0xffff) + (lanes >>> 16)) * 0.0625;
  }
}

/** Each word holds two pairs: `pairs` words make twice as many samples. */
function meanOfTwos(
  words: Uint32Array,
  first: number,
  step: number,
  pairs: number,
  out: Float32Array,
  target: number,
): void {
  for (let x = 0; x < pairs; x++) {
    const a = words[first + x];
    const b = words[first + x + step];
    const lanes = (a & EVEN) + ((a >>> 8) & EVEN) + (b & EVEN) + ((b >>> 8) & EVEN);
    out[target + 2 * x] = (lanes & 0xffff) * 0.25;
    out[target + 2 * x + 1] = (lanes >>> 16) * 0.25;
  }
}
