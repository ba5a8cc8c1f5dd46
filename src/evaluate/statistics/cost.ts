/**
 * Cost of the log-likelihood ratios in bits (Cllr, Brümmer and du Preez 2006): 0 where they say all there is to say, 1 where
 * they say nothing, more where they mislead. `ratio`: decimal logarithm of the likelihood ratio of a score. NaN unless there
 * are comparisons of both kinds.
 */
export function likelihoodCost(
  genuine: Float64Array,
  impostor: Float64Array,
  ratio: (score: number) => number,
): number {
  const mean = (scores: Float64Array, sign: number) =>
    scores.reduce((sum, score) => sum + Math.log2(1 + 10 ** (sign * ratio(score))), 0) / scores.length;
  return (mean(genuine, -1) + mean(impostor, 1)) / 2;
}
