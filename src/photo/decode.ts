import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import sharp from 'sharp';
import type { Picture } from '../camera/types.ts';
import { MenshenError, messageOf } from '../common/index.ts';
import { decodeBmp } from './bmp.ts';
import { formatOf, formatPromisedBy, otherFormatOf } from './format.ts';
import { checkSize, MAX_FILE_BYTES, MAX_PIXELS, unreadable } from './limits.ts';

// A cache keeps memory for pictures that never come again, and a file of another kind must not reach its parser.
sharp.cache(false);
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: ['VipsForeignLoadJpeg', 'VipsForeignLoadPng', 'VipsForeignLoadWebp'] });

const DECODE_S = 20;

/** Largest picture that is made smaller as it is read: telephones take 200 megapixels. */
const SHRUNK_PIXELS = 400_000_000;

// Written by common telephones into sound pictures; libjpeg says so and goes on.
const HARMLESS = /Invalid SOS parameters for sequential JPEG/;

/**
 * Reads a photo file: JPEG, PNG, BMP or WebP, told by content; EXIF rotation applied, transparency laid on white.
 * Throws PICTURE_UNREADABLE (no such file, no picture, truncated, damaged), PICTURE_TYPE_MISMATCH (the name promises
 * another format), PICTURE_TOO_LARGE (from the header, before anything is decoded), FFMPEG_MISSING (BMP only).
 */
export async function readPhoto(path: string): Promise<Picture> {
  return decodePhoto(await readPhotoBytes(path), path);
}

/** How a picture of somebody else's collection is read. */
export interface DecodeOptions {
  /** The content decides alone, whatever the name promises. */
  readonly anyName?: boolean;
  /** Pictures of up to 400 megapixels are made smaller as they are read, to what is allowed. */
  readonly shrink?: boolean;
}

/** `readPhoto` for bytes in memory; `label` names the picture in errors, and where it ends like a file name that must fit the content. */
export async function decodePhoto(
  bytes: Uint8Array,
  label: string,
  { anyName = false, shrink = false }: DecodeOptions = {},
): Promise<Picture> {
  const format = formatOf(bytes);
  if (format === null) throw unreadable(label, whatElse(bytes));
  const promised = anyName ? null : formatPromisedBy(label);
  if (promised !== null && promised !== format) {
    throw new MenshenError(
      'PICTURE_TYPE_MISMATCH',
      `${label}: the name says ${promised}, the file holds a ${format}. Check that it is the right picture, and rename it.`,
    );
  }
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return format === 'BMP' ? decodeBmp(buffer, label) : decodeWithSharp(buffer, label, shrink);
}

function whatElse(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'it is empty';
  const other = otherFormatOf(bytes);
  return other === null
    ? 'it is no JPEG, PNG, BMP or WebP picture'
    : `it is a ${other} picture, which is not read`;
}

async function decodeWithSharp(bytes: Buffer, label: string, shrink: boolean): Promise<Picture> {
  const size = await sharp(bytes, { limitInputPixels: false, failOn: 'none' })
    .metadata()
    .catch((error: unknown) => {
      throw unreadable(label, `its header is damaged (${reason(error)})`, error);
    });
  const side = shrink ? sideWithin(size) : null;
  if (side === null) checkSize(size, label);
  try {
    return await toRgb(bytes, 'warning', side);
  } catch (error) {
    if (!HARMLESS.test(messageOf(error)))
      throw unreadable(label, `it is truncated or damaged (${reason(error)})`, error);
  }
  return toRgb(bytes, 'error', side).catch((error: unknown) => {
    throw unreadable(label, `it is truncated or damaged (${reason(error)})`, error);
  });
}

/** The longer side of a picture that is too large and can be made smaller; null when it need not, or cannot. */
function sideWithin({ width, height }: { width: number; height: number }): number | null {
  const pixels = width * height;
  if (pixels <= MAX_PIXELS || pixels > SHRUNK_PIXELS) return null;
  return Math.floor(Math.max(width, height) * Math.sqrt(MAX_PIXELS / pixels));
}

async function toRgb(bytes: Buffer, failOn: 'error' | 'warning', side: number | null): Promise<Picture> {
  const limitInputPixels = side === null ? MAX_PIXELS : SHRUNK_PIXELS;
  const upright = sharp(bytes, { limitInputPixels, failOn }).timeout({ seconds: DECODE_S }).autoOrient();
  const sized =
    side === null
      ? upright
      : upright.resize({ width: side, height: side, fit: 'inside', withoutEnlargement: true });
  const { data, info } = await sized
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

/** The bytes of a picture file. Throws PICTURE_UNREADABLE, PICTURE_TOO_LARGE. */
export async function readPhotoBytes(path: string): Promise<Uint8Array> {
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
