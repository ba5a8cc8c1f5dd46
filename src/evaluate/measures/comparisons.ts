import type { Analysed } from '../analyse.ts';
import type { Dataset, Pair } from '../dataset.ts';

/** One comparison of two pictures: the score is null where one of them gave no template. */
export interface Comparison {
  readonly score: number | null;
  readonly same: boolean;
  /** Persons of the two pictures, by number. */
  readonly one: number;
  readonly other: number;
  /** Indexes of the pictures. */
  readonly pictures: readonly [number, number];
}

/** Beyond so many impostor comparisons they are thinned out evenly: more say no more. */
const MOST = 20_000_000;

/** Cosine of two vectors of norm 1. */
export function cosine(one: Float32Array, other: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < one.length; i++) sum += one[i] * other[i];
  return sum;
}

/** Calls `visit` with the comparisons of the pairs, or, without pairs, of every picture with every later one. */
export function visitComparisons(
  items: Dataset,
  analysed: readonly Analysed[],
  pairs: readonly Pair[] | null,
  visit: (comparison: Comparison) => void,
): void {
  const people = new Map(
    [...new Set(items.map(({ label }) => label))].map((label, number) => [label, number]),
  );
  const person = items.map(({ label }) => people.get(label) ?? -1);
  const compare = (i: number, j: number, same: boolean) => {
    const reference = analysed[i]?.reference ?? null;
    const probe = analysed[j]?.probe ?? null;
    const score = reference === null || probe === null ? null : cosine(reference, probe);
    visit({ score, same, one: person[i] ?? -1, other: person[j] ?? -1, pictures: [i, j] });
  };
  if (pairs !== null) {
    const indexOf = new Map(items.map(({ path }, index) => [path, index]));
    for (const { one, other, same } of pairs) compare(indexOf.get(one) ?? -1, indexOf.get(other) ?? -1, same);
    return;
  }
  const every = Math.max(1, Math.ceil((items.length * (items.length - 1)) / 2 / MOST));
  let count = 0;
  for (let i = 0; i < items.length; i++) {
    for (let j = i + 1; j < items.length; j++) {
      const same = person[i] === person[j];
      if (same || count++ % every === 0) compare(i, j, same);
    }
  }
}
