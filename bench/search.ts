import { randomUUID } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { quantile } from '../scripts/support/quantile.ts';
import { ReferenceIndex } from '../src/gallery/search.ts';
import { atLeast, atMost, type BenchRow, told } from './row.ts';
import { Faiss } from './support/faiss.ts';
import { ownCpuMs } from './support/processes.ts';
import { SqliteVec } from './support/sqlite-vec.ts';
import { randomUnit, unitAt } from './support/vectors.ts';

const SIZES = [1000, 10_000, 50_000, 200_000, 1_000_000];
/** Sizes at which others are measured beside ours, and how often. */
const PEERS = new Map([
  [50_000, 20],
  [1_000_000, 6],
]);
const DIMENSIONS = 512;
const MODEL = { id: 'bench', version: '1' };
const PROBES = 200;
/** So many probes tell a miss of one in two thousand. */
const RECALL_PROBES = 2000;
const WARM_UP = 20;
const CHANGES = 2000;
const WARM_UP_CHANGES = 500;
/** Cosine of a probe with its reference: the least at which a door opens. */
const TRUE_COSINE = 0.4;
const TARGETS = 20_000;
const BOUNDS: Readonly<Record<number, number>> = { 50000: 1, 1000000: 10 };

/**
 * 1:N search over random unit vectors, each probe at cosine 0.4 of one of them: time, how often that one is found, memory and
 * changes; FAISS's exact index and sqlite-vec take turns with it. Times are CPU time of one core, which
 * counts no time that others had.
 */
export async function benchSearch(): Promise<BenchRow[]> {
  const index = new ReferenceIndex();
  const targets: { readonly id: string; readonly vector: Float32Array }[] = [];
  const rows: BenchRow[] = [];
  const before = memory();
  for (const size of SIZES) {
    while (index.count() < size) {
      const entry = { referenceId: randomUUID(), personId: 'somebody' };
      const vector = randomUnit();
      if (targets.length < TARGETS) targets.push({ id: entry.referenceId, vector });
      index.add({ ...entry, personId: entry.referenceId }, MODEL, vector);
    }
    const kept = targets.length * DIMENSIONS * 4;
    if (size === SIZES.at(-1))
      rows.push(
        atMost(
          'search.bytes',
          (memory() - before - kept) / size,
          'B',
          700,
          `A reference in memory, of ${size}`,
        ),
      );
    rows.push(...(await measure(index, targets, size)));
  }
  return [...rows, ...recallRow(index, targets), ...changeRows(index, targets)];
}

type Target = { readonly id: string; readonly vector: Float32Array };

async function measure(index: ReferenceIndex, targets: readonly Target[], size: number): Promise<BenchRow[]> {
  const ours: number[] = [];
  const look = (): void => {
    const probe = unitAt(targets[Math.floor(Math.random() * targets.length)].vector, TRUE_COSINE);
    const begun = ownCpuMs();
    index.search(probe, MODEL, 3, () => true);
    ours.push(ownCpuMs() - begun);
  };
  for (let i = 0; i < WARM_UP; i++) look();
  ours.length = 0;
  const rounds = PEERS.get(size) ?? 0;
  const peers = rounds === 0 ? [] : await openPeers(size);
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < PROBES / rounds; i++) look();
    for (const peer of peers) peer.times.push(await peer.search());
  }
  while (ours.length < PROBES) look();
  for (const { close } of peers) close();
  const p50 = quantile(ours, 0.5);
  const bound = BOUNDS[size];
  const what = `One probe against ${size} references, CPU time`;
  return [
    bound === undefined
      ? told(`search.${size}.p50`, p50, 'ms', what)
      : atMost(`search.${size}.p50`, p50, 'ms', bound, what),
    told(`search.${size}.p99`, quantile(ours, 0.99), 'ms', 'The same, the slowest of a hundred'),
    ...peers.flatMap(({ name, times, least }) => {
      const theirs = quantile(times, 0.5);
      return [
        told(`search.${size}.${name}`, theirs, 'ms', `The same with ${name}`),
        atLeast(`search.${size}.${name}.times`, theirs / p50, 'x', least, `Time of ${name} to ours`),
      ];
    }),
  ];
}

interface Peer {
  readonly name: string;
  /** How many times quicker ours should be. */
  readonly least: number;
  readonly times: number[];
  readonly search: () => Promise<number> | number;
  readonly close: () => void;
}

/** Those that are installed. */
async function openPeers(size: number): Promise<Peer[]> {
  const faiss = await Faiss.open(size, DIMENSIONS);
  const sqlite = SqliteVec.open(size, DIMENSIONS, randomUnit);
  if (faiss === null) console.log('  without FAISS: apt install python3-faiss');
  if (sqlite === null) console.log('  without sqlite-vec: npm ci --prefix bench/peers');
  return [
    ...(faiss === null
      ? []
      : [{ name: 'faiss', least: 50, times: [], search: () => faiss.search(), close: () => faiss.close() }]),
    ...(sqlite === null
      ? []
      : [
          {
            name: 'sqlite-vec',
            least: 20,
            times: [],
            search: () => sqlite.search(randomUnit()),
            close: () => sqlite.close(),
          },
        ]),
  ];
}

function recallRow(index: ReferenceIndex, targets: readonly Target[]): BenchRow[] {
  let found = 0;
  for (let i = 0; i < RECALL_PROBES; i++) {
    const { id, vector } = targets[(i * 7919) % targets.length];
    const [hit] = index.search(unitAt(vector, TRUE_COSINE), MODEL, 3, () => true);
    if (hit?.referenceId === id) found++;
  }
  const what = `Its own reference found first among ${index.count()}, true cosine ${TRUE_COSINE}, ${RECALL_PROBES} probes`;
  return [atLeast('search.found', (100 * found) / RECALL_PROBES, '%', 99.95, what)];
}

/** Adding single references and removing others of all that are there. */
function changeRows(index: ReferenceIndex, targets: readonly Target[]): BenchRow[] {
  const adding: number[] = [];
  const removing: number[] = [];
  for (const [i, { id }] of targets.slice(0, WARM_UP_CHANGES + CHANGES).entries()) {
    const entry = { referenceId: randomUUID(), personId: randomUUID() };
    const vector = randomUnit();
    const begun = ownCpuMs();
    index.add(entry, MODEL, vector);
    const added = ownCpuMs();
    index.remove(id);
    const removed = ownCpuMs();
    if (i < WARM_UP_CHANGES) continue;
    removing.push(removed - added);
    adding.push(added - begun);
  }
  return [
    atMost(
      'search.add',
      quantile(adding, 0.99),
      'ms',
      1,
      `Adding one reference to ${index.count()}, the slowest of a hundred`,
    ),
    atMost('search.remove', quantile(removing, 0.99), 'ms', 1, 'Removing one, the slowest of a hundred'),
  ];
}

/** Memory of this process in use, bytes, after what is garbage is gone. */
function memory(): number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
