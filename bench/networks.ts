import { InferenceSession } from 'onnxruntime-node';
import { feedsOf } from '../scripts/support/feeds.ts';
import { quantile } from '../scripts/support/quantile.ts';
import {
  type Catalogue,
  defaultModelsDir,
  entryForRole,
  type ModelEntry,
  readCatalogue,
  readSources,
} from '../src/vision/models/index.ts';
import { prepareModel } from '../src/vision/models/prepare.ts';
import { readVerified } from '../src/vision/models/verify.ts';
import { facesOfLevel, LEVELS } from '../src/vision/prior-boxes.ts';
import { windowOn } from '../src/vision/view-window.ts';
import { atMost, type BenchRow, told } from './row.ts';
import { ownCpuMs } from './support/processes.ts';

const RUNS = 200;
const WARM_UP = 10;
const BOUNDS: Readonly<Record<string, number>> = { 'fr-feature': 0.4 };
const OTHERS = 0.75;
const MIN_SCORE = 0.7; // vision.detectionScore

/** Pictures that the detector looks at, whose window of its field differs. */
const PICTURES = { '': [640, 480], '.wide': [1280, 720], '.square': [1080, 1080] } as const;

/** A network on one input, and what has to be read out of it. */
interface Use {
  readonly session: InferenceSession;
  readonly feeds: InferenceSession.FeedsType;
  /** As many as serve one face: the network for eyes sees both at once, as shipped one. */
  readonly runs: number;
  readonly read: (outputs: InferenceSession.ReturnType) => void;
}

/**
 * Each network as its package ships it and as it is used, on one thread with denormals off, turn about: CPU time, which counts no
 * time that others had. In the place of a shipped one that another network serves for, that one is measured. The detector is given
 * what it is given of pictures of 4:3, 16:9 and 1:1, and decodes the faces it finds, which the shipped one does by itself.
 */
export async function benchNetworks(): Promise<BenchRow[]> {
  const catalogue = await readCatalogue(defaultModelsDir());
  const rows: BenchRow[] = [];
  for (const [key, source] of Object.entries(catalogue.packages)) {
    const entries = catalogue.models.filter((entry) => entry.source?.package === key);
    for (const [entry, bytes] of await readSources(source, entries, {}))
      rows.push(...(await rowsOf(catalogue, entry, bytes)));
  }
  return rows;
}

async function rowsOf(catalogue: Catalogue, shipped: ModelEntry, bytes: Uint8Array): Promise<BenchRow[]> {
  const entry = entryForRole(catalogue, shipped.role);
  const [pictures, ...shape] = shipped.input.shape;
  const stock = { ...plain(await open(bytes), shipped, [1, ...shape]), runs: pictures };
  const used = await open(
    entry === shipped ? prepareModel(bytes, entry.prepare) : await readVerified(defaultModelsDir(), entry),
  );
  const rows: BenchRow[] = [];
  if (entry.role !== 'detection')
    rows.push(...(await compare(entry, '', stock, plain(used, entry, entry.input.shape))));
  else
    for (const [suffix, [width, height]] of Object.entries(PICTURES))
      rows.push(...(await compare(entry, suffix, stock, detector(used, entry, width, height))));
  await stock.session.release();
  await used.release();
  return rows;
}

async function compare(entry: ModelEntry, suffix: string, stock: Use, used: Use): Promise<BenchRow[]> {
  const times: { stock: number; used: number }[] = [];
  for (let run = -WARM_UP; run < RUNS; run++) {
    const each = { stock: await timed(stock), used: await timed(used) };
    if (run >= 0) times.push(each);
  }
  const median = (which: 'stock' | 'used'): number =>
    quantile(
      times.map((each) => each[which]),
      0.5,
    );
  const steps =
    entry.trained === undefined ? entry.prepare.join(', ') || 'used as it is shipped' : 'trained for Menshen';
  const shape = used.feeds[entry.input.name].dims.join('x');
  const what = `${entry.role} network, time as used (${shape}) over time as shipped (${median('stock').toFixed(2)} ms); ${steps}`;
  const id = `networks.${entry.id}${suffix}`;
  return [
    told(id, median('used'), 'ms', `${entry.role} network, CPU time`),
    atMost(`${id}.ratio`, median('used') / median('stock'), '', BOUNDS[entry.id] ?? OTHERS, what),
  ];
}

function plain(session: InferenceSession, entry: ModelEntry, shape: readonly number[]): Use {
  return { session, feeds: feedsOf(entry, shape), runs: 1, read: () => undefined };
}

/** The detector as it looks at a picture of this size. */
function detector(session: InferenceSession, entry: ModelEntry, width: number, height: number): Use {
  const [, planes, fieldHeight, fieldWidth] = entry.input.shape;
  const window = windowOn({ x: 0, y: 0, width, height }, fieldWidth, fieldHeight);
  return {
    session,
    feeds: feedsOf(entry, [1, planes, window.rows, window.columns]),
    runs: 1,
    read: (outputs) => {
      for (const level of LEVELS.keys()) {
        const [scores, boxes] = [outputs[`scores.${level}`].data, outputs[`boxes.${level}`].data];
        if (!(scores instanceof Float32Array && boxes instanceof Float32Array)) throw new Error('no figures');
        facesOfLevel(level, { scores, boxes }, window, { width: fieldWidth, height: fieldHeight }, MIN_SCORE);
      }
    },
  };
}

function open(bytes: Uint8Array): Promise<InferenceSession> {
  return InferenceSession.create(bytes, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    extra: { session: { set_denormal_as_zero: '1' } },
  });
}

async function timed({ session, feeds, runs, read }: Use): Promise<number> {
  const begun = ownCpuMs();
  for (let run = 0; run < runs; run++) read(await session.run(feeds));
  return ownCpuMs() - begun;
}
