import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import sharp from 'sharp';
import type { Picture } from '../camera/types.ts';
import { MenshenError, messageOf } from '../common/index.ts';
import { decodeBmp } from './bmp.ts';
import { formatOf, formatPromisedBy } from './format.ts';
import { checkSize, MAX_FILE_BYTES, MAX_PIXELS, unreadable } from './limits.ts';

// A cache keeps memory for pictures that never come again, and a file of another kind must not reach its parser.
sharp.cache(false);
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: ['VipsForeignLoadJpeg', 'VipsForeignLoadPng', 'VipsForeignLoadWebp'] });

const DECODE_S = 20;

// Written by common telephones into sound pictures; libjpeg says so and goes on.
const HARMLESS = /Invalid SOS parameters for sequential JPEG/;

/**
 * Reads a photo file: JPEG, PNG, BMP or WebP, told by content; EXIF rotation applied, transparency laid on white.
 * Throws PICTURE_UNREADABLE (no such file, no picture, truncated, damaged), PICTURE_TYPE_MISMATCH (the name promises
 * another format), PICTURE_TOO_LARGE (from the header, before anything is decoded), FFMPEG_MISSING (BMP only).
 */
export async function readPhoto(path: string): Promise<Picture> {
  return decodePhoto(await readPicture(path), path);
}

/** `readPhoto` for bytes in memory; `label` names the picture in errors, and where it ends like a file name that must fit the content. */
export async function decodePhoto(bytes: Uint8Array, label: string): Promise<Picture> {
  const format = formatOf(bytes);
  if (format === null) throw unreadable(label, 'it is no JPEG, PNG, BMP or WebP picture');
  const promised = formatPromisedBy(label);
  if (promised !== null && promised !== format) {
    throw new MenshenError(
      'PICTURE_TYPE_MISMATCH',
      `${label}: the name says ${promised}, the file holds a ${format}. Check that it is the right picture, and rename it.`,
    );
  }
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return format === 'BMP' ? decodeBmp(buffer, label) : decodeWithSharp(buffer, label);
}

async function decodeWithSharp(bytes: Buffer, label: string): Promise<Picture> {
  const size = await sharp(bytes, { limitInputPixels: false, failOn: 'none' })
    .metadata()
    .catch((error: unknown) => {
      throw unreadable(label, `its header is damaged (${reason(error)})`, error);
    });
  checkSize(size, label);
  try {
    return await toRgb(bytes, 'warning');
  } catch (error) {
    if (!HARMLESS.test(messageOf(error)))
      throw unreadable(label, `it is truncated or damaged (${reason(error)})`, error);
  }
  return toRgb(bytes, 'error').catch((error: unknown) => {
    throw unreadable(label, `it is truncated or damaged (${reason(error)})`, error);
  });
}

async function toRgb(bytes: Buffer, failOn: 'error' | 'warning'): Promise<Picture> {
  const { data, info } = await sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn })
    .timeout({ seconds: DECODE_S })
    .autoOrient()
    .flatten({ background: 'white' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return {
    format: 'rgb24',
    width: info.width,
    height: info.height,
    data: toThreeChannels(data, info.channels),
  };
}

function toThreeChannels(data: Buffer, channels: number): Uint8Array {
  if (channels === 3) return data;
  const pixels = data.length / channels;
  const rgb = new Uint8Array(pixels * 3);
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    rgb.fill(data[pixel * channels], pixel * 3, pixel * 3 + 3);
  }
  return rgb;
}

/** libvips adds one line for each thing it noticed; the first one is enough. */
function reason(error: unknown): string {
  return messageOf(error).split('\n')[0]?.slice(0, 120) ?? '';
}

async function readPicture(path: string): Promise<Uint8Array> {
  try {
    // Not blocking, so that a named pipe does not keep the command waiting.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await file.stat();
      if (!stats.isFile()) throw unreadable(path, 'it is no file');
      if (stats.size > MAX_FILE_BYTES) {
        throw new MenshenError(
          'PICTURE_TOO_LARGE',
          `${path}: a file of ${stats.size} bytes is no picture of 20 megapixels or less.`,
        );
      }
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof MenshenError) throw error;
    throw unreadable(path, `it cannot be opened (${messageOf(error)})`, error);
  }
}
