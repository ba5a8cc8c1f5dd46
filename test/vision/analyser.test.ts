import { existsSync } from 'node:fs';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAnalyser } from '../../scripts/support/analyser.ts';
import { toYuv420p } from '../../scripts/support/yuv.ts';
import type { Picture } from '../../src/camera/index.ts';
import { QualitySchema } from '../../src/config/schema/vision.ts';
import { decodePhoto, readPhoto } from '../../src/photo/index.ts';
import type { DetectedFace, FaceAnalyser, FaceAnalysis } from '../../src/vision/index.ts';

/** Photographs of an npm package, laid here by set-up: 1 and 3 show the same woman. */
const SAMPLE = (number: number): string => `.cache/demo/sample${number}.jpg`;
const FACES = '../shared/data/casia-facev5';

let analyser: FaceAnalyser;
const photos = new Map<number, Picture>();

beforeAll(async () => {
  analyser = await openAnalyser();
  for (const number of [1, 3, 6]) photos.set(number, await readPhoto(SAMPLE(number)));
});
afterAll(() => analyser.close());

function photo(number: number): Picture {
  const picture = photos.get(number);
  if (picture === undefined) throw new Error(`sample ${number} was not read`);
  return picture;
}

function cosine(one: FaceAnalysis, other: FaceAnalysis): number {
  const [a, b] = [one.embedding?.vector, other.embedding?.vector];
  if (a === undefined || b === undefined) throw new Error('no embedding');
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}

/** A region of a photo, enlarged or shrunk to a width. */
async function region(
  picture: Picture,
  left: number,
  top: number,
  width: number,
  height: number,
  to: number,
): Promise<Picture> {
  const png = await sharp(picture.data, {
    raw: { width: picture.width, height: picture.height, channels: 3 },
  })
    .extract({ left, top, width, height })
    .resize(to)
    .png()
    .toBuffer();
  return decodePhoto(png, 'region.png');
}

