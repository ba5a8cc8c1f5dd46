import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import type { Picture } from '../../src/camera/index.ts';
import { mulberry32 } from '../../src/common/index.ts';
import { VisionSchema } from '../../src/config/schema/vision.ts';
import {
  type Analysed,
  analysePictures,
  type Dataset,
  openJudge,
  readDataset,
} from '../../src/evaluate/index.ts';
import { readPhoto } from '../../src/photo/index.ts';
import type { FaceAnalyser } from '../../src/vision/index.ts';
import { MASK_STYLES, withMask } from '../masks/draw.ts';
import { openAnalyser } from '../support/analyser.ts';

/** The sets of labelled pictures that calibration is fitted and tried on, by name: folders below the data. */
export const SETS = {
  casia: 'casia-facev5',
  afdb: 'afdb-chinese',
  lfw: 'lfw/images',
} as const;
export type SetName = keyof typeof SETS;

/** What a gate may meet besides a bare face in good light; copies of the pictures, made here. */
export const CONDITIONS = ['bare', 'masked', 'dark'] as const;
export type Condition = (typeof CONDITIONS)[number];

/** Pictures taken of a set, in the order of the people's names: in good light, and for copies. */
const MOST: Readonly<Record<SetName, { readonly bare: number; readonly copied: number }>> = {
  casia: { bare: 100, copied: 100 },
  afdb: { bare: 475, copied: 120 },
  lfw: { bare: 1000, copied: 240 },
};

/** The light of a lamp in the next street, before the camera's gamma; and the camera's noise, in steps of 255. */
const DARK_GAIN = 0.05;
const DARK_NOISE = 5;
const GAMMA = 2.2;

export interface AnalysedSet {
  readonly items: Dataset;
  readonly analysed: readonly Analysed[];
}

/** Folder of what was analysed already; no part of the project. */
export const CACHE = fileURLToPath(new URL('../../.cache/calibration', import.meta.url));

/** What the chain makes of a set in a condition; from the cache as far as it is there. Null where it does not exist. */
export async function analysedSet(
  data: string,
  name: SetName,
  condition: Condition,
): Promise<AnalysedSet | null> {
  const folder = join(data, SETS[name]);
  if (!existsSync(folder)) return null;
  const { bare, copied } = MOST[name];
  let items: Dataset = readDataset(folder).items.slice(0, condition === 'bare' ? bare : copied);
  if (condition !== 'bare') items = await copies(items, folder, join(CACHE, condition, name), condition);
  await mkdir(CACHE, { recursive: true });
  const judge = await openJudge(VisionSchema.parse({ threads: 1 }));
  const paths = items.map(({ path }) => path);
  const tell = (done: number, of: number) => {
    if (done % 500 === 0 || done === of) process.stderr.write(`${name}, ${condition}: ${done} of ${of}\n`);
  };
  const analysed = await analysePictures(judge, paths, join(CACHE, 'analysed.jsonl'), tell);
  await judge.close();
  return { items, analysed };
}

async function copies(items: Dataset, from: string, to: string, condition: Condition): Promise<Dataset> {
  const places = items.map(({ path, label }) => ({
    from: path,
    path: join(to, relative(from, path)).replace(/\.\w+$/, '.png'),
    label,
  }));
  const missing = places.filter(({ path }) => !existsSync(path));
  if (missing.length === 0) return places;
  const analyser = await openAnalyser({ detectionScore: 0.5 });
  for (const [index, place] of missing.entries()) {
    const picture = await readPhoto(place.from);
    const made = condition === 'masked' ? await masked(analyser, picture, index) : darkened(picture, index);
    const { width, height, data } = made;
    await mkdir(dirname(place.path), { recursive: true });
    const png = sharp(data, { raw: { width, height, channels: 3 } }).png({ compressionLevel: 1 });
    await writeFile(place.path, await png.toBuffer());
  }
  await analyser.close();
  return places;
}

/** Without a face there is nothing to mask: the picture stays as it is, and fails later as it would have. */
async function masked(analyser: FaceAnalyser, picture: Picture, index: number): Promise<Picture> {
  const [face] = await analyser.find(picture);
  if (face === undefined) return picture;
  const landmarks = await analyser.landmarks(picture, face);
  return withMask(picture, landmarks, MASK_STYLES[index % MASK_STYLES.length]);
}

function darkened(picture: Picture, seed: number): Picture {
  const random = mulberry32(seed + 1);
  const table = Array.from({ length: 256 }, (_, v) => 255 * ((v / 255) ** GAMMA * DARK_GAIN) ** (1 / GAMMA));
  const data = Uint8Array.from(picture.data, (value) => {
    const noise = DARK_NOISE * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.max(0, Math.min(255, Math.round((table[value] ?? 0) + noise)));
  });
  return { ...picture, data };
}
