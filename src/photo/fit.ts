import sharp from 'sharp';
import { MenshenError } from '../common/index.ts';
import { decodePhoto } from './decode.ts';

/** What a picture is brought to: bytes, and pixels of its sides. */
export interface JpegLimits {
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly minSide: number;
  readonly maxSide: number;
}

const BEST_QUALITY = 95;
/** Below this a face suffers more from the compression than from a smaller picture. */
const WORST_QUALITY = 60;
/** Steps by which the sides shrink or grow, and how many are tried. */
const SHRINK = 0.8;
const GROW = 1.25;
const STEPS = 24;
/** Grown further, a picture holds no more than it did: it is too small to be used. */
const MAX_GROWTH = 4;

/**
 * Writes a picture (JPEG, PNG, BMP, WebP) anew as a JPEG within `limits`, without its metadata and upright: in the best
 * quality that fits, with fewer pixels where none does, with more where the picture is too small for `minBytes`.
 * Throws PICTURE_UNREADABLE, PICTURE_TOO_LARGE, and PICTURE_UNFIT when the limits cannot be met.
 */
export async function fitJpeg(bytes: Uint8Array, limits: JpegLimits, label = 'picture'): Promise<Uint8Array> {
  const { data, width, height } = await decodePhoto(bytes, label);
  const write = (scale: number, quality: number) =>
    sharp(data, { raw: { width, height, channels: 3 } })
      .resize({
        width: Math.max(1, Math.round(width * scale)),
        height: Math.max(1, Math.round(height * scale)),
        fit: 'fill',
      })
      .jpeg({ quality, chromaSubsampling: '4:4:4' })
      .toBuffer();
  let scale = Math.min(1, limits.maxSide / Math.max(width, height));
  for (let step = 0; step < STEPS; step += 1) {
    if (
      Math.min(width, height) * scale < limits.minSide ||
      Math.max(width, height) * scale > limits.maxSide + 0.5
    )
      break;
    if (scale > MAX_GROWTH) break;
    const best = await write(scale, BEST_QUALITY);
    if (best.length < limits.minBytes) {
      scale *= GROW;
      continue;
    }
    const fitting =
      best.length <= limits.maxBytes ? best : await lowerQuality((quality) => write(scale, quality), limits);
    if (fitting !== null) return fitting;
    scale *= SHRINK;
  }
  throw new MenshenError(
    'PICTURE_UNFIT',
    `${label}: ${width} x ${height} pixels cannot be written as a JPEG of ${limits.minBytes} to ${limits.maxBytes} bytes. Take another picture.`,
  );
}

/** The highest quality whose file fits, by halving; null when the lowest one is still too large, or already too small. */
async function lowerQuality(
  write: (quality: number) => Promise<Buffer>,
  limits: JpegLimits,
): Promise<Buffer | null> {
  let [low, high] = [WORST_QUALITY, BEST_QUALITY - 1];
  let found: Buffer | null = null;
  while (low <= high) {
    const quality = (low + high) >> 1;
    const file = await write(quality);
    if (file.length > limits.maxBytes) {
      high = quality - 1;
    } else {
      found = file;
      low = quality + 1;
    }
  }
  return found !== null && found.length >= limits.minBytes ? found : null;
}
