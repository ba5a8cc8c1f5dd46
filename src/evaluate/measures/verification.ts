import { tooLittle } from '../dataset/fault.ts';
import type { Pair } from '../dataset/pairs.ts';
import { type GatePoint, type GateThreshold, ownThreshold } from '../gate-threshold.ts';
import { detPlot, histogramPlot } from '../report/plot.ts';
import {
  percent,
  type Report,
  rateText,
  ratioText,
  threshold as thresholdText,
  withBounds,
} from '../report/report.ts';
import { rateOf } from '../statistics/binomial.ts';
import { likelihoodCost } from '../statistics/cost.ts';
import { below, detCurve, equalErrorRate, thresholdAt } from '../statistics/errors.ts';
import type { FoldResult } from '../statistics/folds.ts';
import { acquisitionOf, type Judged, referencesOf } from './acquisition.ts';
import { boundsOverPeople, foldsOf, type OverPeople, type Trials, trialsOf } from './trials.ts';

const FALSE_MATCH_RATES = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6];

/** Passing impostors below which a threshold is a guess (Doddington's rule of 30 asks for 30 errors). */
const RULE_OF_30 = 30;

export interface VerificationOptions {
  /** Compared instead of every picture with every other one. */
  readonly pairs: readonly Pair[] | null;
  readonly threshold: GateThreshold;
  readonly progress?: (done: number, of: number) => void;
}

/**
 * 1:1 comparison by ISO/IEC 19795-1: FMR and FNMR of the comparisons that were made, failure to acquire beside them, and both
 * together as false reject rate; at fixed rates and at the gate's own threshold; equal error rate, DET.
 * @throws MenshenError DATASET_TOO_LITTLE when there is nothing to compare
 */
export function verificationReport({ items, analysed }: Judged, options: VerificationOptions): Report {
  const comparing = { items, analysed, pairs: options.pairs, progress: options.progress ?? (() => {}) };
  const trials = trialsOf(comparing);
  const { genuine, impostor, missing } = trials;
  if (genuine.length + impostor.length === 0) {
    throw tooLittle(
      'There is nothing to compare: at least two pictures in which a face is found are needed, and two of one person to know how often people are missed.',
    );
  }
  // One reference to be compared with; the others tell how the people here compare.
  const gate = options.threshold(referencesOf({ items, analysed }), 1);
  const points = thresholdsOf(impostor, gate).map((one) => ({ ...one, ...pointAt(one.at, trials, gate) }));
  const bounds = boundsOverPeople(
    comparing,
    points.map(({ at }) => at),
  );
  const acquisition = acquisitionOf(analysed);
  const folds = foldsOf(comparing);
  const people = new Set(items.map(({ label }) => label)).size;
  const eer =
    genuine.length === 0 || impostor.length === 0 ? Number.NaN : equalErrorRate(genuine, impostor, 0);
  const cost =
    gate === null
      ? Number.NaN
      : likelihoodCost(genuine, impostor, (score) => gate.worth(score).logLikelihoodRatio);
  return {
    title: 'Verification (1:1)',
    facts: [
      ...acquisition.facts,
      ['people', String(people)],
      ['genuine comparisons', madeText(genuine.length, missing.genuine)],
      ['impostor comparisons', madeText(impostor.length, missing.impostor)],
      ['equal error rate', percent(eer)],
      ...accuracyFact(folds),
      [
        'cost of the likelihood ratios (Cllr; 0: perfect, 1: useless)',
        Number.isNaN(cost) ? 'too little data' : cost.toFixed(3),
      ],
    ],
    tables: [tableOf(points, bounds), ...acquisition.tables],
    plots: [
      ...(genuine.length === 0 || impostor.length === 0
        ? []
        : [{ title: 'DET', svg: detPlot({ all: detCurve(genuine, impostor, 0) }) }]),
      { title: 'Scores', svg: histogramPlot('cosine', { genuine, impostor }, [-0.4, 1]) },
    ],
    notes: notesOf(trials),
    figures: {
      ...acquisition.figures,
      failedToAcquire: acquisition.figures.failureToAcquire.events,
      people,
      comparisons: { genuine: genuine.length, impostor: impostor.length, missing },
      eer,
      accuracy: folds.length === 0 ? null : meanOf(folds.map(({ accuracy }) => accuracy)),
      folds,
      cllr: cost,
      points: points.map((point, index) => ({ ...point, overPeople: bounds[index] })),
    },
  };
}

