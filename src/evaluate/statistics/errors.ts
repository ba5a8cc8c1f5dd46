/** A point of a DET curve: what share of impostors passes, and of genuine people is turned away, at a threshold. */
export interface ErrorPoint {
  readonly threshold: number;
  readonly falseMatch: number;
  readonly falseNonMatch: number;
}

/** Scores sorted from low to high. */
export function sorted(scores: Iterable<number>): Float64Array {
  return Float64Array.from(scores).sort();
}

/** The lowest threshold at which at most this part of the scores passes (score >= threshold). */
export function thresholdAt(part: number, scores: Float64Array): number {
  if (scores.length === 0) return Number.NaN;
  const passing = Math.floor(part * scores.length + 1e-9);
  const highestRefused = scores[scores.length - 1 - passing] ?? scores[0];
  return highestRefused + 1e-7;
}

/** How many of the sorted scores are below the threshold. */
export function below(threshold: number, scores: Float64Array): number {
  let low = 0;
  let high = scores.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (scores[middle] < threshold) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The DET curve at thresholds spread over the scores. `missing`: genuine trials without a score, which are non-matches
 * at every threshold (failures to acquire).
 */
export function detCurve(genuine: Float64Array, impostor: Float64Array, missing: number): ErrorPoint[] {
  const parts = Array.from({ length: 121 }, (_, i) => 10 ** (-6 + i / 20));
  return parts
    .filter((part) => part * impostor.length >= 1 || part === 1)
    .map((part) => {
      const threshold = thresholdAt(Math.min(1, part), impostor);
      return {
        threshold,
        falseMatch: (impostor.length - below(threshold, impostor)) / impostor.length,
        falseNonMatch: (missing + below(threshold, genuine)) / (missing + genuine.length),
      };
    });
}

/** Equal error rate: where the two kinds of error meet. */
export function equalErrorRate(genuine: Float64Array, impostor: Float64Array, missing: number): number {
  let low = -1;
  let high = 1;
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    const falseMatch = (impostor.length - below(middle, impostor)) / impostor.length;
    const falseNonMatch = (missing + below(middle, genuine)) / (missing + genuine.length);
    if (falseMatch > falseNonMatch) low = middle;
    else high = middle;
  }
  const at = (low + high) / 2;
  return (missing + below(at, genuine)) / (missing + genuine.length);
}
