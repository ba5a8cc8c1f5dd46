/** The lowest threshold at which at most this part of the impostor scores is accepted (score >= threshold). */
export function thresholdAt(fmr: number, impostors: Float64Array | Float32Array): number {
  const sorted = impostors.slice().sort();
  const accepted = Math.floor(fmr * sorted.length + 1e-9);
  const highestRejected = sorted[sorted.length - 1 - accepted];
  return highestRejected + 1e-7;
}

/** False non-match rate: the part of the genuine comparisons below the threshold, those without a score included. */
export function fnmrAt(threshold: number, genuine: readonly (number | null)[]): number {
  return genuine.filter((score) => score === null || score < threshold).length / genuine.length;
}
