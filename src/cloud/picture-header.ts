/** What the first bytes of a picture tell. */
export interface PictureHeader {
  readonly format: 'JPEG' | 'PNG' | 'BMP';
  readonly width: number;
  readonly height: number;
}

/**
 * Format and size by the header, without decoding: null when it is none of the three, `'damaged'` when it begins like
 * one but tells no size.
 */
export function pictureHeader(bytes: Uint8Array): PictureHeader | 'damaged' | null {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length >= 3 && view.readUIntBE(0, 3) === 0xffd8ff) return sized('JPEG', jpegSize(view));
  if (view.length >= 8 && view.readUInt32BE(0) === 0x89504e47) return sized('PNG', pngSize(view));
  if (view.length >= 2 && view.toString('latin1', 0, 2) === 'BM') return sized('BMP', bmpSize(view));
  return null;
}

type Size = readonly [width: number, height: number] | null;

function sized(format: PictureHeader['format'], size: Size): PictureHeader | 'damaged' {
  return size === null || size[0] === 0 || size[1] === 0
    ? 'damaged'
    : { format, width: size[0], height: size[1] };
}

/** Walks the segments up to the start of frame (SOF0 to SOF15 without DHT, JPG and DAC). */
function jpegSize(view: Buffer): Size {
  let at = 2;
  while (at + 4 <= view.length) {
    if (view[at] !== 0xff) return null;
    const marker = view[at + 1] ?? 0;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    // Without a length: TEM and the restart markers.
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
      at += 2;
      continue;
    }
    const length = view.readUInt16BE(at + 2);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) {
      return at + 9 <= view.length ? [view.readUInt16BE(at + 7), view.readUInt16BE(at + 5)] : null;
    }
    if (length < 2 || marker === 0xda || marker === 0xd9) return null;
    at += 2 + length;
  }
  return null;
}

function pngSize(view: Buffer): Size {
  const isPng = view.length >= 24 && view.toString('latin1', 12, 16) === 'IHDR';
  return isPng ? [view.readUInt32BE(16), view.readUInt32BE(20)] : null;
}

/** Height is negative in files stored top down; OS/2 1.x headers (12 bytes) have sizes of 16 bits. */
function bmpSize(view: Buffer): Size {
  if (view.length < 26) return null;
  if (view.readUInt32LE(14) === 12) return [view.readUInt16LE(18), view.readUInt16LE(20)];
  const width = view.readInt32LE(18);
  return width < 0 ? null : [width, Math.abs(view.readInt32LE(22))];
}
