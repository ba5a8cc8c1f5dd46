import { EMBEDDING_DIMENSIONS } from '../vision/types.ts';

const SCALE = 1 / Math.sqrt(EMBEDDING_DIMENSIONS);

/**
 * The fixed rotation of embeddings: signs turned by a fixed pattern, then a Walsh-Hadamard transform, twice. Cosines stay
 * as they are, while each coordinate becomes a mixture of all: its sign then says as much as any other's, and none is
 * so large that a byte for each would be coarse (Ailon and Chazelle 2009, the fast Johnson-Lindenstrauss transform).
 * These are the two patterns, with the scale that makes the transform orthonormal; row-kernel.wat has the rest.
 */
export const ROTATION_SIGNS = Float32Array.from([...pattern(1), ...pattern(2)]);

/** Numerical Recipes' linear congruential generator: the same pattern on every machine and in every version. */
function pattern(seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: EMBEDDING_DIMENSIONS }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 31 === 0 ? SCALE : -SCALE;
  });
}
