import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { prepareZXingModule, type ReaderOptions, readBarcodes } from 'zxing-wasm/reader';

/** Two people may hold up a code at once. */
const MAX_CODES = 2;
/** Bits of a 32-bit pixel: the same luma in red, green and blue, opaque, in either order of bytes. */
const GREY = 0x01_01_01;
const OPAQUE = 0xff00_0000;

/** Everything on is no better on camera pictures and slower; docs/decisions/qr-codes.md has the figures. */
const OPTIONS: ReaderOptions = {
  formats: ['QRCode'],
  tryHarder: false,
  tryRotate: false,
  tryInvert: false,
  tryDownscale: false,
  maxNumberOfSymbols: MAX_CODES,
};

/**
 * Reads QR codes in luma planes with ZXing, whose WebAssembly is read from the package: left to itself it would fetch
 * it from a CDN.
 */
export class QrDecoder {
  #rgba = new Uint32Array(0);

  private constructor() {}

  static async open(): Promise<QrDecoder> {
    const file = createRequire(import.meta.url).resolve('zxing-wasm/reader/zxing_reader.wasm');
    const { buffer, byteOffset, byteLength } = new Uint8Array(await readFile(file));
    const wasmBinary = buffer.slice(byteOffset, byteOffset + byteLength);
    await prepareZXingModule({ overrides: { wasmBinary }, fireImmediately: true });
    return new QrDecoder();
  }

  /** What the codes in a picture say; `luma` has `width` x `height` values, 0..255. */
  async read(luma: Uint8Array, width: number, height: number): Promise<string[]> {
    const pixels = width * height;
    if (this.#rgba.length !== pixels) this.#rgba = new Uint32Array(pixels);
    const rgba = this.#rgba;
    for (let at = 0; at < pixels; at++) rgba[at] = (luma[at] as number) * GREY + OPAQUE;
    const data = new Uint8ClampedArray(rgba.buffer);
    const found = await readBarcodes({ data, width, height, colorSpace: 'srgb' }, OPTIONS);
    return found.filter((code) => code.isValid).map((code) => code.text);
  }
}
