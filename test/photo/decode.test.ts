import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePhoto, encodeFace, readPhoto, STORED_PIXELS } from '../../src/photo/index.ts';

const SAMPLE = '.cache/demo/sample1.jpg';
const LFW = '../shared/data/lfw/images';

let folder: string;
let jpeg: Buffer;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'menshen-photo-'));
  jpeg = readFileSync(SAMPLE);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** An uncompressed BMP of 24 bits by the format's definition: bottom up, rows padded to 4 bytes, blue first. */
function bmpOf(pixels: Uint8Array, width: number, height: number): Buffer {
  const stride = Math.ceil((width * 3) / 4) * 4;
  const bmp = Buffer.alloc(54 + stride * height);
  bmp.write('BM', 0, 'latin1');
  bmp.writeUInt32LE(bmp.length, 2);
  bmp.writeUInt32LE(54, 10);
  bmp.writeUInt32LE(40, 14);
  bmp.writeInt32LE(width, 18);
  bmp.writeInt32LE(height, 22);
  bmp.writeUInt16LE(1, 26);
  bmp.writeUInt16LE(24, 28);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const from = (y * width + x) * 3;
      const to = 54 + (height - 1 - y) * stride + x * 3;
      bmp.set([pixels[from + 2] ?? 0, pixels[from + 1] ?? 0, pixels[from] ?? 0], to);
    }
  }
  return bmp;
}

