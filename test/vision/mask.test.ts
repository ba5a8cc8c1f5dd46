import { existsSync, readdirSync } from 'node:fs';
import { cp, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MASK_STYLES, type MaskFit, withMask } from '../../scripts/masks/draw.ts';
import { openAnalyser } from '../../scripts/support/analyser.ts';
import { toYuv420p } from '../../scripts/support/yuv.ts';
import type { Picture } from '../../src/camera/index.ts';
import { cosine } from '../../src/common/index.ts';
import { decodePhoto, readPhoto } from '../../src/photo/index.ts';
import type {
  Box,
  DetectedFace,
  FaceAnalyser,
  FaceEmbedding,
  Landmarks,
  MaskReading,
  MaskState,
} from '../../src/vision/index.ts';
import { defaultModelsDir, entryForRole, pullModels, readCatalogue } from '../../src/vision/models/index.ts';
import { readVerified } from '../../src/vision/models/verify.ts';
import { catalogueOf, withFolder } from './models/support.ts';

/** Photographs of an npm package, laid here by set-up. */
const SAMPLES = [1, 3, 6].map((number) => `.cache/demo/sample${number}.jpg`);
/** Real pictures, some masked, none of which the network was trained on. */
const WEB = '../shared/data/masks/web';

let analyser: FaceAnalyser;
const faces: { picture: Picture; face: DetectedFace }[] = [];

beforeAll(async () => {
  analyser = await openAnalyser();
  for (const path of SAMPLES) {
    const picture = await readPhoto(path);
    for (const { box } of await analyser.find(picture)) {
      const close = await closeUp(picture, box);
      const [face] = await analyser.find(close);
      if (face !== undefined) faces.push({ picture: close, face });
    }
  }
});
afterAll(() => analyser.close());

/** A face with its surroundings, 240 pixels wide: masks are drawn over whole pictures, and these are large. */
async function closeUp({ data, width, height }: Picture, box: Box): Promise<Picture> {
  const side = Math.round(2 * Math.max(box.width, box.height));
  const left = Math.min(Math.max(0, Math.round(box.x + box.width / 2 - side / 2)), width - side);
  const top = Math.min(Math.max(0, Math.round(box.y + box.height / 2 - side / 2)), height - side);
  const jpeg = await sharp(data, { raw: { width, height, channels: 3 } })
    .extract({ left, top, width: side, height: side })
    .resize(240)
    .jpeg({ quality: 95 })
    .toBuffer();
  return decodePhoto(jpeg, 'face.jpg');
}

async function drawn(fit: MaskFit): Promise<(MaskState | undefined)[]> {
  const states: (MaskState | undefined)[] = [];
  for (const { picture, face } of faces) {
    const landmarks = await analyser.landmarks(picture, face);
    for (const style of MASK_STYLES) {
      const mask = await analyser.mask(await withMask(picture, landmarks, style, fit), face);
      states.push(mask?.state);
    }
  }
  return states;
}

async function embedded(
  picture: Picture,
  landmarks: Landmarks,
  mask: MaskReading | null,
): Promise<FaceEmbedding> {
  const embedding = await analyser.embed(picture, landmarks, { mask });
  if (embedding === null) throw new Error('No embedding of a face whose points are known');
  return embedding;
}

/** Part of the states that are this one. */
function part(states: readonly (MaskState | undefined)[], state: MaskState): number {
  return states.filter((each) => each === state).length / states.length;
}

