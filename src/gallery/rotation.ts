import { EMBEDDING_DIMENSIONS } from '../vision/types.ts';

/**
 * A fixed rotation of embeddings: signs turned by a fixed pattern, then a Walsh-Hadamard transform, twice. Cosines stay
 * as they are, while each coordinate becomes a mixture of all: its sign then says as much as any other's, and none is
 * so large that a byte for each would be coarse (Ailon and Chazelle 2009, the fast Johnson-Lindenstrauss transform).
 */
export function rotate(vector: Float32Array): Float32Array {
  const out = new Float32Array(vector);
  for (const signs of SIGNS) {
    for (let i = 0; i < out.length; i++) out[i] *= signs[i];
    transform(out);
  }
  return out;
}

/** Numerical Recipes' linear congruential generator: the same pattern on every machine and in every version. */
function signPattern(seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: EMBEDDING_DIMENSIONS }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 31 === 0 ? 1 : -1;
  });
}

const SIGNS = [signPattern(1), signPattern(2)];
const SCALE = 1 / Math.sqrt(EMBEDDING_DIMENSIONS);

/** The orthonormal Walsh-Hadamard transform, in place. */
function transform(values: Float32Array): void {
  for (let half = 1; half < values.length; half *= 2) {
    for (let start = 0; start < values.length; start += 2 * half) {
      for (let i = start; i < start + half; i++) {
        const a = values[i];
        const b = values[i + half];
        values[i] = a + b;
        values[i + half] = a - b;
      }
    }
  }
  for (let i = 0; i < values.length; i++) values[i] *= SCALE;
}
