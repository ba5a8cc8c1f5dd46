/**
 * Times each network as the package ships it against the prepared one, on one thread, interleaved so that a busy
 * machine strikes both alike: `npx tsx scripts/measure-models.ts [--tarball FILE] [--runs N] [--keep-denormals]`.
 * ONNX Runtime takes `set_denormal_as_zero` from the first session of a process for all of them, so the two ways need
 * two runs. The table is that of docs/decisions/model-preparation.md.
 */
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { InferenceSession } from 'onnxruntime-node';
import {
  defaultModelsDir,
  type ModelEntry,
  type PreparationStep,
  readCatalogue,
  readSources,
} from '../src/vision/models/index.ts';
import { prepareModel } from '../src/vision/models/prepare.ts';
import { feedsOf } from './support/feeds.ts';

interface Contestant {
  readonly name: string;
  readonly session: InferenceSession;
  /** In one input: two where the steps have made it so. */
  readonly pictures: number;
  readonly feeds: InferenceSession.FeedsType;
  readonly times: number[];
}

const { values } = parseArgs({
  options: {
    tarball: { type: 'string' },
    runs: { type: 'string', default: '300' },
    'keep-denormals': { type: 'boolean', default: false },
  },
});
const runs = Number(values.runs);
const catalogue = await readCatalogue(defaultModelsDir());
const sources = new Map<ModelEntry, Buffer>();
for (const [key, source] of Object.entries(catalogue.packages)) {
  const entries = catalogue.models.filter((entry) => entry.source?.package === key);
  const options = values.tarball === undefined ? {} : { tarball: values.tarball };
  for (const [entry, bytes] of await readSources(source, entries, options)) sources.set(entry, bytes);
}

console.log(
  `${cpus()[0]?.model ?? 'unknown CPU'}, ${availableParallelism()} cores, ${runs} runs each, median (10th percentile) in ms`,
);
for (const [entry, bytes] of sources) {
  const contestants = [
    await contestant('stock', entry, bytes, []),
    ...(await Promise.all(stages(entry).map((steps) => contestant(steps.join(' + '), entry, bytes, steps)))),
  ];
  for (let run = 0; run < runs; run++) for (const each of contestants) each.times.push(await time(each));
  const cells = contestants.map(({ name, times }) => `${name} ${at(times, 0.5)} (${at(times, 0.1)})`);
  console.log(`${entry.id}: ${cells.join(', ')}`);
}

/** The preparation of an entry, one step more each time. */
function stages(entry: ModelEntry): PreparationStep[][] {
  return entry.prepare.map((_, index) => entry.prepare.slice(0, index + 1));
}

async function contestant(
  name: string,
  entry: ModelEntry,
  bytes: Uint8Array,
  steps: readonly PreparationStep[],
): Promise<Contestant> {
  const session = await InferenceSession.create(prepareModel(bytes, steps), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    extra: { session: { set_denormal_as_zero: values['keep-denormals'] ? '0' : '1' } },
  });
  const pictures = steps.includes('pair-inputs') ? 2 : 1;
  const feeds = feedsOf(entry, [pictures, ...entry.input.shape.slice(1)]);
  return { name, session, pictures, feeds, times: [] };
}

/** Milliseconds a picture. */
async function time({ session, pictures, feeds }: Contestant): Promise<number> {
  const start = process.hrtime.bigint();
  await session.run(feeds);
  return Number(process.hrtime.bigint() - start) / 1e6 / pictures;
}

function at(times: readonly number[], quantile: number): string {
  const sorted = times.toSorted((a, b) => a - b);
  return (sorted[Math.floor(quantile * (sorted.length - 1))] ?? Number.NaN).toFixed(2);
}
