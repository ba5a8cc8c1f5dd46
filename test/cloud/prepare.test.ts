import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLIP_LIMITS, PORTRAIT_LIMITS } from '../../src/cloud/api/index.ts';
import { clipHeader } from '../../src/cloud/clip/index.ts';
import { checkDigit, normaliseIdNumber, normaliseName } from '../../src/cloud/id-number.ts';
import { InputRefused } from '../../src/cloud/input-refused.ts';
import { pictureHeader } from '../../src/cloud/picture-header.ts';
import { encodeBase64, prepareClip, preparePicture, preparePortrait } from '../../src/cloud/prepare.ts';
import { fitInOwnProcess } from '../../src/photo/client.ts';
import { fitJpeg } from '../../src/photo/index.ts';

const never = new AbortController().signal;
let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'menshen-prepare-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A picture with detail everywhere, which compresses badly. */
function noise(width: number, height: number): Sharp {
  return sharp({
    create: {
      width,
      height,
      channels: 3,
      background: '#887766',
      noise: { type: 'gaussian', mean: 128, sigma: 40 },
    },
  });
}
const refusal = (code: string) => expect.objectContaining({ name: 'InputRefused', code });

describe('pictures', () => {
  it('reads format and size of JPEG, PNG and BMP by the header', async () => {
    const plain = noise(70, 50);
    expect(pictureHeader(await plain.clone().jpeg().toBuffer())).toEqual({
      format: 'JPEG',
      width: 70,
      height: 50,
    });
    const progressive = await plain.clone().jpeg({ progressive: true }).withMetadata().toBuffer();
    expect(pictureHeader(progressive)).toEqual({ format: 'JPEG', width: 70, height: 50 });
    expect(pictureHeader(await plain.clone().png().toBuffer())).toEqual({
      format: 'PNG',
      width: 70,
      height: 50,
    });
    const bmp = join(dir, 'one.bmp');
    execFileSync('ffmpeg', [
      '-v',
      'error',
      '-y',
      '-f',
      'lavfi',
      '-i',
      'testsrc=size=70x50',
      '-frames:v',
      '1',
      bmp,
    ]);
    expect(pictureHeader(readFileSync(bmp))).toEqual({ format: 'BMP', width: 70, height: 50 });
    expect(pictureHeader(await plain.clone().webp().toBuffer())).toBeNull();
    expect(pictureHeader(new Uint8Array(0))).toBeNull();
    expect(pictureHeader(Buffer.from('ffd8ffe0', 'hex'))).toBe('damaged');
  });

  it('sends what fits as it is, and refuses what cannot be made to fit', async () => {
    const good = await noise(320, 240).jpeg().toBuffer();
    expect(await preparePicture(good, never)).toBe(good);
    const tiny = await noise(31, 200).jpeg().toBuffer();
    await expect(preparePicture(tiny, never)).rejects.toThrow(refusal('INPUT_PICTURE_SIDES'));
    const wide = await noise(5001, 40).jpeg().toBuffer();
    await expect(preparePicture(wide, never)).rejects.toThrow(refusal('INPUT_PICTURE_SIDES'));
    const webp = await noise(64, 64).webp().toBuffer();
    await expect(preparePicture(webp, never)).rejects.toThrow(refusal('INPUT_PICTURE_FORMAT'));
    await expect(preparePicture(Buffer.from('ffd8ffd9', 'hex'), never)).rejects.toThrow(
      refusal('INPUT_PICTURE_DAMAGED'),
    );
    const failing = () => Promise.reject(new Error('no'));
    await expect(preparePicture(wide, never, failing)).rejects.toThrow(refusal('INPUT_PICTURE_SIDES'));
    const lying = async () => wide;
    await expect(preparePicture(wide, never, lying)).rejects.toThrow(/still none of what is sent/);
  });

  it('writes a picture of 4 MB and of 6000 pixels anew, in a process of its own', async () => {
    const heavy = await noise(6000, 600).jpeg({ quality: 95 }).toBuffer();
    expect(heavy.length).toBeGreaterThan(3_000_000);
    const fitted = await preparePicture(heavy, never, fitInOwnProcess);
    expect(fitted.length).toBeLessThan(2_000_000);
    const header = pictureHeader(fitted);
    expect(header).toMatchObject({ format: 'JPEG' });
    expect(await sharp(fitted).stats()).toBeDefined();
  });

  it('tells why a picture could not be written anew, ends with the call, and survives a hostile one', async () => {
    const limits = { minBytes: 0, maxBytes: 100, minSide: 32, maxSide: 5000 };
    const picture = await noise(400, 400).jpeg().toBuffer();
    await expect(fitInOwnProcess(picture, limits, never)).rejects.toThrow(
      expect.objectContaining({ code: 'PICTURE_UNFIT' }),
    );
    await expect(fitInOwnProcess(picture.subarray(0, 400), limits, never)).rejects.toThrow(
      expect.objectContaining({ code: 'PICTURE_UNREADABLE' }),
    );
    await expect(fitInOwnProcess(picture, limits, AbortSignal.timeout(20))).rejects.toThrow();
  });

  it.each([
    ['a large photo', () => noise(1600, 2000).jpeg({ quality: 95 })],
    ['a small one', () => noise(80, 100).jpeg({ quality: 80 })],
    ['one that is just too large', () => noise(200, 200).jpeg({ quality: 97 })],
    ['a PNG', () => noise(300, 300).png()],
  ])('brings %s into 10 to 40 KB for real-name authentication', async (_, make) => {
    const picture = await make().toBuffer();
    const fit = (bytes: Uint8Array, limits: Parameters<typeof fitJpeg>[1]) => fitJpeg(bytes, limits);
    const portrait = await preparePortrait(picture, never, fit);
    expect(portrait.length).toBeGreaterThanOrEqual(PORTRAIT_LIMITS.minBytes);
    expect(portrait.length).toBeLessThanOrEqual(PORTRAIT_LIMITS.maxBytes);
    expect(pictureHeader(portrait)).toMatchObject({ format: 'JPEG' });
  });

  it('refuses a picture that holds too little for 10 KB', async () => {
    const flat = await sharp({ create: { width: 60, height: 80, channels: 3, background: '#cba' } })
      .png()
      .toBuffer();
    await expect(preparePortrait(flat, never, (bytes, limits) => fitJpeg(bytes, limits))).rejects.toThrow(
      refusal('INPUT_PICTURE_BYTES'),
    );
  });

  it('refuses a portrait out of bounds when it cannot be written anew', async () => {
    const small = await noise(50, 50).jpeg({ quality: 50 }).toBuffer();
    await expect(preparePortrait(small, never)).rejects.toThrow(refusal('INPUT_PICTURE_BYTES'));
  });

  it('never throws on a header that lies', () => {
    const start = fc.constantFrom('ffd8ffe0', '89504e470d0a1a0a', '424d', 'ffd8ffff', 'ffd8ffc0');
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 200 }), (head, tail) => {
        const header = pictureHeader(Buffer.concat([Buffer.from(head, 'hex'), tail]));
        if (header !== null && header !== 'damaged') {
          expect(header.width).toBeGreaterThan(0);
          expect(header.height).toBeGreaterThan(0);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('base64', () => {
  it('is padded, in one line, in the alphabet asked for', () => {
    const bytes = Buffer.from('ffd8ffe000104a464946fbefbe', 'hex');
    expect(encodeBase64(bytes, 'url')).toBe('_9j_4AAQSkZJRvvvvg==');
    expect(encodeBase64(bytes, 'standard')).toBe('/9j/4AAQSkZJRvvvvg==');
    const long = Buffer.alloc(100_001, 7);
    expect(encodeBase64(long.subarray(1), 'standard')).toHaveLength(133_336);
  });
});

describe('ID numbers (GB 11643-1999) and names', () => {
  // Made up for a district that does not exist, with their right check digits.
  const good = ['999999199003078', '999999200002292', '999999195012311'].flatMap((stem) =>
    Array.from({ length: 11 }, (_, tail) => {
      const digits = `${stem}${String(tail + 10)}`;
      return digits + checkDigit(digits);
    }),
  );

  it("knows the standard's own example, and the X", () => {
    // The example of GB 11643-1999, annex A.
    expect(normaliseIdNumber('11010519491231002X')).toBe('11010519491231002X');
    expect(normaliseIdNumber('440524188001010014')).toBe('440524188001010014');
    expect(new Set(good.map((number) => number.at(-1))).has('X')).toBe(true);
    for (const number of good) expect(normaliseIdNumber(number)).toBe(number);
  });

  it('puts spaces, small x and full-width digits right', () => {
    expect(normaliseIdNumber(' 110105 19491231 002x ')).toBe('11010519491231002X');
    expect(normaliseIdNumber('１１０１０５19491231002X')).toBe('11010519491231002X');
  });

  it.each([
    ['', 'length'],
    ['1101051949123100', 'length'],
    ['11010519491231002XX', 'length'],
    ['01010519491231002X', 'begins with 0'],
    ['110105194912310021', 'check digit'],
    ['110105194902300028', 'no such day'],
    ['110105299912310022', 'not yet born'],
    ['1101051949123100Ⅹ2', 'a Roman numeral'],
  ])('refuses %j: %s', (number) => {
    const error = (() => {
      try {
        normaliseIdNumber(number);
      } catch (thrown) {
        return thrown;
      }
      return undefined;
    })();
    expect(error).toMatchObject({ code: 'INPUT_ID_NUMBER' });
    // Not a digit of it is in the message.
    expect(String(error).replace('17 digits', '')).not.toMatch(/\d/);
  });

  it('notices every single mistyped digit, and every swap of neighbours', () => {
    fc.assert(
      fc.property(fc.constantFrom(...good), fc.nat(16), fc.integer({ min: 1, max: 9 }), (number, at, by) => {
        const digits = [...number];
        digits[at] = String((Number(digits[at]) + by) % 10);
        expect(() => normaliseIdNumber(digits.join(''))).toThrow(InputRefused);
        const swapped = [...number];
        if (at < 16 && swapped[at] !== swapped[at + 1]) {
          [swapped[at], swapped[at + 1]] = [swapped[at + 1] ?? '', swapped[at] ?? ''];
          expect(() => normaliseIdNumber(swapped.join(''))).toThrow(InputRefused);
        }
      }),
    );
  });

  it('cleans a name and refuses what is none', () => {
    expect(normaliseName(' 龙 傲天\u200b\n')).toBe('龙傲天');
    expect(normaliseName('阿卜杜•热合曼')).toBe('阿卜杜·热合曼');
    for (const name of ['', ' \t', '龙'.repeat(51), '龙{', '龙0', '<b>']) {
      expect(() => normaliseName(name)).toThrow(refusal('INPUT_NAME'));
    }
  });
});

describe('clips', () => {
  /** A real clip, made by ffmpeg. */
  function clip(name: string, seconds: number, fps: number, ...options: string[]): Buffer {
    const path = join(dir, name);
    const source = `testsrc=size=320x240:rate=${fps}:duration=${seconds}`;
    const codec = name.endsWith('.avi') ? ['-c:v', 'mpeg4'] : ['-c:v', 'libx264', '-preset', 'ultrafast'];
    execFileSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', source, ...codec, ...options, path]);
    return readFileSync(path);
  }

  it.each([
    ['a.mp4', 'mp4', []],
    ['faststart.mp4', 'mp4', ['-movflags', '+faststart']],
    ['fragments.mp4', 'mp4', ['-movflags', 'frag_keyframe+empty_moov+default_base_moof', '-g', '10']],
    ['bframes.mp4', 'mp4', ['-bf', '2', '-preset', 'fast']],
    ['a.mov', 'mov', []],
    ['a.avi', 'avi', []],
  ])('reads length and rate of %s', (name, container, options) => {
    const header = prepareClip(clip(name, 3, 25, ...options));
    expect(header.container).toBe(container);
    expect(header.frames).toBe(75);
    expect(header.seconds).toBeCloseTo(3, 1);
    expect(header.fps).toBeCloseTo(25, 0);
  });

  it('keeps to 1 to 8 s, 10 to 30 frames a second and 8 MB', () => {
    expect(() => prepareClip(clip('short.mp4', 0.8, 25))).toThrow(refusal('INPUT_CLIP_LENGTH'));
    expect(() => prepareClip(clip('long.mp4', 8.4, 25))).toThrow(refusal('INPUT_CLIP_LENGTH'));
    expect(() => prepareClip(clip('slow.avi', 2, 8))).toThrow(refusal('INPUT_CLIP_RATE'));
    expect(() => prepareClip(clip('fast.mp4', 2, 50))).toThrow(refusal('INPUT_CLIP_RATE'));
    expect(prepareClip(clip('edge.mp4', 8, 30)).fps).toBeCloseTo(30, 0);
    expect(() => prepareClip(Buffer.alloc(CLIP_LIMITS.sendBytes + 1))).toThrow(refusal('INPUT_CLIP_BYTES'));
  });

  it('refuses sound, pictures, other containers and the beginning of a clip', () => {
    const wav = join(dir, 'sound.m4a');
    execFileSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', 'sine=duration=2', wav]);
    const webm = join(dir, 'a.mkv');
    execFileSync('ffmpeg', [
      '-v',
      'error',
      '-y',
      '-f',
      'lavfi',
      '-i',
      'testsrc=duration=2',
      '-c:v',
      'mpeg4',
      webm,
    ]);
    for (const bytes of [
      readFileSync(wav),
      readFileSync(webm),
      clip('b.mp4', 2, 20).subarray(0, 500),
      Buffer.alloc(0),
    ]) {
      expect(() => prepareClip(bytes)).toThrow(refusal('INPUT_CLIP_FORMAT'));
    }
  });

  it('never throws or hangs on damaged clips', () => {
    const seeds = [
      clip('c.mp4', 1, 10),
      clip('d.avi', 1, 10),
      clip('e.mp4', 1, 10, '-movflags', 'frag_keyframe+empty_moov'),
    ];
    writeFileSync(join(dir, 'note'), '');
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds),
        fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255)), {
          minLength: 1,
          maxLength: 12,
        }),
        fc.double({ min: 0.1, max: 1, noNaN: true }),
        (seed, changes, part) => {
          const bytes = Buffer.from(seed.subarray(0, Math.ceil(seed.length * part)));
          // Headers stand at the beginning or at the end: that is where changes go.
          for (const [where, value] of changes) {
            const span = Math.min(1200, bytes.length - 1);
            const at =
              value % 2 === 0 ? Math.floor(where * span) : bytes.length - 1 - Math.floor(where * span);
            bytes[at] = value;
          }
          const header = clipHeader(bytes);
          if (header !== null && header !== 'damaged') expect(header.seconds).toBeGreaterThan(0);
        },
      ),
      { numRuns: 1500 },
    );
  });
});
