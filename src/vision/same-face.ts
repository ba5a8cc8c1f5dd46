import { EMBEDDING_DIMENSIONS } from './types.ts';

/**
 * Cosines above which two embeddings of one track are taken for one face. While the tracker saw the face all the
 * time, only a gross contradiction counts, because a turned head or a hand can lower the cosine of one face with
 * itself; where the face was out of sight it must be as like itself as a match would have to be.
 */
const SAME = 0.3;
const SAME_IN_DOUBT = 0.45;

/** What the face of one track looks like: the mean of its embeddings so far. */
export class SameFace {
  readonly #sum = new Float64Array(EMBEDDING_DIMENSIONS);
  #count = 0;

  /** Whether an embedding (norm 1) can be of this face; always true for the first. */
  admits(vector: Float32Array, doubt: boolean): boolean {
    if (this.#count === 0) return true;
    let product = 0;
    let squares = 0;
    this.#sum.forEach((value, index) => {
      product += value * (vector[index] ?? 0);
      squares += value * value;
    });
    return product / Math.sqrt(squares) >= (doubt ? SAME_IN_DOUBT : SAME);
  }

  add(vector: Float32Array): void {
    for (let i = 0; i < this.#sum.length; i++) this.#sum[i] = (this.#sum[i] ?? 0) + (vector[i] ?? 0);
    this.#count++;
  }
}
