/** False non-match rate: the part of the genuine comparisons below the threshold, those without a score included. */
export function fnmrAt(threshold: number, genuine: readonly (number | null)[]): number {
  return genuine.filter((score) => score === null || score < threshold).length / genuine.length;
}
