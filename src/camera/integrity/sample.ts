import type { Picture } from '../types.ts';

const ROWS = 48;
const COLUMNS = 48;
/** FNV-1a, 32 bits. */
const OFFSET = 0x811c9dc5;
const PRIME = 0x01000193;

/** What is kept of a picture to know it again. */
export interface PictureSample {
  /** Of 2,304 samples of the luma, bit for bit: sensor noise makes every picture of a real camera another. */
  readonly hash: number;
  /** Difference of the brightest and the darkest sample, 0..255; a covered lens has next to none. */
  readonly range: number;
}

/** Samples a picture on a grid that covers it; some microseconds whatever its size. */
export function samplePicture({ data, width, height, format }: Picture): PictureSample {
  const step = format === 'rgb24' ? 3 : 1;
  let hash = OFFSET;
  let low = 255;
  let high = 0;
  for (let row = 0; row < ROWS; row++) {
    const y = Math.floor(((row + 0.5) * height) / ROWS);
    // Shifted from row to row, so that no upright edge of a still scene hides between two columns.
    const shift = (row % 4) / 4;
    for (let column = 0; column < COLUMNS; column++) {
      const value = data[(y * width + Math.floor(((column + shift) * width) / COLUMNS)) * step] ?? 0;
      hash = Math.imul(hash ^ value, PRIME);
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return { hash: hash >>> 0, range: high - low };
}