describe('FaceAnalyser', () => {
  it('knows the same woman in two photographs and nobody else', async () => {
    const first = await analyser.analyse(photo(1), { all: true });
    const third = await analyser.analyse(photo(3), { all: true });
    expect([first.length, third.length]).toEqual([3, 3]);
    const scores = first.flatMap((one) => third.map((other) => cosine(one, other))).sort((a, b) => b - a);
    expect(scores[0]).toBeGreaterThan(0.6);
    expect(scores[1]).toBeLessThan(0.42);
    for (const { embedding, liveness, landmarks, face } of [...first, ...third]) {
      expect(Math.hypot(...(embedding?.vector ?? []))).toBeCloseTo(1, 5);
      expect(liveness?.score).toBeGreaterThan(0.3);
      const [left, right, , mouthLeft] = landmarks;
      expect(left.x).toBeLessThan(right.x);
      expect(left.y).toBeLessThan(mouthLeft.y);
      expect(left.x).toBeGreaterThan(face.box.x);
    }
  });

  it('sees the same in a camera frame (yuv420p) as in the photo (rgb24)', async () => {
    const [rgb, yuv] = [
      await analyser.analyse(photo(6), { all: true }),
      await analyser.analyse(toYuv420p(photo(6)), { all: true }),
    ];
    expect(yuv.length).toBe(rgb.length);
    for (const one of rgb) {
      const same = yuv.reduce((best, other) => (cosine(one, other) > cosine(one, best) ? other : best));
      expect(cosine(one, same)).toBeGreaterThan(0.98);
      expect(Math.abs(one.quality.sharpness - same.quality.sharpness)).toBeLessThan(0.02);
      expect(Math.abs(one.quality.brightness - same.quality.brightness)).toBeLessThan(0.02);
    }
  });

  it('gives neither liveness nor embedding where a gate fails, unless asked', async () => {
    const strict = await openAnalyser({ quality: QualitySchema.parse({ minEyeDistance: 1000 }) });
    const [refused] = await strict.analyse(photo(3));
    expect(refused.quality.failed).toEqual(['SIZE']);
    expect([refused.liveness, refused.embedding]).toEqual([null, null]);
    const [asked] = await strict.analyse(photo(3), { all: true });
    expect(asked.liveness?.model.id).toBe(strict.models.liveness.id);
    expect(asked.embedding?.vector.length).toBe(512);
    await strict.close();
  });

  it('gives the same whether called in turn or all at once', async () => {
    const inTurn = [
      await analyser.analyse(photo(1), { all: true }),
      await analyser.analyse(photo(3), { all: true }),
    ];
    const atOnce = await Promise.all([1, 3].map((number) => analyser.analyse(photo(number), { all: true })));
    for (const [i, list] of inTurn.entries()) {
      for (const [j, one] of list.entries()) {
        expect(cosine(one, atOnce[i][j])).toBeGreaterThan(0.99999);
        expect(atOnce[i][j].liveness?.score).toBeCloseTo(one.liveness?.score ?? -1, 6);
      }
    }
  });

  it('looks wider at the first frame without anybody and at every eighth after it, and goes on while that finds somebody', async () => {
    const box = (await analyser.find(photo(6))).map((face) => face.box).sort((a, b) => b.x - a.x)[0];
    const at = (from: number, part: number, length: number) => Math.round(from + part * length);
    const [left, top] = [at(box.x, 0.15, box.width), at(box.y, 0.15, box.height)];
    // Cut so close that no look but the wider one finds it.
    const close = await region(photo(6), left, top, at(0, 0.7, box.width), at(0, 0.7, box.height), 640);
    const hall = { ...close, data: new Uint8Array(close.data.length).fill(110) };
    const looks: number[] = [];
    for (const picture of [hall, hall, ...Array<Picture>(8).fill(close), hall, close]) {
      looks.push((await analyser.detect(picture)).length);
    }
    expect(looks).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0]);
  });

  it('finds a face in the dark by its second looks, goes on finding it, and refuses it for the light', async () => {
    const [face] = await analyser.find(photo(6));
    const { x, y, width, height } = face.box;
    const [left, top] = [Math.max(0, Math.round(x - width / 2)), Math.max(0, Math.round(y - height / 2))];
    const [across, down] = [Math.round(2 * width), Math.round(2 * height)];
    const lit = await region(photo(6), left, top, across, down, 640);
    const dark = { ...lit, data: lit.data.map((value) => value / 12) };
    expect(await analyser.detect(lit)).toHaveLength(1);
    const looks: number[] = [];
    while (looks.length < 20) looks.push((await analyser.detect(dark)).length);
    expect(looks.indexOf(1)).toBeLessThanOrEqual(16);
    expect(looks.slice(looks.indexOf(1)).every((found) => found === 1)).toBe(true);
    const [found] = await analyser.detect(dark);
    const { failed } = analyser.quality(dark, found, await analyser.landmarks(dark, found));
    expect(failed).toContain('EXPOSURE');
    const nobody = { ...dark, data: dark.data.map((_, i) => 6 + ((i * 7919) % 9)) };
    for (let i = 0; i < 13; i++) expect(await analyser.detect(nobody)).toEqual([]);
  });

  it('finds a face that fills the photo, and one that is a speck in it', async () => {
    const [face] = await analyser.find(photo(3));
    const { x, y, width, height } = face.box;
    const tight = await region(
      photo(3),
      Math.round(x),
      Math.round(y),
      Math.round(width),
      Math.round(height),
      900,
    );
    const [filling] = await analyser.find(tight);
    expect(filling.box.width).toBeGreaterThan(500);
    const speck = await specked(photo(3), face);
    const [small] = await analyser.find(speck);
    expect(Math.abs(small.box.x + small.box.width / 2 - 3000)).toBeLessThan(40);
    expect(Math.abs(small.box.y + small.box.height / 2 - 2000)).toBeLessThan(40);
  });

  it('finds a face in the dark and before a window in a photo', async () => {
    const [face] = await analyser.find(photo(6));
    const { x, y, width, height } = face.box;
    const [left, top] = [Math.max(0, Math.round(x - width / 2)), Math.max(0, Math.round(y - height / 2))];
    const lit = await region(photo(6), left, top, Math.round(2 * width), Math.round(2 * height), 480);
    const dark = { ...lit, data: lit.data.map((value) => value / 12) };
    const window = { ...lit, width: 1440, data: new Uint8Array(3 * 1440 * lit.height).fill(255) };
    for (let row = 0; row < lit.height; row++) {
      const line = lit.data.subarray(3 * 480 * row, 3 * 480 * (row + 1)).map((value) => value / 10);
      window.data.set(line, 3 * (1440 * row + 480));
    }
    const [inLight] = await analyser.find(lit);
    for (const [picture, shift] of [
      [dark, 0],
      [window, 480],
    ] as const) {
      const found = await analyser.find(picture);
      expect(found).toHaveLength(1);
      expect(Math.abs(found[0].box.x - shift - inLight.box.x)).toBeLessThan(inLight.box.width / 4);
      const landmarks = await analyser.landmarks(picture, found[0]);
      expect(analyser.quality(picture, found[0], landmarks).failed).toContain('EXPOSURE');
    }
  });

  it('finds nothing in a picture without faces', async () => {
    const data = new Uint8Array(1500 * 1100 * 3).map((_, i) => (i * 37) % 200);
    expect(await analyser.analyse({ format: 'rgb24', width: 1500, height: 1100, data })).toEqual([]);
  });

  it('tells a blurred face and a dark one by their gates', async () => {
    const { width, height, data } = photo(3);
    const image = () => sharp(data, { raw: { width, height, channels: 3 } });
    const blurred: Picture = { format: 'rgb24', width, height, data: await image().blur(8).raw().toBuffer() };
    const dark: Picture = {
      format: 'rgb24',
      width,
      height,
      data: await image().linear(0.15).raw().toBuffer(),
    };
    const failed = async (picture: Picture, face: DetectedFace) =>
      analyser.quality(picture, face, await analyser.landmarks(picture, face)).failed;
    const [face] = await analyser.find(photo(3));
    expect(await failed(photo(3), face)).toEqual([]);
    expect(await failed(blurred, face)).toContain('SHARPNESS');
    expect(await failed(dark, face)).toContain('EXPOSURE');
  });

  it('measures the margin against the recognition area', async () => {
    const [face] = await analyser.find(photo(3));
    const landmarks = await analyser.landmarks(photo(3), face);
    const { x, y, width, height } = face.box;
    const area = { x: x + width / 2, y: y - height, width: width * 3, height: height * 3 };
    const { margin, failed } = analyser.quality(photo(3), face, landmarks, area);
    expect(margin).toBeCloseTo(-0.5, 5);
    expect(failed).toEqual(['MARGIN']);
  });

  it('cuts out a face as a JPEG of the right place, black beyond the border', async () => {
    const [face] = await analyser.find(photo(3));
    const jpeg = await analyser.crop(photo(3), face.box);
    const crop = await decodePhoto(jpeg, 'crop.jpg');
    expect(crop.width / crop.height).toBeCloseTo(0.8, 2);
    const [again] = await analyser.find(crop);
    expect(Math.abs(again.box.x + again.box.width / 2 - crop.width / 2)).toBeLessThan(crop.width / 10);
    const corner = await decodePhoto(
      await analyser.crop(photo(3), { x: 0, y: 0, width: 100, height: 100 }),
      'c.jpg',
    );
    expect(Math.max(...corner.data.subarray(0, 60))).toBeLessThan(20);
  });
});

