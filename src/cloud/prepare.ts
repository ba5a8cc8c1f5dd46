import type { Base64Form } from './api/index.ts';
import { CLIP_LIMITS, PICTURE_LIMITS, PORTRAIT_LIMITS } from './api/index.ts';
import { type ClipHeader, clipHeader } from './clip/index.ts';
import { InputRefused } from './input-refused.ts';
import { type PictureHeader, pictureHeader } from './picture-header.ts';

/** Bytes and sides (pixels) that a picture is brought to. */
export interface FitLimits {
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly minSide: number;
  readonly maxSide: number;
}

/**
 * Writes a picture anew as a JPEG within `limits`; rejects when that cannot be. It is passed in, because it needs
 * sharp, which this room never loads: `fitInOwnProcess` of src/photo/client.ts for the gate, `fitJpeg` of src/photo
 * for a command.
 */
export type FitPicture = (picture: Uint8Array, limits: FitLimits, signal: AbortSignal) => Promise<Uint8Array>;

const PICTURE_FIT: FitLimits = {
  minBytes: 0,
  maxBytes: PICTURE_LIMITS.sendBytes,
  minSide: PICTURE_LIMITS.minSide,
  maxSide: PICTURE_LIMITS.maxSide,
};

const PORTRAIT_FIT: FitLimits = {
  minBytes: PORTRAIT_LIMITS.minBytes,
  maxBytes: PORTRAIT_LIMITS.maxBytes,
  minSide: PICTURE_LIMITS.minSide,
  maxSide: PICTURE_LIMITS.maxSide,
};

/**
 * A picture as detect, attributes, compare and silent liveness take it: JPEG, PNG or BMP below 2 MB with sides of
 * 32 to 5000 pixels. One that is larger is written anew by `fitter` where there is one.
 * @throws InputRefused INPUT_PICTURE_FORMAT, _DAMAGED, _SIDES, _BYTES.
 */
export async function preparePicture(
  picture: Uint8Array,
  signal: AbortSignal,
  fitter?: FitPicture,
): Promise<Uint8Array> {
  const header = readHeader(picture);
  if (isWithin(picture, header, PICTURE_FIT)) return picture;
  return refit(picture, header, PICTURE_FIT, signal, fitter);
}

/**
 * A portrait as real-name authentication takes it: a JPEG of 10 to 40 KB. Any other picture is written anew by `fitter`.
 * @throws InputRefused INPUT_PICTURE_FORMAT, _DAMAGED, _SIDES, _BYTES.
 */
export async function preparePortrait(
  picture: Uint8Array,
  signal: AbortSignal,
  fitter?: FitPicture,
): Promise<Uint8Array> {
  const header = readHeader(picture);
  if (header.format === 'JPEG' && isWithin(picture, header, PORTRAIT_FIT)) return picture;
  return refit(picture, header, PORTRAIT_FIT, signal, fitter);
}

/**
 * A clip as action liveness takes it: mp4, mov or avi, 1 to 8 s, 10 to 30 frames a second, at most 8 MB.
 * @throws InputRefused INPUT_CLIP_FORMAT, _BYTES, _LENGTH, _RATE.
 */
export function prepareClip(clip: Uint8Array): ClipHeader {
  const { sendBytes, sendEncodedBytes, minSeconds, maxSeconds, minFps, maxFps } = CLIP_LIMITS;
  if (clip.length > sendBytes || base64Length(clip.length) > sendEncodedBytes) {
    throw new InputRefused(
      'INPUT_CLIP_BYTES',
      `The clip has ${clip.length} bytes; at most ${sendBytes} are sent. Record it smaller.`,
    );
  }
  const header = clipHeader(clip);
  if (header === null || header === 'damaged') {
    const what =
      header === null ? 'is no mp4, mov or avi file' : 'has no video track whose times can be read';
    throw new InputRefused('INPUT_CLIP_FORMAT', `The clip ${what}.`);
  }
  if (header.seconds < minSeconds || header.seconds > maxSeconds) {
    throw new InputRefused(
      'INPUT_CLIP_LENGTH',
      `The clip lasts ${header.seconds.toFixed(2)} s; ${minSeconds} to ${maxSeconds} s are taken.`,
    );
  }
  if (header.fps < minFps - RATE_SLACK || header.fps > maxFps + RATE_SLACK) {
    throw new InputRefused(
      'INPUT_CLIP_RATE',
      `The clip has ${header.fps.toFixed(2)} frames a second; ${minFps} to ${maxFps} are taken.`,
    );
  }
  return header;
}

/** A clip of 30 frames a second may come out at 30.01 when its times are rounded to the track's time scale. */
const RATE_SLACK = 0.1;

/** Base64 in one line, padded, in either alphabet. */
export function encodeBase64(bytes: Uint8Array, form: Base64Form): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  return form === 'standard' ? text : text.replaceAll('+', '-').replaceAll('/', '_');
}

function base64Length(bytes: number): number {
  return Math.ceil(bytes / 3) * 4;
}

function readHeader(picture: Uint8Array): PictureHeader {
  const header = pictureHeader(picture);
  if (header === null) {
    throw new InputRefused('INPUT_PICTURE_FORMAT', 'The picture is no JPEG, PNG or BMP.');
  }
  if (header === 'damaged') {
    throw new InputRefused('INPUT_PICTURE_DAMAGED', 'The header of the picture tells no size.');
  }
  const shorter = Math.min(header.width, header.height);
  if (shorter < PICTURE_LIMITS.minSide) {
    throw new InputRefused(
      'INPUT_PICTURE_SIDES',
      `The picture has ${header.width} x ${header.height} pixels; each side needs ${PICTURE_LIMITS.minSide} at least.`,
    );
  }
  return header;
}

function isWithin(picture: Uint8Array, header: PictureHeader, limits: FitLimits): boolean {
  return (
    picture.length >= limits.minBytes &&
    picture.length <= limits.maxBytes &&
    Math.max(header.width, header.height) <= limits.maxSide
  );
}

async function refit(
  picture: Uint8Array,
  header: PictureHeader,
  limits: FitLimits,
  signal: AbortSignal,
  fitter: FitPicture | undefined,
): Promise<Uint8Array> {
  const has = `The picture is a ${header.format} of ${header.width} x ${header.height} pixels and ${picture.length} bytes`;
  const wants = `a JPEG of ${limits.minBytes} to ${limits.maxBytes} bytes with sides up to ${limits.maxSide} pixels is sent`;
  const code =
    Math.max(header.width, header.height) > limits.maxSide ? 'INPUT_PICTURE_SIDES' : 'INPUT_PICTURE_BYTES';
  if (fitter === undefined) throw new InputRefused(code, `${has}; ${wants}.`);
  let fitted: Uint8Array;
  try {
    fitted = await fitter(picture, limits, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    throw new InputRefused(code, `${has}; ${wants}, and it could not be written so.`);
  }
  const result = pictureHeader(fitted);
  if (
    result === null ||
    result === 'damaged' ||
    result.format !== 'JPEG' ||
    !isWithin(fitted, result, limits)
  ) {
    throw new InputRefused(code, `${has}; written anew it is still none of what is sent.`);
  }
  return fitted;
}
