import { InferenceSession, Tensor } from 'onnxruntime-node';
import { quantile } from '../scripts/support/quantile.ts';
import { defaultModelsDir, type ModelEntry, readCatalogue, readSources } from '../src/vision/models/index.ts';
import { prepareModel } from '../src/vision/models/prepare.ts';
import { atMost, type BenchRow, told } from './row.ts';
import { ownCpuMs } from './support/processes.ts';

const RUNS = 120;
const WARM_UP = 10;
const BOUNDS: Readonly<Record<string, number>> = { 'fr-feature': 0.4 };
const OTHERS = 0.75;

/**
 * Each network as its package ships it and as it is used, on one thread with denormals off, turn about: CPU time, which counts no
 * time that others had. A network that is used as it was shipped is its own measure.
 */
export async function benchNetworks(): Promise<BenchRow[]> {
  const catalogue = await readCatalogue(defaultModelsDir());
  const rows: BenchRow[] = [];
  for (const [key, source] of Object.entries(catalogue.packages)) {
    const entries = catalogue.models.filter((entry) => entry.source?.package === key);
    for (const [entry, bytes] of await readSources(source, entries, {}))
      rows.push(...(await compare(entry, bytes)));
  }
  return rows;
}

async function compare(entry: ModelEntry, bytes: Uint8Array): Promise<BenchRow[]> {
  const stock = await open(bytes);
  const used = await open(prepareModel(bytes, entry.prepare));
  const input = new Tensor('float32', noise(entry), entry.input.shape);
  const times: { stock: number; used: number }[] = [];
  for (let run = -WARM_UP; run < RUNS; run++) {
    const each = { stock: await timed(stock, entry, input), used: await timed(used, entry, input) };
    if (run >= 0) times.push(each);
  }
  await stock.release();
  await used.release();
  const median = (which: 'stock' | 'used'): number =>
    quantile(
      times.map((each) => each[which]),
      0.5,
    );
  const steps = entry.prepare.length === 0 ? 'used as it is shipped' : entry.prepare.join(', ');
  const what = `${entry.role} network, time as used over time as shipped (${median('stock').toFixed(2)} ms); ${steps}`;
  return [
    told(`networks.${entry.id}`, median('used'), 'ms', `${entry.role} network, CPU time`),
    atMost(
      `networks.${entry.id}.ratio`,
      median('used') / median('stock'),
      '',
      BOUNDS[entry.id] ?? OTHERS,
      what,
    ),
  ];
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

async function timed(session: InferenceSession, entry: ModelEntry, input: Tensor): Promise<number> {
  const begun = ownCpuMs();
  await session.run({ [entry.input.name]: input });
  return ownCpuMs() - begun;
}

/** Random pixels as the network gets them. */
function noise(entry: ModelEntry): Float32Array {
  const [mean = 0] = entry.input.mean;
  const [scale = 1] = entry.input.scale;
  const size = entry.input.shape.reduce((product, side) => product * side, 1);
  return Float32Array.from({ length: size }, () => (Math.random() * 255 - mean) / scale);
}
