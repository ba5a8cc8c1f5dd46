import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { NutError, NutReader } from '../../src/camera/nut.ts';

interface Read {
  sizes: string[];
  pts: number[];
  pictures: Buffer[];
}

/** Reads in pieces; `straight` puts pixels where the reader has room for them instead of pushing them. */
function read(bytes: Uint8Array, cuts: readonly number[] = [], straight = false): Read {
  const result: Read = { sizes: [], pts: [], pictures: [] };
  let picture = new Uint8Array(0);
  const reader = new NutReader({
    onVideo: (width, height) => void result.sizes.push(`${width}x${height}`),
    onPicture: (pts, size) => {
      result.pts.push(pts);
      picture = new Uint8Array(size);
      return picture;
    },
    onPictureEnd: () => void result.pictures.push(Buffer.from(picture)),
  });
  let from = 0;
  for (const to of [...cuts, bytes.length].sort((a, b) => a - b)) {
    while (from < to) {
      const room = straight ? reader.room : null;
      const piece = bytes.subarray(from, room === null ? to : Math.min(to, from + room.length));
      from += piece.length;
      room?.set(piece);
      if (room === null) reader.push(piece);
      else reader.filled(piece.length);
    }
  }
  return result;
}

function digest({ sizes, pts, pictures }: Read): unknown {
  const pixels = createHash('sha256').update(Buffer.concat(pictures)).digest('hex');
  return { sizes, pts, pixels, count: pictures.length };
}

function ffmpeg(...args: string[]): Buffer {
  const run = spawnSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', ...args, 'pipe:1'], { maxBuffer: 1e9 });
  if (run.status !== 0) throw new Error(String(run.stderr));
  return run.stdout;
}

/** Odd sizes and an uneven frame rate; tiny pictures go through the elided headers of NUT. */
const SOURCES = [
  'testsrc=s=127x95:r=24000/1001:d=2',
  'testsrc2=s=640x360:r=15:d=1',
  'color=black:s=32x32:r=25:d=1',
];
const NUT = [
  '-fps_mode',
  'passthrough',
  '-enc_time_base',
  '1:90000',
  '-c:v',
  'rawvideo',
  '-pix_fmt',
  'yuv420p',
  '-f',
  'nut',
];
const PIPE = ['-syncpoints', 'none', '-f_strict', 'experimental'];

describe('NutReader', () => {
  it.each(SOURCES.flatMap((source) => [[source, PIPE] as const, [source, []] as const]))(
    'reads what ffmpeg writes: %s %j',
    (source, extra) => {
      const raw = ffmpeg('-i', source, '-pix_fmt', 'yuv420p', '-f', 'rawvideo');
      const { sizes, pts, pictures } = read(ffmpeg('-i', source, ...NUT, ...extra));
      const size = /s=(\d+x\d+)/.exec(source)?.[1];
      const [, rate = '1', divisor = '1'] = /r=(\d+)\/?(\d+)?/.exec(source) ?? [];
      expect(new Set(sizes)).toEqual(new Set([size]));
      expect(Buffer.concat(pictures).equals(raw)).toBe(true);
      for (const [i, at] of pts.entries())
        expect(at).toBeCloseTo((i * 1000 * Number(divisor)) / Number(rate), 1);
    },
  );

  describe('on bytes as they come', () => {
    let bytes: Buffer;
    let whole: Read;
    beforeAll(() => {
      bytes = ffmpeg('-i', 'testsrc2=s=64x48:r=15:d=1', ...NUT, ...PIPE);
      whole = read(bytes);
    });

    it('does not care where they are cut, nor whether it is handed the pixels or finds them in their place', () => {
      fc.assert(
        fc.property(fc.array(fc.nat(bytes.length), { maxLength: 200 }), fc.boolean(), (cuts, straight) => {
          expect(digest(read(bytes, cuts, straight))).toEqual(digest(whole));
        }),
        { numRuns: 50 },
      );
      const everywhere = Array.from({ length: bytes.length }, (_, i) => i);
      expect(digest(read(bytes, everywhere))).toEqual(digest(whole));
    });

    it('refuses damage with NutError, never anything else, and never hangs', () => {
      fc.assert(
        fc.property(fc.nat(400), fc.uint8Array({ minLength: 1, maxLength: 8 }), (at, junk) => {
          const damaged = Buffer.from(bytes);
          damaged.set(junk, at);
          try {
            read(damaged);
          } catch (error) {
            expect(error).toBeInstanceOf(NutError);
          }
        }),
        { numRuns: 300 },
      );
      expect(() => read(Buffer.from('this is no NUT stream at all, but long enough'))).toThrow(NutError);
    });
  });
});
