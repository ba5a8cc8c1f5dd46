import { EMBEDDING_DIMENSIONS } from './types.ts';

/**
 * Cosines with the mean of a track's embeddings so far, above which a new one is taken for the same face. Measured
 * with the default network on 599 frames of 25 clips of people who talk, turn and sign with their hands before the
 * face: one face with its own mean 0.60 at least, 0.70 at the first percentile; means of different people 0.53 at
 * most. A wrong "other" costs some evidence, a wrong "same" mixes two people: therefore the higher bar where the
 * face was out of sight.
 */
const SAME = 0.45;
const SAME_IN_DOUBT = 0.55;

/** What the face of one track looks like: the mean of its embeddings so far. */
export class SameFace {
  readonly #sum = new Float64Array(EMBEDDING_DIMENSIONS);
  #count = 0;

  /** Whether an embedding (norm 1) can be of this face; always true for the first. */
  admits(vector: Float32Array, doubt: boolean): boolean {
    const likeness = this.likeness(vector);
    return likeness === null || likeness >= (doubt ? SAME_IN_DOUBT : SAME);
  }

  /** Cosine of an embedding (norm 1) with the face so far; null for the first. */
  likeness(vector: Float32Array): number | null {
    if (this.#count === 0) return null;
    let product = 0;
    let squares = 0;
    this.#sum.forEach((value, index) => {
      product += value * (vector[index] ?? 0);
      squares += value * value;
    });
    return product / Math.sqrt(squares);
  }

  add(vector: Float32Array): void {
    for (let i = 0; i < this.#sum.length; i++) this.#sum[i] = (this.#sum[i] ?? 0) + (vector[i] ?? 0);
    this.#count++;
  }
}