/** By the protocol of LFW: pairs told right, each fold at the threshold that serves the others best. */
function accuracyFact(folds: readonly FoldResult[]): Report['facts'] {
  if (folds.length === 0) return [];
  const right = folds.reduce((sum, { accuracy, pairs }) => sum + Math.round(accuracy * pairs), 0);
  const pairs = folds.reduce((sum, fold) => sum + fold.pairs, 0);
  const each = folds.map(({ accuracy }) => percent(accuracy)).join(', ');
  return [
    [
      `accuracy over ${folds.length} folds, each at the threshold best for the others`,
      rateText(rateOf(right, pairs)),
    ],
    ['accuracy of each fold', each],
  ];
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function madeText(made: number, missing: number): string {
  return missing === 0 ? String(made) : `${made} made, ${missing} not made for want of a template`;
}

function thresholdsOf(impostor: Float64Array, gate: GatePoint | null) {
  const rates = FALSE_MATCH_RATES.filter((rate) => rate * impostor.length >= 1);
  return [
    ...rates.map((rate) => ({ asked: `FMR ${rate.toExponential(0)}`, at: thresholdAt(rate, impostor) })),
    ...ownThreshold(gate),
  ];
}

function pointAt(at: number, { genuine, impostor, missing }: Trials, gate: GatePoint | null) {
  const passed = impostor.length - below(at, impostor);
  const turnedAway = below(at, genuine);
  return {
    at,
    /** By the calibration; null without one. */
    logLikelihoodRatio: gate?.worth(at).logLikelihoodRatio ?? null,
    expectedFalseMatch: gate?.worth(at).falseMatchRate ?? null,
    falseMatch: rateOf(passed, impostor.length),
    falseNonMatch: rateOf(turnedAway, genuine.length),
    falseReject: rateOf(turnedAway + missing.genuine, genuine.length + missing.genuine),
    few: passed < RULE_OF_30,
  };
}

type Point = ReturnType<typeof pointAt> & { readonly asked: string };

function tableOf(points: readonly Point[], bounds: readonly OverPeople[]): Report['tables'][number] {
  return {
    title: 'Errors at thresholds, with bounds of 95 %',
    header: [
      'at',
      'cosine',
      'log10 likelihood ratio',
      'FMR',
      'FMR, bounds over people',
      'FNMR',
      'FNMR, bounds over people',
      'FRR (FNMR with failures to acquire)',
    ],
    rows: points.map((point, index) => [
      point.few ? `${point.asked} (few impostors)` : point.asked,
      thresholdText(point.at),
      ratioText(point.logLikelihoodRatio),
      rateText(point.falseMatch),
      boundsText(point.falseMatch.value, bounds[index]?.falseMatch),
      rateText(point.falseNonMatch),
      boundsText(point.falseNonMatch.value, bounds[index]?.falseNonMatch),
      rateText(point.falseReject),
    ]),
  };
}

function boundsText(value: number, bounds: OverPeople['falseMatch'] | undefined): string {
  return bounds === undefined ? 'too few people' : withBounds(value, bounds);
}

function notesOf({ genuine, impostor }: Trials): string[] {
  return [
    ...(genuine.length === 0
      ? [
          'No two pictures show one person, so that nothing can be said of FNMR: give at least two pictures of each person.',
        ]
      : []),
    ...(impostor.length === 0
      ? ['All pictures show one person, so that nothing can be said of FMR: add pictures of other people.']
      : [
          `${impostor.length} impostor comparisons are enough for FMRs of ${impostor.length < RULE_OF_30 ? 'no size: 30 errors are needed to know a rate' : `${(RULE_OF_30 / impostor.length).toExponential(1)} and more (30 errors are needed to know a rate)`}; people who take part many times limit it further: believe the bounds over people.`,
        ]),
    'Bounds of FMR and of FNMR in their own columns are exact for independent comparisons (Clopper-Pearson); comparisons that share people are not independent: the columns beside them draw people instead (bootstrap, 1,000 draws; exact bounds for as many people where nobody erred).',
    'FMR and FNMR are of the comparisons that were made; a picture that gave no template is a failure to acquire, and a false reject in each of its genuine comparisons (ISO/IEC 19795-1).',
    "The door's quality gates are not applied: a picture counts however bad it is.",
  ];
}
