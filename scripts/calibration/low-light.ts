/**
 * Whether strangers score higher in the dark, by the embedding alone: `npx tsx scripts/calibration/low-light.ts [--data FOLDER]`.
 * Pictures of casia-facev5 and of lfw are darkened and made noisy; the points of the face are those of the picture in good
 * light, so that faces count which the detector would miss. A table of docs/explanation/calibration.md comes from here.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Picture } from '../../src/camera/index.ts';
import { cosine } from '../../src/common/index.ts';
import { readDataset } from '../../src/evaluate/index.ts';
import { bootstrapPairRate, type Share } from '../../src/evaluate/statistics/bootstrap.ts';
import { sorted, thresholdAt } from '../../src/evaluate/statistics/errors.ts';
import { readPhoto } from '../../src/photo/index.ts';
import type { FaceAnalyser } from '../../src/vision/index.ts';
import { dark } from '../detection/conditions.ts';
import { nearestToCentre } from '../lfw/templates.ts';
import { openAnalyser } from '../support/analyser.ts';
import { SETS, type SetName } from './sets.ts';

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: fileURLToPath(new URL('../../../shared/data', import.meta.url)) },
  },
});

/** Pictures in the order of the people's names. */
const MOST: Readonly<Partial<Record<SetName, number>>> = { casia: 100, lfw: 240 };

/** Part of the picture's values that is left; the noise is of 4 levels. */
const LIGHT: Readonly<Record<string, number>> = {
  'full light': 1,
  '1/4': 1 / 4,
  '1/12': 1 / 12,
  '1/25': 1 / 25,
};

const RATES = [1e-2, 1e-3] as const;

interface Face {
  readonly person: string;
  /** By the light. */
  readonly seen: ReadonlyMap<string, Seen>;
}

interface Seen {
  readonly found: boolean;
  readonly reference: Float32Array;
  readonly probe: Float32Array;
}

for (const [name, most] of Object.entries(MOST)) {
  const folder = join(values.data, SETS[name === 'casia' ? 'casia' : 'lfw']);
  if (!existsSync(folder))
    console.log(`Skipped: there is no ${folder}; name the pictures' folder with --data.`);
  else tell(name, await facesOf(folder, most));
}

async function facesOf(folder: string, most: number): Promise<Face[]> {
  const analyser = await openAnalyser({ detectionScore: 0.5 });
  const faces: Face[] = [];
  for (const { path, label } of readDataset(folder).items.slice(0, most)) {
    const seen = await seenIn(analyser, await readPhoto(path));
    if (seen !== null) faces.push({ person: label, seen });
  }
  await analyser.close();
  return faces;
}

async function seenIn(analyser: FaceAnalyser, picture: Picture): Promise<Face['seen'] | null> {
  const face = nearestToCentre(await analyser.find(picture), picture.width, picture.height);
  if (face === null) return null;
  const landmarks = await analyser.landmarks(picture, face);
  const seen = new Map<string, Seen>();
  for (const [name, part] of Object.entries(LIGHT)) {
    const lit = part === 1 ? picture : dark(picture, part);
    const reference = await analyser.embed(lit, landmarks, { mirrored: true });
    const probe = await analyser.embed(lit, landmarks);
    if (reference === null || probe === null) return null;
    const found = (await analyser.find(lit)).length > 0;
    seen.set(name, { found, reference: reference.vector, probe: probe.vector });
  }
  return seen;
}

function tell(name: string, faces: readonly Face[]): void {
  const people = new Set(faces.map(({ person }) => person)).size;
  console.log(`${name}: ${faces.length} pictures of ${people} people`);
  const bare = sorted(
    comparisonsOf(faces, 'full light', 'full light').flatMap(({ same, score }) => (same ? [] : [score])),
  );
  const thresholds = RATES.map((rate) => thresholdAt(rate, bare));
  console.log(
    'probe | reference | face found | ' +
      RATES.map(
        (rate, i) => `FMR at ${thresholds[i].toFixed(3)} (${rate} in full light), over people | FNMR`,
      ).join(' | '),
  );
  for (const light of Object.keys(LIGHT)) {
    const found = faces.filter(({ seen }) => seen.get(light)?.found).length / faces.length;
    for (const reference of light === 'full light' ? [light] : ['full light', light]) {
      const comparisons = comparisonsOf(faces, reference, light);
      const cells = thresholds.map((at) => ratesAt(comparisons, at));
      console.log(`${light} | ${reference} | ${percent(found)} | ${cells.join(' | ')}`);
    }
  }
}

interface Comparison {
  readonly one: string;
  readonly other: string;
  readonly same: boolean;
  readonly score: number;
}

function comparisonsOf(faces: readonly Face[], reference: string, probe: string): Comparison[] {
  return faces.flatMap((one, i) =>
    faces.flatMap((other, j) => {
      const [a, b] = [one.seen.get(reference)?.reference, other.seen.get(probe)?.probe];
      if (i === j || a === undefined || b === undefined) return [];
      return [
        { one: one.person, other: other.person, same: one.person === other.person, score: cosine(a, b) },
      ];
    }),
  );
}

function ratesAt(comparisons: readonly Comparison[], at: number): string {
  const strangers = comparisons.filter(({ same }) => !same);
  const genuine = comparisons.filter(({ same }) => same);
  const shares = new Map<string, { events: number; trials: number }>();
  for (const { one, other, score } of strangers) {
    for (const person of [one, other]) {
      const own = shares.get(person) ?? { events: 0, trials: 0 };
      shares.set(person, { events: own.events + (score >= at ? 1 : 0), trials: own.trials + 1 });
    }
  }
  const everybody: Share[] = [...shares.values()];
  const { low, high } = bootstrapPairRate(everybody);
  const part = (of: readonly Comparison[], passes: boolean) =>
    of.filter(({ score }) => score >= at === passes).length / of.length;
  return `${part(strangers, true).toExponential(1)} (${low.toExponential(1)} to ${high.toExponential(1)}) | ${percent(part(genuine, false))}`;
}

function percent(part: number): string {
  return `${(100 * part).toFixed(1)} %`;
}
