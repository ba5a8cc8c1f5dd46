import sharp from 'sharp';
import type { Picture } from '../camera/types.ts';
import { BoxSampler } from './box-sampler.ts';
import { PLAIN_RGB } from './colour.ts';

/** Largest JPEG, so that its base64 and what stands around it fit into one MQTT message. */
export const MAX_SNAPSHOT_BYTES = 180_000;

/** Largest width in pixels and JPEG quality, tried one after the other until the picture is small enough. */
const SIZES: readonly (readonly [number, number])[] = [
  [1280, 80],
  [960, 75],
  [640, 70],
  [480, 50],
];

/** A picture copied out of a frame, which is gone soon. */
export interface RawPicture {
  readonly width: number;
  readonly height: number;
  /** Three bytes a pixel, row by row, sRGB. */
  readonly rgb: Uint8Array;
}

/** Copies a whole picture, 1280 pixels wide at most. */
export function copyPicture(picture: Picture): RawPicture {
  const scale = Math.min(1, SIZES[0][0] / picture.width);
  const width = Math.max(1, Math.round(picture.width * scale));
  const height = Math.max(1, Math.round(picture.height * scale));
  const size = width * height;
  const planes = new Float32Array(3 * size);
  const whole = { x: 0, y: 0, width: picture.width, height: picture.height };
  new BoxSampler(width, height, 'blank').colour(picture, whole, planes, PLAIN_RGB);
  const rgb = new Uint8Array(3 * size);
  for (let at = 0; at < size; at++) {
    for (let plane = 0; plane < 3; plane++) rgb[3 * at + plane] = planes[plane * size + at] + 0.5;
  }
  return { width, height, rgb };
}

/** Its JPEG, made smaller where it would have more than 180,000 bytes. Compressed on another thread. */
export async function snapshotJpeg({
  width,
  height,
  rgb,
}: RawPicture): Promise<{ width: number; height: number; jpeg: Uint8Array }> {
  for (const [maxWidth, quality] of SIZES) {
    const { data, info } = await sharp(rgb, { raw: { width, height, channels: 3 } })
      .resize({ width: Math.min(width, maxWidth) })
      .jpeg({ quality })
      .toBuffer({ resolveWithObject: true });
    if (data.length <= MAX_SNAPSHOT_BYTES) return { width: info.width, height: info.height, jpeg: data };
  }
  throw new Error('the picture cannot be made small enough');
}
