import { existsSync, readdirSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aroundFace, NOISES, noisy } from '../../scripts/liveness/noise.ts';
import { openAnalyser } from '../../scripts/support/analyser.ts';
import { toYuv420p } from '../../scripts/support/yuv.ts';
import type { Picture } from '../../src/camera/index.ts';
import { QualitySchema } from '../../src/config/schema/vision.ts';
import { readPhoto } from '../../src/photo/index.ts';
import { colourNoise } from '../../src/vision/colour-noise.ts';
import type { FaceAnalyser } from '../../src/vision/index.ts';

const [WIDTH, HEIGHT] = [320, 240];
const FACE = { x: 90, y: 40, width: 120, height: 150 };
const ATTACKS = '../shared/data/pad/celeba-spoof/spoof';
const QUALITY = QualitySchema.parse({});

/** Skin that is lit from the side: colours that change slowly. */
function skin(): Picture {
  const data = new Uint8Array(3 * WIDTH * HEIGHT);
  for (let i = 0; i < WIDTH * HEIGHT; i++) {
    const light = 0.6 + (0.4 * (i % WIDTH)) / WIDTH;
    data.set([200 * light, 140 * light, 120 * light], 3 * i);
  }
  return { format: 'rgb24', width: WIDTH, height: HEIGHT, data };
}

const noisySkin = (name: string): Promise<Picture> => noisy(skin(), 1, NOISES[name], 3);

describe('colourNoise', () => {
  it('is hardly anything on smooth skin, in a photo and in a camera frame', () => {
    expect(colourNoise(skin(), FACE)).toBeLessThan(0.4);
    expect(colourNoise(toYuv420p(skin()), FACE)).toBeLessThan(0.4);
  });

  it('tells how strong the noise of the colours is, and nothing of that of the light', async () => {
    const weak = colourNoise(await noisySkin('every pixel and colour, 4 levels'), FACE);
    const strong = colourNoise(await noisySkin('every pixel and colour, 8 levels'), FACE);
    // Of 4 levels in red, green and blue 2.3 are left in Cb and 2.6 in Cr; the quiet part of the face has less than the whole.
    expect(weak).toBeGreaterThan(1.7);
    expect(weak).toBeLessThan(2.6);
    expect(strong / weak).toBeCloseTo(2, 0);
    expect(colourNoise(await noisySkin('without colour, 8 levels'), FACE)).toBeLessThan(0.7);
  });

  it.each([
    'colour, grains of 2 pixels, 4 levels',
    'colour, grains of 4 pixels, 4 levels',
    'a sensor: grains of 2 pixels in colour and single ones in light, 4 levels',
  ])('sees coarse noise too: %s', async (name) => {
    const picture = await noisySkin(name);
    expect(colourNoise(picture, FACE)).toBeGreaterThan(QUALITY.maxNoise);
    expect(colourNoise(toYuv420p(picture), FACE)).toBeGreaterThan(QUALITY.maxNoise);
  });

  it('does not take a coloured mask for noise', () => {
    const picture = skin();
    for (let y = 120; y < HEIGHT; y++)
      for (let x = 0; x < WIDTH; x++)
        if (((x >> 2) + (y >> 2)) % 2 === 0) picture.data.set([30, 60, 200], 3 * (y * WIDTH + x));
    expect(colourNoise(picture, FACE)).toBeLessThan(0.4);
    expect(colourNoise(toYuv420p(picture), FACE)).toBeLessThan(0.4);
  });

  it('is as bad as can be where the picture hardly shows the face', () => {
    const beyond = { ...FACE, x: WIDTH - 22 };
    expect(colourNoise(skin(), beyond)).toBe(255);
    expect(colourNoise(toYuv420p(skin()), { ...FACE, y: -200 })).toBe(255);
  });

  it('reads nothing but the picture, wherever the face is', () => {
    const side = fc.integer({ min: 1, max: 500 });
    const at = fc.integer({ min: -400, max: 400 });
    const pictures = [skin(), toYuv420p(skin())];
    fc.assert(
      fc.property(at, at, side, side, (x, y, width, height) => {
        for (const picture of pictures) {
          const noise = colourNoise(picture, { x, y, width, height });
          expect(noise >= 0 && noise <= 255).toBe(true);
        }
      }),
    );
  });
});

describe('the gate NOISE', () => {
  let analyser: FaceAnalyser;
  beforeAll(async () => {
    analyser = await openAnalyser();
  });
  afterAll(() => analyser.close());

  it('lets faces in good light pass and refuses them under noise, as a photo and as a frame', async () => {
    const whole = await readPhoto('.cache/demo/sample6.jpg');
    const [found] = await analyser.find(whole);
    const { cut, face } = await aroundFace(whole, found);
    const landmarks = await analyser.landmarks(cut, face);
    const failed = (picture: Picture) => analyser.quality(picture, face, landmarks).failed;
    const grainy = await noisy(cut, 1, NOISES['every pixel and colour, 8 levels'], 1);
    for (const form of [(picture: Picture) => picture, toYuv420p]) {
      expect(failed(form(cut))).toEqual([]);
      expect(failed(form(grainy))).toEqual(['NOISE']);
    }
  });

  it.skipIf(!existsSync(ATTACKS))(
    `keeps out the attacks that noise would let in (needs ${ATTACKS})`,
    async () => {
      let fooled = 0;
      for (const file of readdirSync(ATTACKS).sort().slice(0, 24)) {
        const whole = await readPhoto(`${ATTACKS}/${file}`);
        const [found] = await analyser.find(whole);
        if (found === undefined) continue;
        const { cut, face } = await aroundFace(whole, found);
        const frame = toYuv420p(await noisy(cut, 1 / 2, NOISES['colour, grains of 2 pixels, 4 levels'], 1));
        if ((await analyser.liveness(frame, face)).score < 0.7) continue;
        fooled++;
        const { failed } = analyser.quality(frame, face, await analyser.landmarks(frame, face));
        expect(failed).toContain('NOISE');
      }
      expect(fooled).toBeGreaterThan(2);
    },
  );
});
