import { MenshenError } from '../common/index.ts';

/** Largest picture that is decoded, in pixels: 20 megapixels. */
export const MAX_PIXELS = 20_000_000;

/** Largest file that is read. 20 megapixels take 80 MB at most in an uncompressed BMP of 32 bits a pixel, and as much again with 16 bits a channel. */
export const MAX_FILE_BYTES = 176 * 1024 * 1024;

/** Throws PICTURE_TOO_LARGE above 20 megapixels. */
export function checkSize(size: { width: number; height: number }, label: string): void {
  if (size.width * size.height <= MAX_PIXELS) return;
  const megapixels = ((size.width * size.height) / 1e6).toFixed(1);
  throw new MenshenError(
    'PICTURE_TOO_LARGE',
    `${label}: ${size.width} x ${size.height} are ${megapixels} megapixels, at most ${MAX_PIXELS / 1e6} are allowed. Use a smaller copy of the picture.`,
  );
}

export function unreadable(label: string, why: string, cause?: unknown): MenshenError {
  return new MenshenError(
    'PICTURE_UNREADABLE',
    `${label}: ${why}. Use another JPEG, PNG, BMP or WebP picture.`,
    { cause },
  );
}
