import { type GatePoint, type GateThreshold, ownThreshold } from '../gate-threshold.ts';
import { histogramPlot, linePlot, logPlot } from '../report/plot.ts';
import {
  type Report,
  rateText,
  ratioText,
  threshold as thresholdText,
  withBounds,
} from '../report/report.ts';
import { rateOf } from '../statistics/binomial.ts';
import { bootstrapRate, sharesOf } from '../statistics/bootstrap.ts';
import { sorted, thresholdAt } from '../statistics/errors.ts';
import { acquisitionOf, type Judged } from './acquisition.ts';
import type { Division } from './division.ts';
import { Search, type Trial } from './search.ts';

const FALSE_POSITIVE_RATES = [0.1, 0.03, 0.01, 0.003, 0.001];

export interface IdentificationOptions {
  /** The threshold that a gate with this gallery would have. */
  readonly threshold: GateThreshold;
  /** Lead of the best person over the second at least. */
  readonly margin: number;
  readonly progress?: (done: number, of: number) => void;
}

/**
 * Open-set 1:N: FPIR: strangers for whom somebody is named; FNIR: enrolled people who are not named, or not as who they are
 * (ISO/IEC 19795-1). Both are of transactions: one whose picture gives no template names nobody.
 */
export function identificationReport(
  { items, analysed }: Judged,
  { enrolled, strangers }: Division,
  options: IdentificationOptions,
): Report {
  const gallery = enrolled.flatMap(({ person, references }) =>
    references.flatMap((index) => {
      const vector = analysed[index]?.reference ?? null;
      return vector === null ? [] : [{ person, vector }];
    }),
  );
  const search = new Search(gallery);
  const total = [...enrolled, ...strangers].reduce((sum, { probes }) => sum + probes.length, 0);
  let done = 0;
  const trialsOf = (groups: readonly { person: string; probes: readonly number[] }[]) =>
    groups.flatMap(({ person, probes }) =>
      probes.map((index) => {
        options.progress?.(++done, total);
        return search.identify(person, analysed[index]?.probe ?? null);
      }),
    );
  const known = trialsOf(enrolled);
  const unknown = trialsOf(strangers);
  const gate = options.threshold(gallery);
  // Whom the margin keeps from being named passes at no threshold.
  const strangerScores = sorted(unknown.map(({ score, lead }) => (lead >= options.margin ? score : -1)));
  const points = thresholdsOf(unknown.length, strangerScores, gate).map(({ asked, at }) => ({
    asked,
    at,
    logLikelihoodRatio: gate?.worth(at).logLikelihoodRatio ?? null,
    expectedFalsePositive: gate?.worth(at).falsePositiveRate ?? null,
    ...errorsAt(known, unknown, at, options.margin),
  }));
  const people = new Set(gallery.map(({ person }) => person)).size;
  const notEnrolled = rateOf(enrolled.length - people, enrolled.length);
  const probes = [...enrolled, ...strangers].flatMap(({ probes: indexes }) => indexes);
  const failed = probes.filter((index) => (analysed[index]?.probe ?? null) === null).length;
  const first = rateOf(known.filter(({ rank }) => rank === 'first').length, known.length);
  const acquisition = acquisitionOf(analysed);
  return {
    title: 'Identification (1:N, open set)',
    facts: [
      ['pictures', String(items.length)],
      ['people enrolled', `${people}, ${gallery.length} references`],
      ['probes of enrolled people', String(known.length)],
      ['probes of strangers', `${unknown.length}, ${strangers.length} people`],
      ['failure to enrol (people without a template)', rateText(notEnrolled)],
      ['failure to acquire (probes without a template)', rateText(rateOf(failed, probes.length))],
      ['named first, whatever the score', rateText(first)],
    ],
    tables: [
      {
        title: `Errors with a gallery of ${people} people, margin ${options.margin}, bounds of 95 %`,
        header: [
          'at',
          'cosine',
          'log10 likelihood ratio',
          'FPIR',
          'FPIR, bounds over people',
          'FNIR',
          'FNIR, bounds over people',
        ],
        rows: points.map((point) => [
          point.asked,
          thresholdText(point.at),
          ratioText(point.logLikelihoodRatio),
          rateText(point.falsePositive),
          withBounds(point.falsePositive.value, point.strangersBounds),
          rateText(point.falseNegative),
          withBounds(point.falseNegative.value, point.knownBounds),
        ]),
      },
      ...acquisition.tables,
    ],
    plots: plotsOf(known, unknown, options.margin),
    notes: notesOf(known.length, unknown.length),
    figures: {
      ...acquisition.figures,
      people,
      references: gallery.length,
      probes: { enrolled: known.length, strangers: unknown.length },
      strangers: strangers.length,
      failureToEnrol: notEnrolled,
      probesFailedToAcquire: rateOf(failed, probes.length),
      namedFirst: first,
      points,
      gate: gate?.point ?? null,
    },
  };
}

