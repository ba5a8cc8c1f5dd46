import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { encodeH264 } from '../../scripts/rtsp/encode.ts';
import { openAnalyser } from '../../scripts/support/analyser.ts';
import { type QrScene, qrScene } from '../../scripts/support/qr-scene.ts';
import { quantile } from '../../scripts/support/quantile.ts';
import type { Frame } from '../../src/camera/types.ts';
import { createLogger, monotonicMs } from '../../src/common/index.ts';
import { CameraSchema, VisionSchema } from '../../src/config/schema.ts';
import { type QrSighting, type Sighting, VisionHost } from '../../src/vision/client.ts';
import { QrDecoder } from '../../src/vision/qr/decoder.ts';
import { Repeats } from '../../src/vision/qr/repeats.ts';
import { QrWatch } from '../../src/vision/qr/watch.ts';
import { HEIGHT, PHOTO_MISSING, people, scene, WIDTH } from '../vision/figures.ts';

const PASS = 'MENSHEN-PASS:Zm9vYmFyYmF6cXV4cXV1eGNv';
const WHOLE = { left: 0, top: 0, right: 1, bottom: 1 };
/** Processes and threads read TypeScript when they start, on a machine that is busy with other tests. */
const START_MS = 40_000;
const log = createLogger('test', 'silent');
const folder = mkdtempSync(join(tmpdir(), 'menshen-qr-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** How codes come before a camera: on a phone at arm's length, tilted, badly lit, through a codec. */
const HELD_UP: Record<string, QrScene> = {
  'a phone at arm’s length': { text: PASS, modulePx: 3 },
  'small: two pixels a module': { text: PASS, modulePx: 2 },
  'close by': { text: PASS, modulePx: 9 },
  'turned by 37 degrees': { text: PASS, modulePx: 4, roll: 37 },
  'tilted by 45 degrees': { text: PASS, modulePx: 4, yaw: 45 },
  'tilted both ways and turned': { text: PASS, modulePx: 4, yaw: -30, pitch: 30, roll: 20 },
  'out of focus': { text: PASS, modulePx: 4, blur: 2 },
  'with little contrast': { text: PASS, modulePx: 4, dark: 90, light: 140 },
  'noisy, as in the dark': { text: PASS, modulePx: 3, noise: 15 },
  'a dim screen with stripes': {
    text: PASS,
    modulePx: 4,
    moire: 14,
    blur: 0.8,
    dark: 70,
    light: 150,
    jpeg: 60,
  },
  'in Chinese': { text: '访客：王小明，2026年3月', modulePx: 4 },
};

describe('the decoder', () => {
  let decoder: QrDecoder;
  beforeAll(async () => {
    decoder = await QrDecoder.open();
  });

  it.each(Object.entries(HELD_UP))('reads a code: %s', async (_, held) => {
    const luma = await qrScene({ noise: 3, blur: 0.5, jpeg: 75, ...held }, 640, 480);
    expect(await decoder.read(luma, 640, 480)).toEqual([held.text]);
  });

  it('finds nothing in a hall without a code, in noise and in a single pixel', async () => {
    const hall = await qrScene({ text: PASS, modulePx: 0.01, noise: 5 }, 640, 480);
    const noise = Uint8Array.from({ length: 200 * 200 }, (_, index) => (index * 7919) % 256);
    expect(await decoder.read(hall, 640, 480)).toEqual([]);
    expect(await decoder.read(noise, 200, 200)).toEqual([]);
    expect(await decoder.read(Uint8Array.of(0), 1, 1)).toEqual([]);
  });
});

describe('a code that stays', () => {
  it('is new once, and again after five seconds out of sight; others in between are new', () => {
    const repeats = new Repeats();
    const seen = [0, 200, 4900, 9800, 14_801].map((at) => repeats.isNew('a', at));
    expect(seen).toEqual([true, false, false, false, true]);
    expect(repeats.isNew('b', 14_900)).toBe(true);
    expect(repeats.isNew('a', 14_950)).toBe(false);
  });

  it('is not forgotten for a few others, and no number of others is kept', () => {
    const repeats = new Repeats();
    for (let code = 0; code < 30; code++) repeats.isNew(`c${code}`, 0);
    expect(repeats.isNew('c0', 1)).toBe(false);
    for (let code = 0; code < 100_000; code++) repeats.isNew(`d${code}`, 2);
    expect(repeats.isNew('c0', 3)).toBe(true);
  });
});

describe('QrWatch', { timeout: 2 * START_MS }, () => {
  const watches: QrWatch[] = [];
  afterEach(async () => {
    await Promise.all(watches.splice(0).map((watch) => watch.stop()));
  });

  function watch(area = WHOLE, maxAgeMs = START_MS): { watch: QrWatch; seen: QrSighting[] } {
    const seen: QrSighting[] = [];
    const made = new QrWatch({ area, maxAgeMs }, (qr) => seen.push(qr), log);
    watches.push(made);
    return { watch: made, seen };
  }

  function frame(luma: Uint8Array, seq: number): Frame {
    const data = new Uint8Array((WIDTH * HEIGHT * 3) / 2).fill(128);
    data.set(luma);
    return {
      camera: 'entrance',
      seq,
      capturedAt: monotonicMs(),
      picture: { format: 'yuv420p', width: WIDTH, height: HEIGHT, data },
      release: () => {},
    };
  }

  it('tells a code once, with the frame that showed it, and never holds up who offers a frame', async () => {
    const { watch: subject, seen } = watch();
    const luma = await qrScene({ text: PASS, modulePx: 4 }, WIDTH, HEIGHT);
    let seq = 0;
    const took: number[] = [];
    const before = monotonicMs();
    const offer = setInterval(() => {
      const next = frame(luma, ++seq);
      const begun = monotonicMs();
      subject.offer(next);
      took.push(monotonicMs() - begun);
    }, 66);
    await vi.waitFor(() => expect(seen).toHaveLength(1), START_MS);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    clearInterval(offer);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ camera: 'entrance', text: PASS });
    expect(seen[0].seq).toBeGreaterThanOrEqual(1);
    expect(seen[0].capturedAt).toBeGreaterThan(before);
    expect(quantile(took, 0.5)).toBeLessThan(5);
  });

  it('tells nothing of a frame that is too old by then', async () => {
    const { watch: subject, seen } = watch(WHOLE, 1);
    const fresh = watch();
    const luma = await qrScene({ text: PASS, modulePx: 4 }, WIDTH, HEIGHT);
    let seq = 0;
    const offer = setInterval(() => {
      for (const one of [subject, fresh.watch]) one.offer(frame(luma, ++seq));
    }, 66);
    await vi.waitFor(() => expect(fresh.seen).toHaveLength(1), START_MS);
    clearInterval(offer);
    expect(seen).toEqual([]);
  });

  it('sees no code outside the recognition area: the neighbour lane has its own camera', async () => {
    const outside = watch({ left: 0, top: 0, right: 0.45, bottom: 1 });
    const inside = watch({ left: 0.3, top: 0.2, right: 0.7, bottom: 0.8 });
    const luma = await qrScene({ text: PASS, modulePx: 4 }, WIDTH, HEIGHT);
    let seq = 0;
    const offer = setInterval(() => {
      for (const { watch: subject } of [outside, inside]) subject.offer(frame(luma, ++seq));
    }, 66);
    await vi.waitFor(() => expect(inside.seen).toHaveLength(1), START_MS);
    clearInterval(offer);
    expect(outside.seen).toEqual([]);
  });
});

