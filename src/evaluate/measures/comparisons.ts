import { cosine, mulberry32 } from '../../common/index.ts';
import type { Analysed } from '../analyse.ts';
import type { Dataset } from '../dataset/dataset.ts';
import type { Pair } from '../dataset/pairs.ts';

/** One comparison of two pictures: the score is null where one of them gave no template. */
export interface Comparison {
  readonly score: number | null;
  readonly same: boolean;
  /** Persons of the two pictures, by number. */
  readonly one: number;
  readonly other: number;
  /** Indexes of the pictures. */
  readonly pictures: readonly [number, number];
  /** Of the list of pairs; null where it has none. */
  readonly fold: number | null;
}

/** Of each kind of comparison so many are taken, drawn evenly, where there are more: more say no more. */
export const MOST_COMPARISONS = 4_000_000;

/** Numbers of the people, by their labels. */
export function numbered(items: Dataset): { readonly people: number; readonly person: Int32Array } {
  const people = new Map<string, number>();
  const person = Int32Array.from(items, ({ label }) => {
    const number = people.get(label) ?? people.size;
    people.set(label, number);
    return number;
  });
  return { people: people.size, person };
}

/**
 * Calls `visit` with the comparisons of the pairs, or, without pairs, of every picture with every later one; the same ones
 * each time. `progress`: pictures done.
 */
export function visitComparisons(
  items: Dataset,
  analysed: readonly Analysed[],
  pairs: readonly Pair[] | null,
  visit: (comparison: Comparison) => void,
  progress: (done: number, of: number) => void = () => {},
): void {
  const { person } = numbered(items);
  const compare = (i: number, j: number, same: boolean, fold: number | null = null) => {
    const reference = analysed[i]?.reference ?? null;
    const probe = analysed[j]?.probe ?? null;
    const score = reference === null || probe === null ? null : cosine(reference, probe);
    visit({ score, same, one: person[i] ?? -1, other: person[j] ?? -1, pictures: [i, j], fold });
  };
  if (pairs !== null) {
    const indexOf = new Map(items.map(({ path }, index) => [path, index]));
    for (const { one, other, same, fold } of pairs)
      compare(indexOf.get(one) ?? -1, indexOf.get(other) ?? -1, same, fold);
    return;
  }
  const count = countsOf(person);
  const random = mulberry32(1);
  const part = { same: MOST_COMPARISONS / count.genuine, other: MOST_COMPARISONS / count.impostor };
  for (let i = 0; i < items.length; i++) {
    for (let j = i + 1; j < items.length; j++) {
      const same = person[i] === person[j];
      const taken = same ? part.same : part.other;
      if (taken >= 1 || random() < taken) compare(i, j, same);
    }
    progress(i + 1, items.length);
  }
}

/** How many comparisons there are of one person, and of two. */
function countsOf(person: Int32Array): { readonly genuine: number; readonly impostor: number } {
  const pictures = new Map<number, number>();
  for (const one of person) pictures.set(one, (pictures.get(one) ?? 0) + 1);
  const genuine = [...pictures.values()].reduce((sum, n) => sum + (n * (n - 1)) / 2, 0);
  return { genuine, impostor: (person.length * (person.length - 1)) / 2 - genuine };
}

/** Scores as they come, in as little memory as they need. */
export class Scores {
  #values = new Float64Array(1024);
  #length = 0;

  add(score: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Float64Array(2 * this.#length);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length++] = score;
  }

  /** From low to high; nothing may be added afterwards. */
  sorted(): Float64Array {
    return this.#values.subarray(0, this.#length).sort();
  }
}
