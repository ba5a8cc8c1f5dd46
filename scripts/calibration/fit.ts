/**
 * Fits the calibration curve of the embedding network and writes models/calibration.json, and shows false match rates
 * before and after: `npx tsx scripts/calibration/fit.ts [--data FOLDER] [--write] [--curve-only]`. The folder holds casia-facev5,
 * afdb-chinese and lfw. The tables of docs/explanation/calibration.md come from here.
 */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CURVES_FILE, type Curve, CurvesSchema } from '../../src/calibration/index.ts';
import { defaultModelsDir, entryForRole, readCatalogue } from '../../src/vision/models/index.ts';
import { type AnalysedSet, analysedSet, CONDITIONS, type Condition, SETS, type SetName } from './sets.ts';
import { simulate } from './simulate.ts';
import { fitLikelihood, impostorsOf, KNOTS, locationOf, tailOf } from './tail.ts';

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: fileURLToPath(new URL('../../../shared/data', import.meta.url)) },
    write: { type: 'boolean', default: false },
    'curve-only': { type: 'boolean', default: false },
  },
});

const NAMES: readonly SetName[] = ['lfw', 'casia', 'afdb'];

/**
 * Before anything is known of a site's people: those of the set that was taken by a camera, from near, as at a door.
 * Pictures of afdb-chinese are of actors from the web: their tail begins higher still.
 */
const BEFORE_A_CAMERA: SetName = 'casia';

/**
 * Labels of afdb-chinese are wrong too often to say what one person's comparisons look like, and its crops too small for a mask
 * to be drawn that looks like one: of these sets come the likelihood ratio and what a mask or the dark adds.
 */
const WELL_LABELLED: readonly SetName[] = ['lfw', 'casia'];

if (existsSync(join(values.data, SETS.casia))) await fitCurve(values.data, values.write);
else
  console.log(
    `Skipped: there is no ${join(values.data, SETS.casia)}; name the pictures' folder with --data.`,
  );

async function fitCurve(data: string, write: boolean): Promise<void> {
  const sets = new Map<string, AnalysedSet>();
  for (const name of NAMES) {
    for (const condition of CONDITIONS) {
      const found = await analysedSet(data, name, condition);
      if (found !== null) sets.set(`${name} ${condition}`, found);
    }
  }
  const of = (name: SetName, condition: Condition) => sets.get(`${name} ${condition}`);
  const { id, version, sha256 } = entryForRole(await readCatalogue(defaultModelsDir()), 'embedding');
  const model = { id, version, sha256 };
  const curve = curveOf(of, model);
  console.log(JSON.stringify(curve, null, 2));
  if (write) {
    const path = join(defaultModelsDir(), CURVES_FILE);
    await writeFile(path, `${JSON.stringify(CurvesSchema.parse({ curves: [curve] }), null, 2)}\n`);
  }
  if (values['curve-only']) return;
  const bare = NAMES.flatMap((name) => {
    const set = of(name, 'bare');
    return set === undefined ? [] : [[name, set] as const];
  });
  const without = (some: (name: SetName) => AnalysedSet | undefined) =>
    curveOf((name, condition) => (condition === 'bare' ? some(name) : undefined), model);
  simulate(curve, without, new Map(bare), console.log);
}

function curveOf(
  of: (name: SetName, condition: Condition) => AnalysedSet | undefined,
  model: Curve['model'],
): Curve {
  const populations = NAMES.flatMap((name) => {
    const bare = of(name, 'bare');
    if (bare === undefined) return [];
    const scores = impostorsOf(bare, bare);
    return [{ name, bare, scores, location: locationOf(scores), tail: tailOf(scores) }];
  });
  const knots = KNOTS.map((rate) => ({
    rate,
    excess: rounded(Math.max(...populations.map(({ tail }) => tail.get(rate) ?? Number.NEGATIVE_INFINITY))),
  }));
  const highest = (condition: 'masked' | 'dark') =>
    rounded(
      Math.max(
        0,
        ...populations
          .filter(({ name }) => WELL_LABELLED.includes(name))
          .map(({ name, bare }) => shiftOf(bare, of(name, condition))),
      ),
    );
  const dark = NAMES.flatMap((name) => of(name, 'dark')?.analysed ?? []);
  return {
    model,
    deviations: 1.3,
    location: rounded(
      populations.find(({ name }) => name === BEFORE_A_CAMERA)?.location ??
        Math.max(...populations.map(({ location }) => location)),
    ),
    knots,
    decade: rounded(Math.max(...populations.map(({ scores }) => decadeOf(scores)))),
    conditions: { masked: highest('masked'), dark: highest('dark'), darkBelow: rounded(brightest(dark)) },
    likelihood: fitLikelihood(populations.filter(({ name }) => WELL_LABELLED.includes(name))),
    fitted: populations.map(({ name, bare, scores, location, tail }) => ({
      population: SETS[name],
      people: new Set(bare.items.map(({ label }) => label)).size,
      pictures: bare.items.length,
      pairs: scores.length,
      location: rounded(location),
      excess: Object.fromEntries([...tail].map(([rate, excess]) => [String(rate), rounded(excess)])),
    })),
    by: 'scripts/calibration/fit.ts --write',
  };
}

/** How much higher the impostors' one in a thousand lies in a condition than with bare probes of the same people. */
function shiftOf(bare: AnalysedSet, copies: AnalysedSet | undefined): number {
  if (copies === undefined) return 0;
  const at = (scores: Float64Array) => scores[Math.floor(scores.length * (1 - 1e-3))] ?? 0;
  const people = new Set(copies.items.map(({ label }) => label));
  const same = {
    items: bare.items.filter(({ label }) => people.has(label)),
    analysed: bare.analysed.filter((_, index) => people.has(bare.items[index]?.label ?? '')),
  };
  return at(impostorsOf(bare, copies)) - at(impostorsOf(bare, same));
}

/** Cosine for a tenth of the rate: ln 10 times the mean excess over the highest thousandth (exponential tail). */
function decadeOf(scores: Float64Array): number {
  const tail = scores.slice(Math.floor(scores.length * (1 - 1e-3)));
  // Of fewer the mean is a guess.
  if (tail.length < 100) return 0;
  return Math.LN10 * tail.reduce((sum, score) => sum + (score - tail[0]) / tail.length, 0);
}

/** Luma that nearly all of the darkened faces are below. */
function brightest(analysed: AnalysedSet['analysed']): number {
  const lumas = analysed
    .flatMap(({ quality }) => (quality === null ? [] : [quality.brightness]))
    .sort((a, b) => a - b);
  return lumas[Math.floor(0.95 * lumas.length)] ?? 0;
}

function rounded(value: number): number {
  return Number(value.toFixed(4));
}