function thresholdsOf(strangers: number, scores: Float64Array, gate: GatePoint | null) {
  return [
    ...FALSE_POSITIVE_RATES.filter((rate) => rate * strangers >= 1).map((rate) => ({
      asked: `FPIR ${rate}`,
      at: thresholdAt(rate, scores),
    })),
    ...ownThreshold(gate),
  ];
}

function isNamed(trial: Trial, at: number, margin: number): boolean {
  return trial.rank !== null && trial.score >= at && trial.lead >= margin;
}

function errorsAt(known: readonly Trial[], unknown: readonly Trial[], at: number, margin: number) {
  const named = (trial: Trial) => isNamed(trial, at, margin);
  const missed = (trial: Trial) => !(named(trial) && trial.rank === 'first');
  return {
    falsePositive: rateOf(unknown.filter(named).length, unknown.length),
    falseNegative: rateOf(known.filter(missed).length, known.length),
    strangersBounds: bootstrapRate(sharesOf(unknown, named)),
    knownBounds: bootstrapRate(sharesOf(known, missed)),
  };
}

function plotsOf(known: readonly Trial[], unknown: readonly Trial[], margin: number): Report['plots'] {
  const scores = Object.fromEntries(
    [['enrolled', known] as const, ['strangers', unknown] as const]
      .filter(([, trials]) => trials.length > 0)
      .map(([name, trials]) => [name, sorted(trials.map(({ score }) => score))]),
  );
  const thresholds = Array.from({ length: 201 }, (_, i) => i / 200);
  const part = (trials: readonly Trial[], isEvent: (trial: Trial) => boolean) =>
    trials.filter(isEvent).length / trials.length;
  const rates = thresholds.map((at) => ({
    at,
    positive: part(unknown, (trial) => isNamed(trial, at, margin)),
    negative: part(known, (trial) => !(isNamed(trial, at, margin) && trial.rank === 'first')),
  }));
  const lines = [
    { name: 'FPIR', points: rates.map(({ at, positive }) => [at, positive] as const) },
    { name: 'FNIR', points: rates.map(({ at, negative }) => [at, negative] as const) },
  ].filter(({ name }) => (name === 'FPIR' ? unknown : known).length > 0);
  return [
    { title: 'Best scores', svg: histogramPlot('cosine', scores, [-0.2, 1]) },
    { title: 'Errors by threshold', svg: linePlot(lines, ['threshold', 0, 1], ['rate', 0, 1]) },
    ...(lines.length < 2
      ? []
      : [
          {
            title: 'DET',
            svg: logPlot(
              [{ name: 'all', points: rates.map(({ positive, negative }) => [positive, negative] as const) }],
              ['FPIR', -4],
              ['FNIR', -4],
            ),
          },
        ]),
  ];
}

function notesOf(known: number, unknown: number): string[] {
  return [
    ...(known === 0
      ? [
          'Nobody enrolled has another picture to be looked for by, so that nothing can be said of FNIR: give at least two pictures of each person.',
        ]
      : []),
    ...(unknown === 0
      ? [
          'There is no stranger, so that nothing can be said of FPIR: add people, or give a larger --strangers.',
        ]
      : []),
    'FPIR grows with the gallery: these figures are of the size named above.',
    'Bounds beside a rate are exact for independent searches (Clopper-Pearson); several pictures of one person are not independent: the columns beside them draw people instead (bootstrap, 1,000 draws).',
    "The door's quality gates are not applied, and each picture is searched for alone: a door fuses several frames.",
  ];
}
