/**
 * Calibrates the score of the compare API: from the cosine of two embeddings to 0..1, so that 0.5 is a false match
 * rate of 1e-3 on LFW. `node --import tsx scripts/calibrate-compare.ts [--data FOLDER] [--write]`; with --write the
 * two constants go into models/catalog.json, under the embedding network's thresholds.
 */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cosine } from '../src/common/index.ts';
import { sorted, thresholdAt } from '../src/evaluate/statistics/errors.ts';
import { defaultModelsDir, entryForRole, readCatalogue } from '../src/vision/models/index.ts';
import { type Pair, personOf, readPairs } from './lfw/pairs.ts';
import { type Template, templatesOf } from './lfw/templates.ts';
import { fnmrAt } from './lfw/verification.ts';
import { openAnalyser } from './support/analyser.ts';

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: fileURLToPath(new URL('../../shared/data/lfw', import.meta.url)) },
    write: { type: 'boolean', default: false },
  },
});

/** The false match rate that stands for a score of one half. */
const HALF_FMR = 1e-3;

if (existsSync(join(values.data, 'pairs-dev.txt'))) await calibrate(values.data, values.write);
else
  console.log(
    `Skipped: there is no ${join(values.data, 'pairs-dev.txt')}; name the folder of LFW with --data.`,
  );

async function calibrate(folder: string, write: boolean): Promise<void> {
  const pairs = await readPairs(folder);
  const paths = [...new Set(pairs.flatMap(({ one, other }) => [one, other]))];
  const analyser = await openAnalyser({ detectionScore: 0.5 });
  const templates = await templatesOf(analyser, paths, (done) =>
    process.stderr.write(`${done} of ${paths.length} pictures\n`),
  );
  await analyser.close();
  const genuine = pairs.filter(({ same }) => same).flatMap((pair) => scoreOf(pair, templates));
  const impostors = impostorScores(templates);
  const midpoint = thresholdAt(HALF_FMR, sorted(impostors));
  const slope = fitSlope(genuine, impostors, midpoint);
  report(genuine, impostors, midpoint, slope);
  if (write) await store(midpoint, slope, impostors.length, fnmrAt(midpoint, genuine));
}

function scoreOf({ one, other }: Pair, templates: ReadonlyMap<string, Template | null>): number[] {
  const [a, b] = [templates.get(one), templates.get(other)];
  return a && b ? [cosine(a.probe, b.probe)] : [];
}

/** Every picture against every other of a person of another name. */
function impostorScores(templates: ReadonlyMap<string, Template | null>): Float32Array {
  const known = [...templates].flatMap(([path, template]) =>
    template === null ? [] : [{ person: personOf(path), vector: template.probe }],
  );
  const scores = new Float32Array((known.length * (known.length - 1)) / 2);
  let count = 0;
  for (let i = 0; i < known.length; i++) {
    for (let j = i + 1; j < known.length; j++) {
      if (known[i].person !== known[j].person) scores[count++] = cosine(known[i].vector, known[j].vector);
    }
  }
  return scores.slice(0, count);
}

/**
 * Slope of the logistic curve through one half at `midpoint` under which the scores are likeliest, genuine and
 * impostor comparisons weighing the same (Platt scaling with the intercept held). Golden section search.
 */
function fitSlope(genuine: readonly number[], impostors: Float32Array, midpoint: number): number {
  // One impostor in a hundred tells the curve as well as all.
  const sample = impostors.filter((_, index) => index % 100 === 0);
  const loss = (slope: number) => {
    const mean = (scores: ArrayLike<number>, sign: number) => {
      let sum = 0;
      for (let i = 0; i < scores.length; i++) {
        sum += Math.log1p(Math.exp(-sign * slope * (scores[i] - midpoint)));
      }
      return sum / scores.length;
    };
    return mean(genuine, 1) + mean(sample, -1);
  };
  const ratio = (Math.sqrt(5) - 1) / 2;
  let low = 1;
  let high = 100;
  while (high - low > 1e-3) {
    const left = high - ratio * (high - low);
    const right = low + ratio * (high - low);
    if (loss(left) < loss(right)) high = right;
    else low = left;
  }
  return (low + high) / 2;
}

function report(genuine: readonly number[], impostors: Float32Array, midpoint: number, slope: number): void {
  console.log(`${genuine.length} genuine and ${impostors.length} impostor comparisons of LFW`);
  console.log(`midpoint ${midpoint.toFixed(4)}, slope ${slope.toFixed(2)}`);
  for (const score of [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]) {
    const threshold = midpoint + Math.log(score / (1 - score)) / slope;
    let matches = 0;
    for (const value of impostors) if (value >= threshold) matches++;
    const fmr = (matches / impostors.length).toExponential(2);
    console.log(
      `score ${score}: cosine ${threshold.toFixed(3)}, FMR ${fmr}, FNMR ${(100 * fnmrAt(threshold, genuine)).toFixed(2)} %`,
    );
  }
}

async function store(midpoint: number, slope: number, impostors: number, fnmr: number): Promise<void> {
  const dir = defaultModelsDir();
  const { id } = entryForRole(await readCatalogue(dir), 'embedding');
  const path = join(dir, 'catalog.json');
  const catalogue: { models: { id: string; thresholds?: Record<string, unknown> }[] } = JSON.parse(
    await readFile(path, 'utf8'),
  );
  const entry = catalogue.models.find((model) => model.id === id);
  if (entry === undefined) throw new Error(`There is no model ${id} in ${path}.`);
  const source = `LFW, ${impostors} impostor comparisons, scripts/calibrate-compare.ts`;
  entry.thresholds = {
    ...entry.thresholds,
    compareMidpoint: {
      value: Number(midpoint.toFixed(4)),
      measured: `cosine of FMR 0.1 % (FNMR ${(100 * fnmr).toFixed(2)} %), which the compare API calls 0.5; ${source}`,
    },
    compareSlope: {
      value: Number(slope.toFixed(2)),
      measured: `logistic curve of the compare API; ${source}`,
    },
  };
  await writeFile(path, `${JSON.stringify(catalogue, null, 2)}\n`);
}