describe('the mask network', () => {
  it('is committed with the project: at most 1 MB, made by a script that is there', async () => {
    const { file, trained, source } = entryForRole(await readCatalogue(defaultModelsDir()), 'mask');
    expect((await stat(join(defaultModelsDir(), file))).size).toBeLessThanOrEqual(1_000_000);
    expect(source).toBeUndefined();
    expect(existsSync(trained?.by.split(' ')[0] ?? 'nowhere')).toBe(true);
  });

  it('is copied by a pull into another models folder, and copied again where it was altered', () =>
    withFolder(async (dir) => {
      const catalogue = await catalogueOf('mask');
      expect(await pullModels({ dir, catalogue })).toEqual(['mask']);
      const [{ file }] = catalogue.models;
      expect(await pullModels({ dir, catalogue })).toEqual([]);
      await writeFile(join(dir, file), 'something else');
      await expect(readVerified(dir, catalogue.models[0])).rejects.toMatchObject({
        code: 'MODEL_ALTERED',
        message: expect.stringContaining('It ships with Menshen'),
      });
      expect(await pullModels({ dir, catalogue })).toEqual(['mask']);
      await readVerified(dir, catalogue.models[0]);
    }));

  it('tells bare faces, whatever the layout of the picture', async () => {
    expect(faces.length).toBeGreaterThanOrEqual(6);
    for (const { picture, face } of faces) {
      const mask = await analyser.mask(picture, face);
      expect(mask).toMatchObject({ state: 'bare', model: analyser.models.mask });
      const yuv = await analyser.mask(toYuv420p(picture), face);
      expect(yuv?.state).toBe('bare');
      expect(yuv?.score).toBeCloseTo(mask?.score ?? 0, 1);
    }
  });

  it('tells masks worn and masks that leave the nose out, of cuts and fabrics it was not trained on', async () => {
    expect(part(await drawn('worn'), 'worn')).toBeGreaterThanOrEqual(0.85);
    expect(part(await drawn('noseOut'), 'incorrect')).toBeGreaterThanOrEqual(0.85);
  });

  it('stands with every face of a still picture', async () => {
    const analyses = await analyser.analyse(faces[0].picture);
    expect(analyses.map(({ mask }) => mask?.state)).toEqual(analyses.map(() => 'bare'));
  });

  it('leaves a bare face to the networks for bare ones, and compares a masked one in their space', async () => {
    const gains: number[] = [];
    for (const { picture, face } of faces.slice(0, 3)) {
      const points = await analyser.landmarks(picture, face);
      const reference = await embedded(picture, points, null);
      expect(reference).toMatchObject({ model: analyser.models.embedding });
      expect(reference.by).toBeUndefined();
      for (const style of MASK_STYLES) {
        const masked = await withMask(picture, points, style);
        const stock = await embedded(masked, points, null);
        const own = await embedded(masked, points, { state: 'worn', score: 1, model: reference.model });
        expect(own).toMatchObject({ model: reference.model, by: analyser.models.maskedEmbedding });
        gains.push(cosine(own.vector, reference.vector) - cosine(stock.vector, reference.vector));
      }
    }
    expect(gains.reduce((sum, gain) => sum + gain, 0) / gains.length).toBeGreaterThan(0.05);
  });

  it('may be missing from a catalogue: nothing is said of masks then', () =>
    withFolder(async (dir) => {
      await cp(defaultModelsDir(), dir, { recursive: true });
      const catalogue = JSON.parse(await readFile(join(dir, 'catalog.json'), 'utf8'));
      for (const role of ['mask', 'masked-landmarks', 'masked-embedding']) delete catalogue.use[role];
      await writeFile(join(dir, 'catalog.json'), JSON.stringify(catalogue));
      const without = await openAnalyser({ modelsDir: dir });
      expect(await without.mask(faces[0].picture, faces[0].face)).toBeNull();
      expect(Object.keys(without.models)).toEqual(['detection', 'landmarks', 'liveness', 'embedding']);
      await without.close();
    }));
});

describe.skipIf(!existsSync(WEB))(`the mask network on real pictures (needs ${WEB})`, () => {
  it.each([
    ['mask', 'worn'],
    ['bare', 'bare'],
  ] as const)('tells sixty of "%s"', async (folder, state) => {
    const states: (MaskState | undefined)[] = [];
    for (const name of readdirSync(join(WEB, folder)).sort().slice(-60)) {
      const picture = await readPhoto(join(WEB, folder, name));
      const [face] = await analyser.find(picture);
      if (face !== undefined) states.push((await analyser.mask(picture, face))?.state);
    }
    expect(states.length).toBeGreaterThan(50);
    expect(part(states, state)).toBeGreaterThanOrEqual(0.9);
  });
});
