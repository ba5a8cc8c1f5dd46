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
  /** The memory of `data` as words counted from `offset` 0, where every row begins on a word of it; else null. */
  readonly words: Uint32Array | null;
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
  const words = (stride: number, offset: number): Uint32Array | null =>
    littleEndian && (data.byteOffset | stride | offset) % 4 === 0
      ? new Uint32Array(data.buffer, data.byteOffset, data.length >> 2)
      : null;
  const plane = (offset: number, columns: number, rows: number, channels: 1 | 3): Raster => {
    const stride = columns * channels;
    return { data, offset, stride, width: columns, height: rows, channels, words: words(stride, offset) };
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

/** On other machines the bytes of a word stand the other way round and pixels are read one by one. */
const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
