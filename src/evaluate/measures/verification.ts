import type { Analysed } from '../analyse.ts';
import type { Dataset, Pair } from '../dataset.ts';
import { type GateThreshold, pointText } from '../gate-threshold.ts';
import { detPlot, histogramPlot } from '../report/plot.ts';
import { percent, type Report, rateText, threshold as thresholdText, withBounds } from '../report/report.ts';
import { rateOf } from '../statistics/binomial.ts';
import { bootstrapPairRate, bootstrapRate, type Share } from '../statistics/bootstrap.ts';
import { below, detCurve, equalErrorRate, sorted, thresholdAt } from '../statistics/errors.ts';
import { type Comparison, visitComparisons } from './comparisons.ts';

const FALSE_MATCH_RATES = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6];

/** Passing impostors below which a threshold is a guess (Doddington's rule of 30 asks for 30 errors). */
const RULE_OF_30 = 30;

const NONE = { low: Number.NaN, high: Number.NaN };

interface Trials {
  readonly genuine: Float64Array;
  readonly impostor: Float64Array;
  /** Genuine comparisons without a score. */
  readonly missing: number;
  readonly byPerson: readonly { readonly scores: readonly (number | null)[] }[];
}

/**
 * 1:1 comparison: FMR and FNMR at a threshold and at fixed rates, equal error rate, DET. A picture without a template is
 * a false non-match of each of its genuine comparisons (ISO/IEC 19795-1, generalised rates).
 */
export function verificationReport(
  items: Dataset,
  analysed: readonly Analysed[],
  options: { readonly pairs: readonly Pair[] | null; readonly threshold: GateThreshold },
): Report {
  const trials = collect(items, analysed, options.pairs);
  const { genuine, impostor, missing } = trials;
  // One reference to be compared with; the others tell how the people here compare.
  const known = items.flatMap(({ label }, index) => {
    const vector = analysed[index]?.reference ?? null;
    return vector === null ? [] : [{ person: label, vector }];
  });
  const point = options.threshold(known, 1);
  const rates = FALSE_MATCH_RATES.filter((rate) => rate * impostor.length >= 1);
  const points = [
    ...rates.map((rate) => ({ asked: `FMR ${rate.toExponential(0)}`, at: thresholdAt(rate, impostor) })),
    ...(point === null ? [] : [{ asked: pointText(point), at: point.thresholds.bare }]),
  ].map(({ asked, at }) => ({ asked, ...pointAt(at, trials) }));
  const strangers = sharesOf(
    items,
    analysed,
    options.pairs,
    points.map(({ at }) => at),
  ).map(bootstrapPairRate);
  const failed = analysed.filter(({ probe }) => probe === null).length;
  const eer = equalErrorRate(genuine, impostor, missing);
  return {
    title: 'Verification (1:1)',
    facts: [
      ['pictures', String(items.length)],
      ['people', String(new Set(items.map(({ label }) => label)).size)],
      ['genuine comparisons', String(genuine.length + missing)],
      ['impostor comparisons', String(impostor.length)],
      ['failure to acquire', rateText(rateOf(failed, items.length))],
      ['equal error rate', percent(eer)],
    ],
    tables: [
      {
        title: 'Errors at thresholds, with bounds of 95 %',
        header: ['at', 'threshold', 'FMR', 'FMR, bounds over people', 'FNMR', 'FNMR, bounds over people'],
        rows: points.map(({ asked, at, falseMatch, falseNonMatch, overPeople }, index) => [
          falseMatch.events < RULE_OF_30 ? `${asked} (few impostors)` : asked,
          thresholdText(at),
          rateText(falseMatch),
          withBounds(falseMatch.value, strangers[index] ?? NONE),
          rateText(falseNonMatch),
          withBounds(falseNonMatch.value, overPeople),
        ]),
      },
    ],
    plots: [
      { title: 'DET', svg: detPlot({ all: detCurve(genuine, impostor, missing) }) },
      { title: 'Scores', svg: histogramPlot('cosine', { genuine, impostor }, [-0.4, 1]) },
    ],
    notes: [
      'Bounds of FMR and of FNMR in their own columns are exact for independent comparisons (Clopper-Pearson); comparisons that share people are not independent: the columns beside them draw people instead (bootstrap, 1,000 draws).',
      'A picture without a face found counts as a false non-match in each of its genuine comparisons.',
    ],
    figures: {
      eer,
      failedToAcquire: failed,
      points: points.map((point, index) => ({ ...point, falseMatchOverPeople: strangers[index] })),
    },
  };
}

function pointAt(at: number, { genuine, impostor, missing, byPerson }: Trials) {
  const turnedAway = (scores: readonly (number | null)[]) =>
    scores.filter((score) => score === null || score < at).length;
  return {
    at,
    falseMatch: rateOf(impostor.length - below(at, impostor), impostor.length),
    falseNonMatch: rateOf(missing + below(at, genuine), missing + genuine.length),
    overPeople: bootstrapRate(
      byPerson.map(({ scores }) => ({ events: turnedAway(scores), trials: scores.length })),
    ),
  };
}

function collect(items: Dataset, analysed: readonly Analysed[], pairs: readonly Pair[] | null): Trials {
  const genuine: number[] = [];
  const impostor: number[] = [];
  const people = new Map<number, (number | null)[]>();
  let missing = 0;
  visitComparisons(items, analysed, pairs, ({ score, same, one }: Comparison) => {
    if (!same) {
      if (score !== null) impostor.push(score);
      return;
    }
    if (score === null) missing += 1;
    else genuine.push(score);
    const scores = people.get(one) ?? [];
    scores.push(score);
    people.set(one, scores);
  });
  return {
    genuine: sorted(genuine),
    impostor: sorted(impostor),
    missing,
    byPerson: [...people.values()].map((scores) => ({ scores })),
  };
}

/** For each threshold what part every person has in the impostor comparisons, and in those that pass. */
function sharesOf(
  items: Dataset,
  analysed: readonly Analysed[],
  pairs: readonly Pair[] | null,
  thresholds: readonly number[],
): Share[][] {
  const people = new Set(items.map(({ label }) => label)).size;
  const trials = new Float64Array(people);
  const events = thresholds.map(() => new Float64Array(people));
  visitComparisons(items, analysed, pairs, ({ score, same, one, other }) => {
    if (same || score === null) return;
    trials[one] += 1;
    trials[other] += 1;
    for (const [index, at] of thresholds.entries()) {
      if (score < at) continue;
      events[index][one] += 1;
      events[index][other] += 1;
    }
  });
  return events.map((of) => Array.from(of, (count, person) => ({ events: count, trials: trials[person] })));
}
