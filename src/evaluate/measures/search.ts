import { cosine } from '../../common/index.ts';

/** One search. */
export interface Trial {
  readonly person: string;
  /** Null for a probe without a template, and where nobody is enrolled. */
  readonly rank: 'first' | 'other' | null;
  readonly score: number;
  /** How far the best person leads the second. */
  readonly lead: number;
}

/** Looks for a probe among references; of a person the best reference counts. */
export class Search {
  readonly #vectors: readonly Float32Array[];
  readonly #person: readonly number[];
  readonly #names: readonly string[];
  readonly #best: Float64Array;

  constructor(gallery: readonly { readonly person: string; readonly vector: Float32Array }[]) {
    const numbers = new Map<string, number>();
    this.#vectors = gallery.map(({ vector }) => vector);
    this.#person = gallery.map(({ person }) => {
      const number = numbers.get(person) ?? numbers.size;
      numbers.set(person, number);
      return number;
    });
    this.#names = [...numbers.keys()];
    this.#best = new Float64Array(numbers.size);
  }

  /** `person`: who the probe shows. */
  identify(person: string, probe: Float32Array | null): Trial {
    if (probe === null || this.#vectors.length === 0) return { person, rank: null, score: -1, lead: 0 };
    this.#best.fill(-2);
    for (const [index, vector] of this.#vectors.entries()) {
      const score = cosine(vector, probe);
      const who = this.#person[index] ?? 0;
      if (score > (this.#best[who] ?? 0)) this.#best[who] = score;
    }
    let [first, second, name] = [-2, -2, ''];
    for (const [who, score] of this.#best.entries()) {
      if (score > first) [first, second, name] = [score, first, this.#names[who] ?? ''];
      else if (score > second) second = score;
    }
    return {
      person,
      rank: name === person ? 'first' : 'other',
      score: first,
      lead: first - Math.max(second, -1),
    };
  }
}