// The photograph and the networks come with set-up; without it there is nothing real to look at.
describe.skipIf(PHOTO_MISSING)('a vision process', { timeout: 3 * START_MS }, () => {
  const film = join(folder, 'film.h264');
  let host: VisionHost | null = null;

  beforeAll(async () => {
    const analyser = await openAnalyser();
    const [, ann] = await people(analyser);
    await analyser.close();
    if (ann === undefined) throw new Error('the photograph holds too few people');
    const code = await qrScene({ text: PASS, modulePx: 3, yaw: 15 }, 220, 220);
    const frames = Array.from({ length: 30 }, (_, i) => {
      const picture = scene([{ figure: ann, x: 400 + (i % 4), y: 300 }]);
      for (let at = 0; at < code.length; at++) {
        const to = ((400 + Math.floor(at / 220)) * WIDTH + 800 + (at % 220)) * 3;
        picture.fill(code[at] ?? 0, to, to + 3);
      }
      return picture;
    });
    await encodeH264({ file: film, width: WIDTH, height: HEIGHT, fps: 15, format: 'rgb24' }, frames);
  });

  afterEach(() => host?.stop());

  function start(qr: boolean) {
    const { password, ...camera } = CameraSchema.parse({
      id: `qr-${process.pid}`,
      source: film,
      door: 'door',
      qr,
    });
    const codes: QrSighting[] = [];
    const faces: Sighting[] = [];
    host = new VisionHost({ camera, vision: VisionSchema.parse({}), log, maxFrameAgeMs: START_MS });
    host.on('qr', (code) => codes.push(code));
    host.on('sighting', (sighting) => faces.push(sighting));
    host.start();
    return { codes, faces };
  }

  it('tells a code beside a face, once, and goes on recognising the face', async () => {
    const { codes, faces } = start(true);
    await vi.waitFor(() => expect(codes).toHaveLength(1), START_MS);
    const before = faces.length;
    await vi.waitFor(() => expect(faces.length).toBeGreaterThan(before + 15), START_MS);
    expect(codes).toHaveLength(1);
    expect(codes[0].text).toBe(PASS);
    expect(monotonicMs() - codes[0].capturedAt).toBeLessThan(START_MS);
    expect(faces.some((face) => face.embedding !== null)).toBe(true);
    const threads = readdirSync(`/proc/${host?.pid}/task`).map(
      (thread) =>
        readFileSync(`/proc/${host?.pid}/task/${thread}/stat`, 'utf8').split(') ')[1]?.split(' ')[16],
    );
    expect(threads.filter((nice) => nice === '10')).toHaveLength(1);
    expect(threads[0]).toBe('0');
  });

  it('looks for none where the camera is not configured to', async () => {
    const { codes, faces } = start(false);
    await vi.waitFor(() => expect(faces.length).toBeGreaterThan(20), START_MS);
    expect(codes).toEqual([]);
  });
});
