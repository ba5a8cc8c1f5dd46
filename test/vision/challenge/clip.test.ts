import { execFileSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { Frame, Picture } from '../../../src/camera/types.ts';
import { CLIP_LIMITS, clipHeader } from '../../../src/cloud/index.ts';
import { ClipEncoder } from '../../../src/vision/challenge/clip-encoder.ts';
import { MAX_CLIP_BYTES } from '../../../src/vision/challenge/clip-limits.ts';
import { ClipAssembler, partsOf } from '../../../src/vision/challenge/clip-parts.ts';
import { ClipRecorder } from '../../../src/vision/challenge/clip-recorder.ts';
import { cutView, holds, viewAround } from '../../../src/vision/challenge/clip-view.ts';
import type { ClipPart } from '../../../src/vision/challenge/types.ts';

const [WIDTH, HEIGHT] = [640, 360];
const BOX = { x: 280, y: 130, width: 80, height: 100 };
const NOTHING = new Uint8Array(0);
const FACE = { box: BOX, score: 1 };
const folder = mkdtempSync(join(tmpdir(), 'menshen-clip-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A picture that changes from frame to frame; noise compresses worst. */
function picture(seq: number, noise = false, format: Picture['format'] = 'yuv420p'): Picture {
  const size = format === 'rgb24' ? WIDTH * HEIGHT * 3 : (WIDTH * HEIGHT * 3) / 2;
  const data = new Uint8Array(size).fill(40 + ((seq * 7) % 160));
  if (noise) randomFillSync(data);
  return { format, width: WIDTH, height: HEIGHT, data };
}

const frame = (seq: number, fps: number, of: Picture): Frame => ({
  ...{ camera: 'gate', seq, capturedAt: 5000 + (seq * 1000) / fps, picture: of, release: () => {} },
});

async function film(seconds: number, fps: number, of = (seq: number) => picture(seq)) {
  const recorder = new ClipRecorder();
  for (let seq = 0; seq < seconds * fps; seq++) recorder.frame(frame(seq, fps, of(seq)), FACE, [FACE]);
  return recorder.finish();
}

describe('the part of the picture that a clip shows', () => {
  it('surrounds the face, lies in the picture, and has even corners', () => {
    const size = fc.integer({ min: 16, max: 4000 });
    const place = fc.integer({ min: -200, max: 4200 });
    fc.assert(
      fc.property(
        size,
        size,
        place,
        place,
        fc.integer({ min: 10, max: 2000 }),
        (width, height, x, y, side) => {
          const view = viewAround({ x, y, width: side, height: side }, { width, height });
          for (const value of Object.values(view)) expect(value % 2).toBe(0);
          expect(view.left).toBeGreaterThanOrEqual(0);
          expect(view.left + view.width).toBeLessThanOrEqual(width);
          expect(view.top + view.height).toBeLessThanOrEqual(height);
          expect(Math.min(view.width, view.height)).toBeGreaterThan(0);
        },
      ),
    );
    const view = viewAround(BOX, { width: WIDTH, height: HEIGHT });
    expect(holds(view, BOX)).toBe(true);
    expect(holds(view, { ...BOX, x: 10 })).toBe(false);
  });

  it('is cut out of every plane', () => {
    const data = Uint8Array.from({ length: (8 * 6 * 3) / 2 }, (_, i) => i);
    const view = { left: 2, top: 2, width: 4, height: 2 };
    const cut = cutView({ format: 'yuv420p', width: 8, height: 6, data }, view);
    expect([...cut]).toEqual([18, 19, 20, 21, 26, 27, 28, 29, 53, 54, 65, 66]);
    const rgb = Uint8Array.from({ length: 8 * 6 * 3 }, (_, i) => i);
    const part = cutView({ format: 'rgb24', width: 8, height: 6, data: rgb }, view);
    expect(part).toHaveLength(24);
    expect([part[0], part[12]]).toEqual([3 * 18, 3 * 26]);
  });
});

describe('a clip', () => {
  it.each([
    ['25 frames a second', 3, 25],
    ['12 frames a second', 2, 12],
    ['7 frames a second', 2, 7],
    ['60 frames a second', 2, 60],
    ['longer than a clip may be', 9, 15],
  ])('is within the limits of the API: %s', async (_, seconds, fps) => {
    const clip = await film(seconds, fps);
    if (typeof clip === 'string') throw new Error(clip);
    const header = clipHeader(clip);
    if (header === null || header === 'damaged') throw new Error('no clip');
    expect(header.container).toBe('mp4');
    expect(header.fps).toBeCloseTo(15, 1);
    expect(header.seconds).toBeGreaterThanOrEqual(Math.min(seconds, CLIP_LIMITS.maxSeconds) - 0.15);
    expect(header.seconds).toBeLessThanOrEqual(CLIP_LIMITS.maxSeconds);
    const path = join(folder, 'clip.mp4');
    writeFileSync(path, clip);
    const entries = 'stream=codec_name,pix_fmt,width,height,nb_read_frames';
    const probe = ['-v', 'error', '-count_frames', '-show_entries', entries, '-of', 'csv=p=0', path];
    const [codec, width, height, format, frames] = String(execFileSync('ffprobe', probe)).trim().split(',');
    expect([codec, width, height, format]).toEqual(['h264', '300', '300', 'yuv420p']);
    expect(Number(frames)).toBe(header.frames);
  });

  it('stays small even of noise', async () => {
    const clip = await film(3, 15, (seq) => picture(seq, true));
    expect(clip).toBeInstanceOf(Uint8Array);
    expect(clip.length / 3).toBeLessThanOrEqual(MAX_CLIP_BYTES / 8);
  });

  it('is made of RGB pictures as well', async () => {
    const clip = await film(1.5, 15, (seq) => picture(seq, false, 'rgb24'));
    expect(clip).toBeInstanceOf(Uint8Array);
  });

  it('is not made when it would be too short, or of too few frames', async () => {
    expect(await film(0.5, 15)).toBe('TOO_SHORT');
    expect(await film(4, 4)).toBe('TOO_FEW_FRAMES');
    expect(await new ClipRecorder().finish()).toBe('TOO_SHORT');
  });

  it('ends when somebody else comes into it, or the face leaves it', async () => {
    const other = { box: { ...BOX, x: 380 }, score: 1 };
    const far = { box: { ...BOX, x: 20 }, score: 1 };
    for (const [own, faces, fault] of [
      [FACE, [FACE, far], null],
      [null, [], null],
      [FACE, [other, FACE], 'BYSTANDER'],
      [null, [other], 'BYSTANDER'],
      [far, [far], 'LEFT_PICTURE'],
    ] as const) {
      const recorder = new ClipRecorder();
      for (let seq = 0; seq < 20; seq++) recorder.frame(frame(seq, 15, picture(seq)), FACE, [FACE]);
      recorder.frame(frame(20, 15, picture(20)), own, faces);
      const clip = await recorder.finish();
      if (fault === null) expect(clip).toBeInstanceOf(Uint8Array);
      else expect(clip).toBe(fault);
    }
  });

  it('fails in words when ffmpeg is missing, fails, or does not take pictures, and leaves nothing behind', async () => {
    const script = (name: string, text: string): string => {
      const path = join(folder, name);
      writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
      return path;
    };
    const programs = {
      [join(folder, 'nothing')]: 'ENCODER_MISSING',
      [script('fails', 'cat > /dev/null; exit 1')]: 'ENCODER_FAILED',
      [script('dies', 'exit 1')]: 'ENCODER_FAILED',
      [script('stuck', 'exec sleep 60')]: 'ENCODER_SLOW',
    };
    const files = () => readdirSync('/dev/shm').filter((name) => name.startsWith('menshen-clip'));
    const huge: Picture = {
      ...{ format: 'yuv420p', width: 1920, height: 1080 },
      data: new Uint8Array((1920 * 1080 * 3) / 2),
    };
    for (const [program, fault] of Object.entries(programs)) {
      const face =
        fault === 'ENCODER_SLOW' ? { box: { x: 700, y: 300, width: 400, height: 400 }, score: 1 } : FACE;
      let pid: number | undefined;
      const recorder = new ClipRecorder((view, format) => {
        const encoder = ClipEncoder.start(view, format, program);
        if (encoder instanceof ClipEncoder) pid = encoder.pid;
        return encoder;
      });
      for (let seq = 0; seq < 30; seq++) {
        recorder.frame(frame(seq, 15, fault === 'ENCODER_SLOW' ? huge : picture(seq)), face, [face]);
        if (seq % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      }
      expect(await recorder.finish(), program).toBe(fault);
      if (pid !== undefined) expect(existsSync(`/proc/${pid}`)).toBe(false);
      expect(files()).toEqual([]);
    }
  });
});

describe('the pieces of a clip', () => {
  const ID = '0b9d2f0e-6a53-4d0e-9f0e-5a1c6a8f1c11';
  const clip = Uint8Array.from({ length: 300_000 }, (_, i) => i);
  const pieces = [...partsOf('gate', ID, clip)];

  it('come together as they were', () => {
    expect(pieces).toHaveLength(3);
    const assembler = new ClipAssembler();
    const got = pieces.map((piece) => assembler.add(piece));
    expect(got.slice(0, 2)).toEqual([null, null]);
    expect(got[2]).toMatchObject({ camera: 'gate', challenge: ID });
    expect(Buffer.compare(got[2]?.mp4 ?? NOTHING, clip)).toBe(0);
  });

  it.each<[string, (pieces: readonly ClipPart[]) => ClipPart[]]>([
    ['out of turn', ([a, , c]) => [a, c] as ClipPart[]],
    ['without a beginning', ([, b]) => [b] as ClipPart[]],
    ['of another clip', ([a, b]) => [a, { ...b, challenge: 'other' }] as ClipPart[]],
    ['that are empty', ([a]) => [{ ...a, bytes: new Uint8Array(0) }] as ClipPart[]],
    ['larger than a piece', ([a]) => [{ ...a, bytes: new Uint8Array((1 << 17) + 1) }] as ClipPart[]],
    [
      'of more than a clip may have',
      ([a]) => Array.from({ length: 63 }, (_, part) => ({ ...a, part, parts: 64 })) as ClipPart[],
    ],
  ])('are refused %s', (_, change) => {
    const assembler = new ClipAssembler();
    expect(() => change(pieces).map((piece) => assembler.add(piece))).toThrow(RangeError);
  });
});