describe('a photo is read by its content', () => {
  it('gives the same picture from JPEG, PNG, WebP and BMP', async () => {
    const truth = await decodePhoto(await sharp(jpeg).resize(500).jpeg().toBuffer(), 'sample');
    expect([truth.format, truth.data.length]).toEqual(['rgb24', truth.width * truth.height * 3]);
    const raw = { raw: { width: truth.width, height: truth.height, channels: 3 as const } };
    const copies = {
      'a.png': await sharp(truth.data, raw).png().toBuffer(),
      'a.webp': await sharp(truth.data, raw).webp({ lossless: true }).toBuffer(),
      'a.bmp': bmpOf(truth.data, truth.width, truth.height),
      'no-ending': bmpOf(truth.data, truth.width, truth.height),
    };
    for (const [name, bytes] of Object.entries(copies)) {
      const copy = await readPhoto(write(name, bytes));
      expect([name, copy.width, copy.height, Buffer.compare(copy.data, truth.data)]).toEqual([
        name,
        truth.width,
        truth.height,
        0,
      ]);
    }
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('turns a picture upright by EXIF orientation %i', async (orientation) => {
    // Upright: red on the left, blue on the right, twice as wide as high; the top half is darker.
    const upright = await sharp({ create: { width: 64, height: 32, channels: 3, background: 'blue' } })
      .composite([
        { input: { create: { width: 32, height: 32, channels: 3, background: 'red' } }, left: 0, top: 0 },
        {
          input: { create: { width: 64, height: 16, channels: 4, background: '#000000a0' } },
          left: 0,
          top: 0,
        },
      ])
      .png()
      .toBuffer();
    // How a camera stores an upright scene for each value of the tag (EXIF 2.3, 4.6.4 A).
    const stored = {
      1: (s: Sharp) => s,
      2: (s: Sharp) => s.flop(),
      3: (s: Sharp) => s.rotate(180),
      4: (s: Sharp) => s.flip(),
      5: (s: Sharp) => s.rotate(270).flop(),
      6: (s: Sharp) => s.rotate(270),
      7: (s: Sharp) => s.rotate(90).flop(),
      8: (s: Sharp) => s.rotate(90),
    }[orientation];
    const turned = await stored?.(sharp(upright)).png().toBuffer();
    const photo = await sharp(turned).withMetadata({ orientation }).jpeg({ quality: 100 }).toBuffer();
    const picture = await decodePhoto(photo, 'turned.jpg');
    const at = (x: number, y: number) =>
      [...picture.data.subarray((y * 64 + x) * 3, (y * 64 + x) * 3 + 3)].map((v) => Math.round(v / 128));
    expect([picture.width, picture.height]).toEqual([64, 32]);
    expect([at(8, 4), at(8, 28), at(56, 4), at(56, 28)]).toEqual([
      [1, 0, 0],
      [2, 0, 0],
      [0, 0, 1],
      [0, 0, 2],
    ]);
  });

  it('reads grey, transparent, CMYK and 16-bit pictures as RGB', async () => {
    const grey = await sharp(jpeg).greyscale().resize(40, 30).jpeg().toBuffer();
    const cmyk = await sharp(jpeg).resize(40, 30).toColourspace('cmyk').jpeg().toBuffer();
    const deep = await sharp(jpeg).resize(40, 30).toColourspace('rgb16').png().toBuffer();
    const greyAlpha = await sharp(jpeg).resize(40, 30).ensureAlpha(0).toColourspace('b-w').png().toBuffer();
    for (const bytes of [grey, cmyk, deep, greyAlpha]) {
      expect((await decodePhoto(bytes, 'x')).data.length).toBe(40 * 30 * 3);
    }
    const clear = await decodePhoto(greyAlpha, 'x');
    expect(
      clear.data.every((value) => value === 255),
      'transparency is laid on white',
    ).toBe(true);
    const [r, g, b] = (await decodePhoto(grey, 'x')).data.subarray(300, 303);
    expect([g, b]).toEqual([r, r]);
  });

  it('reads a JPEG that libjpeg only grumbles about, as telephones write them', async () => {
    const odd = Buffer.from(jpeg);
    const scan = odd.indexOf(Buffer.from([0xff, 0xda]));
    const spectralEnd = scan + 2 + odd.readUInt16BE(scan + 2) - 2;
    expect(odd[spectralEnd], 'a baseline JPEG').toBe(63);
    odd[spectralEnd] = 0;
    await expect(decodePhoto(odd, 'phone.jpg')).resolves.toMatchObject({ format: 'rgb24' });
  });
});

describe('a photo is refused', () => {
  it.each([
    ['an empty file', 'a.jpg', () => Buffer.alloc(0)],
    ['a text', 'a.jpg', () => Buffer.from('this is no picture')],
    ['a GIF', 'a', () => Buffer.from('GIF89a\x01\x00\x01\x00\x80\x00\x00', 'latin1')],
    ['an SVG', 'a', () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')],
    ['half a JPEG', 'a.jpg', () => jpeg.subarray(0, jpeg.length / 2)],
    ['a JPEG without its last bytes', 'a.jpg', () => jpeg.subarray(0, jpeg.length - 40)],
    ['the first bytes of a JPEG', 'a.jpg', () => jpeg.subarray(0, 30)],
    ['half a BMP', 'a.bmp', () => bmpOf(new Uint8Array(300 * 300 * 3), 300, 300).subarray(0, 100_000)],
    ['a BMP header', 'a.bmp', () => bmpOf(new Uint8Array(30), 10, 1).subarray(0, 30)],
  ])('with PICTURE_UNREADABLE: %s', async (_, name, make) => {
    await expect(readPhoto(write(name, make()))).rejects.toMatchObject({ code: 'PICTURE_UNREADABLE' });
  });

  it('with PICTURE_UNREADABLE: half a PNG and half a WebP', async () => {
    for (const format of ['png', 'webp'] as const) {
      const whole = await sharp(jpeg).resize(400).toFormat(format).toBuffer();
      const half = whole.subarray(0, whole.length / 2);
      await expect(decodePhoto(half, `a.${format}`)).rejects.toMatchObject({ code: 'PICTURE_UNREADABLE' });
    }
  });

  it('with PICTURE_UNREADABLE: no file, a folder, a named pipe, an endless device', async () => {
    const pipe = join(folder, 'pipe.jpg');
    execFileSync('mkfifo', [pipe]);
    for (const path of [join(folder, 'none.jpg'), folder, pipe, '/dev/zero']) {
      await expect(readPhoto(path)).rejects.toMatchObject({ code: 'PICTURE_UNREADABLE' });
    }
  });

  it('with PICTURE_TYPE_MISMATCH when the name promises another format', async () => {
    await expect(readPhoto(write('photo.png', jpeg))).rejects.toMatchObject({
      code: 'PICTURE_TYPE_MISMATCH',
    });
    await expect(readPhoto(write('photo.gif', jpeg))).rejects.toMatchObject({
      code: 'PICTURE_TYPE_MISMATCH',
    });
    await expect(readPhoto(write('photo.JPEG', jpeg))).resolves.toBeDefined();
  });

  it('with PICTURE_TOO_LARGE above 20 megapixels, from the header', async () => {
    const blank = (width: number, height: number) =>
      sharp({ create: { width, height, channels: 3, background: 'white' }, limitInputPixels: false });
    const most = await blank(5000, 4000).jpeg().toBuffer();
    const over = await blank(5001, 4000).jpeg().toBuffer();
    await expect(decodePhoto(most, 'most.jpg')).resolves.toMatchObject({ width: 5000, height: 4000 });
    await expect(decodePhoto(over, 'over.jpg')).rejects.toMatchObject({ code: 'PICTURE_TOO_LARGE' });
    // Bombs: a few bytes that promise gigapixels.
    const png = await sharp(jpeg).resize(64, 64).png().toBuffer();
    png.writeUInt32BE(60_000, 16);
    png.writeUInt32BE(60_000, 20);
    const start = performance.now();
    await expect(decodePhoto(png, 'bomb.png')).rejects.toThrow(/PICTURE|megapixels|damaged/);
    const bmp = bmpOf(new Uint8Array(30), 10, 1);
    bmp.writeInt32LE(50_000, 18);
    bmp.writeInt32LE(-50_000, 22);
    await expect(decodePhoto(bmp, 'bomb.bmp')).rejects.toMatchObject({ code: 'PICTURE_TOO_LARGE' });
    expect(performance.now() - start, 'nothing was decoded').toBeLessThan(1000);
  });

  it('with PICTURE_UNREADABLE when a BMP header lies about the size', async () => {
    const lying = bmpOf(new Uint8Array(100 * 100 * 3), 100, 100);
    lying.writeInt32LE(400, 18);
    await expect(decodePhoto(lying, 'lie.bmp')).rejects.toMatchObject({ code: 'PICTURE_UNREADABLE' });
  });
});

describe('the stored picture of a face', () => {
  it('is a JPEG of the face with surroundings, cut at the border, without metadata', async () => {
    const photo = await sharp(jpeg)
      .withMetadata({ orientation: 1 })
      .withExif({ IFD3: { GPSLatitudeRef: 'N' } })
      .jpeg()
      .toBuffer();
    const picture = await decodePhoto(photo, 'x.jpg');
    const stored = await encodeFace(picture, { x: -10, y: 20, width: 200, height: 260 });
    const meta = await sharp(stored).metadata();
    expect([meta.format, meta.width, meta.height, meta.exif]).toEqual(['jpeg', 290, 410, undefined]);
  });

  it('has 1 megapixel at most', async () => {
    const picture = { format: 'rgb24' as const, width: 3000, height: 3000, data: new Uint8Array(27_000_000) };
    const meta = await sharp(
      await encodeFace(picture, { x: 500, y: 500, width: 1800, height: 1900 }),
    ).metadata();
    expect(meta.width * meta.height).toBeLessThanOrEqual(STORED_PIXELS);
    expect(meta.width * meta.height).toBeGreaterThan(STORED_PIXELS * 0.98);
  });
});

describe.skipIf(!existsSync(LFW))(
  'real photos in number (skipped: no LFW pictures beside the repository)',
  () => {
    it('are all read', async () => {
      const names = execFileSync('find', [LFW, '-name', '*.jpg'], { encoding: 'utf8' })
        .trim()
        .split('\n')
        .slice(0, 200);
      for (const name of names) expect((await readPhoto(name)).width).toBe(250);
      expect(names.length).toBe(200);
    });
  },
);
