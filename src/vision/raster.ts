import type { Picture } from '../camera/types.ts';
import { MenshenError } from '../common/index.ts';

/** One plane of a picture: `channels` interleaved samples a pixel, 8 bits each, rows `stride` bytes apart. */
export interface Raster {
  readonly data: Uint8Array;
  readonly offset: number;
  readonly stride: number;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

/** Bytes a picture of this format and size holds. */
export function pictureBytes(format: Picture['format'], width: number, height: number): number {
  if (format === 'rgb24') return width * height * 3;
  return width * height + 2 * Math.ceil(width / 2) * Math.ceil(height / 2);
}

/**
 * The planes of a picture: one of three channels for `rgb24`, three of one channel (Y, U, V) for `yuv420p`.
 * Throws INTERNAL when the size is no size or the data is too short for it.
 */
export function rasters(picture: Picture): readonly Raster[] {
  const { format, width, height, data } = picture;
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new MenshenError('INTERNAL', `A picture of ${width}x${height} pixels was handed to vision.`);
  }
  const bytes = pictureBytes(format, width, height);
  if (data.length < bytes) {
    throw new MenshenError(
      'INTERNAL',
      `A ${format} picture of ${width}x${height} needs ${bytes} bytes, not ${data.length}.`,
    );
  }
  const plane = (offset: number, columns: number, rows: number, channels: 1 | 3): Raster => {
    return { data, offset, stride: columns * channels, width: columns, height: rows, channels };
  };
  if (format === 'rgb24') return [plane(0, width, height, 3)];
  const chromaWidth = Math.ceil(width / 2);
  const chromaHeight = Math.ceil(height / 2);
  const luma = width * height;
  return [
    plane(0, width, height, 1),
    plane(luma, chromaWidth, chromaHeight, 1),
    plane(luma + chromaWidth * chromaHeight, chromaWidth, chromaHeight, 1),
  ];
}
