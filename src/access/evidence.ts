import type { Evidence } from './types.ts';

/** The frames of one track taken together. */
export interface Fusion {
  /** Quality-weighted mean of the embeddings, norm 1. */
  readonly embedding: Float32Array;
  readonly liveness: number;
  readonly livenessLowest: number;
}

/** Cosine of two vectors of norm 1. */
export function cosine(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    sum += a[i] * b[i];
  }
  return sum;
}

/**
 * Fuses at least one frame: embeddings are averaged by quality (a blurred frame says less about who it is),
 * liveness without weights (an attack must not gain from its sharpest frame).
 */
export function fuse(frames: readonly Evidence[]): Fusion {
  const sum = new Float32Array(frames[0].embedding.vector.length);
  let liveness = 0;
  let livenessLowest = 1;
  for (const frame of frames) {
    const weight = Math.max(frame.quality.score, 0.05);
    const { vector } = frame.embedding;
    for (let i = 0; i < sum.length; i++) {
      sum[i] += weight * vector[i];
    }
    liveness += frame.liveness.score / frames.length;
    livenessLowest = Math.min(livenessLowest, frame.liveness.score);
  }
  const norm = Math.sqrt(cosine(sum, sum));
  return { embedding: norm === 0 ? sum : sum.map((value) => value / norm), liveness, livenessLowest };
}
