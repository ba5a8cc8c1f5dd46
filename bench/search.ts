import { quantile } from '../scripts/support/quantile.ts';
import { ReferenceIndex } from '../src/gallery/search.ts';
import type { BenchRow } from './row.ts';

const SIZES = [1000, 10_000, 50_000, 200_000, 1_000_000];
const DIMENSIONS = 512;
const MODEL = { id: 'bench', version: '1' };
const PROBES = 200;
const WARM_UP = 20;
/** Cosine of a probe with its reference: the least at which a door opens. */
const TRUE_COSINE = 0.4;

/**
 * 1:N search over random unit vectors, each probe at cosine 0.4 of one of them: time, how often that one is found, and
 * the plain exact search in JavaScript beside it (float32, up to 50,000, the same probes turn about).
 */
export async function benchSearch(): Promise<BenchRow[]> {
  const index = new ReferenceIndex();
  const plain: Float32Array[] = [];
  const rows: BenchRow[] = [];
  for (const size of SIZES) {
    for (let i = index.count(); i < size; i++) {
      const vector = randomUnit();
      if (i < 50_000) plain.push(vector);
      index.add({ referenceId: `r${i}`, personId: `p${i}` }, MODEL, vector);
    }
    rows.push(...measure(index, plain, size));
  }
  return rows;
}

function measure(index: ReferenceIndex, plain: readonly Float32Array[], size: number): BenchRow[] {
  const ours: number[] = [];
  const theirs: number[] = [];
  let found = 0;
  for (let i = -WARM_UP; i < PROBES; i++) {
    const target = Math.floor(Math.random() * Math.min(size, plain.length));
    const probe = mixed(plain[target], TRUE_COSINE);
    const started = performance.now();
    const [hit] = index.search(probe, MODEL, 3, () => true);
    const ms = performance.now() - started;
    if (i < 0) continue;
    ours.push(ms);
    if (hit?.referenceId === `r${target}`) found++;
    if (size <= plain.length && i < 20) theirs.push(timeOfPlain(plain, probe));
  }
  const p50 = quantile(ours, 0.5);
  const name = `search.${size}`;
  const bound = size === 50_000 ? 1 : size === 1_000_000 ? 10 : null;
  return [
    {
      id: `${name}.p50`,
      value: p50,
      unit: 'ms',
      bound,
      holds: bound === null || p50 <= bound,
      what: `One probe against ${size} references`,
    },
    told(`${name}.p99`, quantile(ours, 0.99), 'ms', 'The same, the slowest of a hundred'),
    told(`${name}.found`, (100 * found) / PROBES, '%', `Its own reference found, true cosine ${TRUE_COSINE}`),
    ...(theirs.length > 0
      ? [told(`${name}.plain`, quantile(theirs, 0.5) / p50, 'x', 'Time of the plain search to ours')]
      : []),
  ];
}

function told(id: string, value: number, unit: string, what: string): BenchRow {
  return { id, value, unit, bound: null, holds: true, what };
}

function timeOfPlain(vectors: readonly Float32Array[], probe: Float32Array): number {
  const started = performance.now();
  let best = -1;
  for (const vector of vectors) {
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let i = 0; i < DIMENSIONS; i += 4) {
      a += vector[i] * probe[i];
      b += vector[i + 1] * probe[i + 1];
      c += vector[i + 2] * probe[i + 2];
      d += vector[i + 3] * probe[i + 3];
    }
    best = Math.max(best, a + b + c + d);
  }
  if (best > 2) throw new Error('a cosine is no more than 1');
  return performance.now() - started;
}

function randomUnit(): Float32Array {
  // The sum of a few uniform numbers is near enough to a normal one, and much faster.
  const vector = Float32Array.from(
    { length: DIMENSIONS },
    () => Math.random() + Math.random() + Math.random() - 1.5,
  );
  return scaled(vector, 1 / norm(vector));
}

function mixed(vector: Float32Array, cosine: number): Float32Array {
  const other = randomUnit();
  const along = other.reduce((sum, value, i) => sum + value * vector[i], 0);
  const across = other.map((value, i) => value - along * vector[i]);
  const side = Math.sqrt(1 - cosine * cosine) / norm(across);
  return across.map((value, i) => side * value + cosine * vector[i]);
}

function norm(vector: Float32Array): number {
  return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
}

function scaled(vector: Float32Array, factor: number): Float32Array {
  return vector.map((value) => value * factor);
}