/** The face some 70 pixels high in 20 megapixels of grey. */
async function specked(picture: Picture, face: DetectedFace): Promise<Picture> {
  const side = Math.round(face.box.height * 2);
  const left = Math.round(face.box.x + face.box.width / 2 - side / 2);
  const top = Math.round(face.box.y + face.box.height / 2 - side / 2);
  const small = await region(picture, left, top, side, side, 140);
  const data = new Uint8Array(5000 * 4000 * 3).fill(120);
  for (let row = 0; row < small.height; row++) {
    const from = small.data.subarray(3 * row * small.width, 3 * (row + 1) * small.width);
    data.set(from, 3 * ((2000 - small.height / 2 + row) * 5000 + 3000 - small.width / 2));
  }
  return { format: 'rgb24', width: 5000, height: 4000, data };
}

describe.skipIf(!existsSync(FACES))(`FaceAnalyser on tight portraits (needs ${FACES})`, () => {
  it('finds the face in every one of twenty and keeps people apart', async () => {
    const people = ['000', '002', '004', '006', '008', '010', '012', '014', '016', '018'];
    const analyses = await Promise.all(
      people.flatMap((person) =>
        [0, 1].map(async (shot) =>
          analyser.analyse(await readPhoto(`${FACES}/${person}/${person}_${shot}.jpg`), { all: true }),
        ),
      ),
    );
    expect(analyses.map((faces) => faces.length)).toEqual(analyses.map(() => 1));
    for (let i = 0; i < analyses.length; i += 2) {
      expect(cosine(analyses[i][0], analyses[i + 1][0])).toBeGreaterThan(0.45);
      for (let j = i + 2; j < analyses.length; j++)
        expect(cosine(analyses[i][0], analyses[j][0])).toBeLessThan(0.5);
    }
  });
});
