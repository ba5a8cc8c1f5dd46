/** The still pictures Menshen reads. */
export const PHOTO_FORMATS = ['JPEG', 'PNG', 'WebP', 'BMP'] as const;
export type PhotoFormat = (typeof PHOTO_FORMATS)[number];

const BY_EXTENSION: Readonly<Record<string, string>> = {
  jpg: 'JPEG',
  jpeg: 'JPEG',
  jpe: 'JPEG',
  jfif: 'JPEG',
  png: 'PNG',
  webp: 'WebP',
  bmp: 'BMP',
  dib: 'BMP',
  gif: 'GIF',
  tif: 'TIFF',
  tiff: 'TIFF',
  heic: 'HEIF',
  heif: 'HEIF',
  avif: 'AVIF',
  jp2: 'JPEG 2000',
  ppm: 'PPM',
  pgm: 'PGM',
  svg: 'SVG',
  pdf: 'PDF',
};

/** The format a file is by its first bytes; null when it is none of ours. */
export function formatOf(bytes: Uint8Array): PhotoFormat | null {
  if (startsWith(bytes, [0xff, 0xd8, 0xff])) return 'JPEG';
  if (startsWith(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return 'PNG';
  if (startsWith(bytes, ascii('RIFF')) && startsWith(bytes.subarray(8), ascii('WEBP'))) return 'WebP';
  if (startsWith(bytes, ascii('BM'))) return 'BMP';
  return null;
}

/** The format of a picture that is not ours, by its first bytes; null when it is unknown. */
export function otherFormatOf(bytes: Uint8Array): string | null {
  if (startsWith(bytes, ascii('GIF8'))) return 'GIF';
  if (startsWith(bytes, [0x49, 0x49, 0x2a, 0]) || startsWith(bytes, [0x4d, 0x4d, 0, 0x2a])) return 'TIFF';
  // ISO base media file format: the brand stands behind the length of the first box.
  if (!startsWith(bytes.subarray(4), ascii('ftyp'))) return null;
  const brand = Buffer.from(bytes.subarray(8, 12)).toString('latin1');
  if (/^(heic|heix|hevc|mif1|msf1)$/.test(brand)) return 'HEIF';
  return brand.startsWith('avi') ? 'AVIF' : null;
}

/** The format a file name promises by its ending; null when it promises none that is known. */
export function formatPromisedBy(fileName: string): string | null {
  const ending = /\.([^./\\]+)$/.exec(fileName)?.[1]?.toLowerCase();
  return ending === undefined ? null : (BY_EXTENSION[ending] ?? null);
}

function startsWith(bytes: Uint8Array, start: readonly number[]): boolean {
  return start.every((byte, index) => bytes[index] === byte);
}

function ascii(text: string): number[] {
  return [...Buffer.from(text, 'latin1')];
}
