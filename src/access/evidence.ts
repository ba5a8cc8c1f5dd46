import type { MaskState, Sighting } from '../vision/types.ts';
import type { ProbeCondition } from './figures.ts';
import type { Case, Evidence } from './types.ts';

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
 * Fuses at least one frame. Embeddings are averaged by quality: a blurred frame says less about who it is.
 * Liveness is the lower of the plain mean and the mean under those same weights, so that no sharp frame of an
 * attack decides who it is while blurred frames of a living face decide that it lives.
 */
export function fuse(frames: readonly Evidence[]): Fusion {
  const sum = new Float32Array(frames[0].embedding.vector.length);
  let total = 0;
  let weighted = 0;
  let plain = 0;
  let livenessLowest = 1;
  for (const frame of frames) {
    const weight = Math.max(frame.quality.score, 0.05);
    const { vector } = frame.embedding;
    for (let i = 0; i < sum.length; i++) {
      sum[i] += weight * vector[i];
    }
    total += weight;
    weighted += weight * frame.liveness.score;
    plain += frame.liveness.score / frames.length;
    livenessLowest = Math.min(livenessLowest, frame.liveness.score);
  }
  const norm = Math.sqrt(cosine(sum, sum));
  const embedding = norm === 0 ? sum : sum.map((value) => value / norm);
  return { embedding, liveness: Math.min(plain, weighted / total), livenessLowest };
}

/** What most of the frames say of a mask, the newest first among equals, and the mean probability they give it. */
export function fuseMask(frames: readonly Pick<Sighting, 'mask'>[]): Case['mask'] {
  const scores = new Map<NonNullable<Case['mask']>['state'], number[]>();
  for (const { mask } of [...frames].reverse()) {
    if (mask !== null) scores.set(mask.state, [...(scores.get(mask.state) ?? []), mask.score]);
  }
  const [most] = [...scores].sort(([, a], [, b]) => b.length - a.length);
  if (most === undefined) return null;
  const [state, given] = most;
  return { state, score: given.reduce((sum, score) => sum + score, 0) / given.length };
}

/** Probability from which a state is sure: below it a face may as well wear a mask as not. */
const SURE_OF_MASK = 0.8;

/** Whether the threshold for masked faces holds: for every face that is not surely bare. */
export function mayWearMask(mask: Case['mask']): boolean {
  return mask !== null && !(mask.state === 'bare' && mask.score >= SURE_OF_MASK);
}

/** What is worn, for a door that wants a mask: one that is not surely worn as it should be is not known to be (null). */
export function surelyWorn(mask: Case['mask']): MaskState | null {
  if (mask === null) return null;
  return mask.state === 'worn' && mask.score < SURE_OF_MASK ? null : mask.state;
}

/** What the frames of a probe are like, for the threshold: of two conditions that hold the one that asks for more. */
export function conditionOf(
  frames: readonly Pick<Sighting, 'mask' | 'quality'>[],
  limits: { readonly thresholds: Readonly<Record<ProbeCondition, number>>; readonly darkBelow: number },
): ProbeCondition {
  const mask = fuseMask(frames);
  const brightness = frames.reduce((sum, { quality }) => sum + quality.brightness, 0) / frames.length;
  const holding: ProbeCondition[] = ['bare'];
  if (mayWearMask(mask)) holding.push('masked');
  if (brightness < limits.darkBelow) holding.push('dark');
  return holding.reduce((most, one) => (limits.thresholds[one] >= limits.thresholds[most] ? one : most));
}
