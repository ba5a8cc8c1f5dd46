import type { Picture } from '../../src/camera/types.ts';

/** Side of a block in pixels: as large as a macroblock, so that coarse quantisation leaves it readable. */
const BLOCK = 16;
const NUMBER_BITS = 20;
const CHECK_BITS = 8;
/** One white and one black block lead, so that neither a black nor a white edge reads as a code. */
const BITS = 2 + NUMBER_BITS + CHECK_BITS;

/** Numbers from 0 up to this can be drawn. */
export const TIMECODE_MAX = 2 ** NUMBER_BITS - 1;
/** Space taken in the lower left corner, in pixels. */
export const TIMECODE_WIDTH = BITS * BLOCK;
export const TIMECODE_HEIGHT = BLOCK;

const BLACK = 16;
const WHITE = 235;

/**
 * Draws a number as a row of black and white blocks into the lower left corner, so that a decoded picture
 * tells which one of the stream it is. `data` is rgb24, yuv420p or a luma plane alone, told by its length.
 * Throws when the picture is too small or the number too large.
 */
export function drawTimecode(data: Uint8Array, width: number, height: number, n: number): void {
  if (width < TIMECODE_WIDTH || height < TIMECODE_HEIGHT)
    throw new RangeError(`a timecode needs ${TIMECODE_WIDTH} x ${TIMECODE_HEIGHT} pixels`);
  if (!Number.isInteger(n) || n < 0 || n > TIMECODE_MAX)
    throw new RangeError(`a timecode is 0 to ${TIMECODE_MAX}, not ${n}`);
  const channels = data.length === width * height * 3 ? 3 : 1;
  const bits = encode(n);
  for (let y = height - BLOCK; y < height; y++) {
    for (let bit = 0; bit < BITS; bit++) {
      const from = (y * width + bit * BLOCK) * channels;
      data.fill(bits[bit] ? WHITE : BLACK, from, from + BLOCK * channels);
    }
  }
  if (channels === 1 && data.length > width * height) greyChroma(data, width, height);
}

/** The number drawn into a picture, or `null` where none can be read with certainty. */
export function readTimecode(picture: Picture): number | null {
  const { width, height } = picture;
  if (width < TIMECODE_WIDTH || height < TIMECODE_HEIGHT) return null;
  const bits: boolean[] = [];
  for (let bit = 0; bit < BITS; bit++) {
    const mean = blockMean(picture, bit * BLOCK, height - BLOCK);
    if (mean > 100 && mean < 150) return null;
    bits.push(mean >= 150);
  }
  let n = 0;
  for (const bit of bits.slice(2, 2 + NUMBER_BITS)) n = n * 2 + Number(bit);
  return encode(n).every((bit, index) => bit === bits[index]) ? n : null;
}

function encode(n: number): boolean[] {
  const bits = [true, false];
  for (let i = NUMBER_BITS - 1; i >= 0; i--) bits.push(((n >> i) & 1) === 1);
  const check = crc8(n);
  for (let i = CHECK_BITS - 1; i >= 0; i--) bits.push(((check >> i) & 1) === 1);
  return bits;
}

/** CRC-8, polynomial 0x07, over the three bytes of the number. */
function crc8(n: number): number {
  let crc = 0xff;
  for (const byte of [n >> 16, (n >> 8) & 0xff, n & 0xff]) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = ((crc << 1) ^ (crc & 0x80 ? 0x07 : 0)) & 0xff;
  }
  return crc;
}

/** Mean of the middle of a block: its rim suffers from the deblocking filter. */
function blockMean(picture: Picture, x: number, y: number): number {
  const step = picture.format === 'rgb24' ? 3 : 1;
  let sum = 0;
  for (let dy = 4; dy < 12; dy++) {
    for (let dx = 4; dx < 12; dx++) sum += picture.data[((y + dy) * picture.width + x + dx) * step] ?? 0;
  }
  return sum / 64;
}

function greyChroma(data: Uint8Array, width: number, height: number): void {
  const cw = Math.ceil(width / 2);
  const ch = Math.ceil(height / 2);
  for (const plane of [width * height, width * height + cw * ch]) {
    for (let y = ch - BLOCK / 2; y < ch; y++) {
      const from = plane + y * cw;
      data.fill(128, from, from + TIMECODE_WIDTH / 2);
    }
  }
}
