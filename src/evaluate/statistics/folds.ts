/** One comparison of a fold: the score is null where a face was not found, which counts as an error either way. */
export interface FoldComparison {
  readonly score: number | null;
  readonly same: boolean;
  readonly fold: number;
}

export interface FoldResult {
  readonly fold: number;
  /** Chosen on the other folds. */
  readonly threshold: number;
  readonly accuracy: number;
  readonly pairs: number;
}

/** Accuracy of every fold at the threshold that serves the other folds best: the LFW protocol. */
export function crossValidate(comparisons: readonly FoldComparison[]): FoldResult[] {
  const folds = [...new Set(comparisons.map((comparison) => comparison.fold))].sort((a, b) => a - b);
  return folds.map((fold) => {
    const threshold = bestThreshold(comparisons.filter((comparison) => comparison.fold !== fold));
    const tested = comparisons.filter((comparison) => comparison.fold === fold);
    const right = tested.filter(({ score, same }) => score !== null && score >= threshold === same);
    return { fold, threshold, accuracy: right.length / tested.length, pairs: tested.length };
  });
}

/** The threshold with the fewest errors; of several, the middle of the widest gap between scores. */
export function bestThreshold(comparisons: readonly FoldComparison[]): number {
  const sorted = comparisons
    .flatMap(({ score, same }) => (score === null ? [] : [{ score, same }]))
    .sort((a, b) => a.score - b.score);
  // Below all scores every genuine pair is right and every impostor pair wrong; then the threshold rises.
  let right = sorted.filter(({ same }) => same).length;
  let best = { right, from: -1, to: sorted[0]?.score ?? 1 };
  for (let i = 0; i < sorted.length; i++) {
    right += sorted[i].same ? -1 : 1;
    const from = sorted[i].score;
    const to = sorted[i + 1]?.score ?? 1;
    if (right > best.right || (right === best.right && to - from > best.to - best.from))
      best = { right, from, to };
  }
  return (best.from + best.to) / 2;
}
