import type { Analysed } from '../analyse.ts';
import type { Dataset } from '../dataset/dataset.ts';
import type { Pair } from '../dataset/pairs.ts';
import { type Bounds, bootstrapPairRate, bootstrapRate, type Share } from '../statistics/bootstrap.ts';
import { crossValidate, type FoldComparison, type FoldResult } from '../statistics/folds.ts';
import { numbered, Scores, visitComparisons } from './comparisons.ts';

/** What is compared with what. */
export interface Comparing {
  readonly items: Dataset;
  readonly analysed: readonly Analysed[];
  readonly pairs: readonly Pair[] | null;
  readonly progress: (done: number, of: number) => void;
}

/** Scores of all comparisons, from low to high. */
export interface Trials {
  readonly genuine: Float64Array;
  readonly impostor: Float64Array;
  /** Comparisons without a score, because a picture gave no template. */
  readonly missing: { readonly genuine: number; readonly impostor: number };
}

export function trialsOf({ items, analysed, pairs, progress }: Comparing): Trials {
  const genuine = new Scores();
  const impostor = new Scores();
  const missing = { genuine: 0, impostor: 0 };
  visitComparisons(
    items,
    analysed,
    pairs,
    ({ score, same }) => {
      if (score !== null) (same ? genuine : impostor).add(score);
      else missing[same ? 'genuine' : 'impostor'] += 1;
    },
    progress,
  );
  return { genuine: genuine.sorted(), impostor: impostor.sorted(), missing };
}

/** Accuracy of each fold of a list of pairs by the protocol of LFW; none where the list has no folds. */
export function foldsOf({ items, analysed, pairs }: Comparing): FoldResult[] {
  const comparisons: FoldComparison[] = [];
  if (pairs === null) return [];
  visitComparisons(items, analysed, pairs, ({ score, same, fold }) => {
    if (fold !== null) comparisons.push({ score, same, fold });
  });
  return crossValidate(comparisons);
}

/** Bounds over people at a threshold; NaN for too few. */
export interface OverPeople {
  readonly falseMatch: Bounds;
  readonly falseNonMatch: Bounds;
}

/** Bounds over people at each threshold, by what part every person has in the comparisons and in the errors. */
export function boundsOverPeople(
  { items, analysed, pairs, progress }: Comparing,
  thresholds: readonly number[],
): OverPeople[] {
  const { people } = numbered(items);
  const tally = () => ({
    trials: new Float64Array(people),
    events: thresholds.map(() => new Float64Array(people)),
  });
  const [genuine, impostor] = [tally(), tally()];
  visitComparisons(
    items,
    analysed,
    pairs,
    ({ score, same, one, other }) => {
      if (score === null) return;
      const { trials, events } = same ? genuine : impostor;
      for (const person of same ? [one] : [one, other]) {
        trials[person] += 1;
        for (const [index, at] of thresholds.entries()) {
          if (score >= at !== same) events[index][person] += 1;
        }
      }
    },
    progress,
  );
  const shares = (events: Float64Array, trials: Float64Array): Share[] =>
    Array.from(events, (count, person) => ({ events: count, trials: trials[person] ?? 0 }));
  return thresholds.map((_, index) => ({
    falseMatch: bootstrapPairRate(shares(impostor.events[index], impostor.trials)),
    falseNonMatch: bootstrapRate(shares(genuine.events[index], genuine.trials)),
  }));
}
