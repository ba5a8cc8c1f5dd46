import sharp from 'sharp';
import type { Picture } from '../camera/types.ts';
import type { Box } from '../vision/types.ts';

/** Largest stored picture of a face, in pixels: 1 megapixel. */
export const STORED_PIXELS = 1_000_000;

/** Surroundings kept around the face: enough to detect, align and judge it again. */
const SURROUNDINGS = 2;

/**
 * JPEG of a face with its surroundings (twice the size of the box, as far as the picture reaches), 1 megapixel at
 * most, without any metadata of the photo. `picture` is rgb24; `box` in its pixels.
 */
export function encodeFace(picture: Picture, box: Box): Promise<Uint8Array> {
  const left = clamp(box.x + (box.width * (1 - SURROUNDINGS)) / 2, picture.width - 1);
  const top = clamp(box.y + (box.height * (1 - SURROUNDINGS)) / 2, picture.height - 1);
  const width = Math.max(1, clamp(box.x + (box.width * (1 + SURROUNDINGS)) / 2, picture.width) - left);
  const height = Math.max(1, clamp(box.y + (box.height * (1 + SURROUNDINGS)) / 2, picture.height) - top);
  const scale = Math.min(1, Math.sqrt(STORED_PIXELS / (width * height)));
  return sharp(picture.data, { raw: { width: picture.width, height: picture.height, channels: 3 } })
    .extract({ left, top, width, height })
    .resize({
      width: Math.max(1, Math.floor(width * scale)),
      height: Math.max(1, Math.floor(height * scale)),
      fit: 'fill',
    })
    .jpeg({ quality: 92, chromaSubsampling: '4:4:4' })
    .toBuffer();
}

function clamp(value: number, max: number): number {
  return Math.min(max, Math.max(0, Math.round(value)));
}
