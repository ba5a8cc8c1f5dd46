import type { Analysed } from '../analyse.ts';
import type { Dataset } from '../dataset.ts';
import { type GateThreshold, pointText } from '../gate-threshold.ts';
import { histogramPlot, linePlot } from '../report/plot.ts';
import { type Report, rateText, threshold as thresholdText, withBounds } from '../report/report.ts';
import { rateOf } from '../statistics/binomial.ts';
import { bootstrapRate, mulberry32 } from '../statistics/bootstrap.ts';
import { sorted, thresholdAt } from '../statistics/errors.ts';
import { cosine } from './comparisons.ts';

const FALSE_POSITIVE_RATES = [0.1, 0.03, 0.01, 0.003, 0.001];

export interface IdentificationOptions {
  /** Pictures of a person that are enrolled; the others are probes. */
  readonly references: number;
  /** Share of the people who are not enrolled, 0..1. */
  readonly strangers: number;
  /** Whom of them: another seed, another choice. */
  readonly seed: number;
  /** The threshold that a gate with this gallery would have. */
  readonly threshold: GateThreshold;
  /** Lead of the best person over the second at least. */
  readonly margin: number;
}

interface Trial {
  readonly person: string;
  /** Null for a stranger and for a probe without a template. */
  readonly rank: 'first' | 'other' | null;
  readonly score: number;
  readonly lead: number;
}

/**
 * Open-set 1:N: some of the people are enrolled, the others are strangers. FPIR: strangers for whom somebody is named;
 * FNIR: enrolled people who are not named, or not as who they are (ISO/IEC 19795-1). Deterministic for a seed.
 */
export function identificationReport(
  items: Dataset,
  analysed: readonly Analysed[],
  options: IdentificationOptions,
): Report {
  const { enrolled, strangers } = divide(items, options);
  const gallery = enrolled.flatMap(({ person, references }) =>
    references.flatMap((index) => {
      const vector = analysed[index]?.reference ?? null;
      return vector === null ? [] : [{ person, vector }];
    }),
  );
  const trialsOf = (groups: readonly { person: string; probes: readonly number[] }[]) =>
    groups.flatMap(({ person, probes }) =>
      probes.map((index) => identify(person, analysed[index]?.probe ?? null, gallery)),
    );
  const known = trialsOf(enrolled);
  const unknown = trialsOf(strangers);
  const point = options.threshold(gallery);
  const strangerScores = sorted(unknown.map(({ score }) => score));
  const points = [
    ...FALSE_POSITIVE_RATES.filter((rate) => rate * unknown.length >= 1).map((rate) => ({
      asked: `FPIR ${rate}`,
      at: thresholdAt(rate, strangerScores),
    })),
    ...(point === null ? [] : [{ asked: pointText(point), at: point.thresholds.bare }]),
  ].map(({ asked, at }) => ({ asked, at, ...errorsAt(known, unknown, at, options.margin) }));
  const people = new Set(gallery.map(({ person }) => person)).size;
  const failures = (indexes: readonly number[]) =>
    rateOf(indexes.filter((index) => (analysed[index]?.probe ?? null) === null).length, indexes.length);
  return {
    title: 'Identification (1:N, open set)',
    facts: [
      ['people enrolled', `${people}, ${gallery.length} references`],
      ['probes of enrolled people', String(known.length)],
      ['probes of strangers', `${unknown.length}, ${strangers.length} people`],
      [
        'failure to enrol (pictures without a template)',
        rateText(failures(enrolled.flatMap(({ references }) => references))),
      ],
      [
        'failure to acquire (probes without a template)',
        rateText(failures([...enrolled, ...strangers].flatMap(({ probes }) => probes))),
      ],
      [
        'named first, whatever the score',
        rateText(rateOf(known.filter(({ rank }) => rank === 'first').length, known.length)),
      ],
    ],
    tables: [
      {
        title: `Errors with a gallery of ${people} people, margin ${options.margin}, bounds of 95 %`,
        header: ['at', 'threshold', 'FPIR', 'FPIR, bounds over people', 'FNIR', 'FNIR, bounds over people'],
        rows: points.map(({ asked, at, falsePositive, falseNegative, strangersBounds, knownBounds }) => [
          asked,
          thresholdText(at),
          rateText(falsePositive),
          withBounds(falsePositive.value, strangersBounds),
          rateText(falseNegative),
          withBounds(falseNegative.value, knownBounds),
        ]),
      },
    ],
    plots: [
      {
        title: 'Best scores',
        svg: histogramPlot(
          'cosine',
          { enrolled: sorted(known.map(({ score }) => score)), strangers: strangerScores },
          [-0.2, 1],
        ),
      },
      {
        title: 'Errors by threshold',
        svg: linePlot(errorLines(known, unknown, options.margin), ['threshold', 0, 1], ['rate', 0, 1]),
      },
    ],
    notes: ['FPIR grows with the gallery: these figures are of the size named above.'],
    figures: { people, references: gallery.length, points, gate: point },
  };
}

function divide(items: Dataset, { references, strangers, seed }: IdentificationOptions) {
  const pictures = new Map<string, number[]>();
  items.forEach(({ label }, index) => {
    pictures.set(label, [...(pictures.get(label) ?? []), index]);
  });
  const random = mulberry32(seed);
  const order = [...pictures]
    .map((entry) => ({ entry, at: random() }))
    .sort((one, other) => one.at - other.at);
  const outside = Math.round(order.length * strangers);
  const people = order.map(({ entry: [person, indexes] }) => ({ person, indexes }));
  return {
    strangers: people.slice(0, outside).map(({ person, indexes }) => ({ person, probes: indexes })),
    enrolled: people.slice(outside).map(({ person, indexes }) => ({
      person,
      references: indexes.slice(0, references),
      probes: indexes.slice(references),
    })),
  };
}

function identify(
  person: string,
  probe: Float32Array | null,
  gallery: readonly { readonly person: string; readonly vector: Float32Array }[],
): Trial {
  if (probe === null) return { person, rank: null, score: -1, lead: 0 };
  const best = new Map<string, number>();
  for (const reference of gallery) {
    const score = cosine(reference.vector, probe);
    if (score > (best.get(reference.person) ?? -2)) best.set(reference.person, score);
  }
  const [first, second] = [...best].sort((one, other) => other[1] - one[1]);
  if (first === undefined) return { person, rank: null, score: -1, lead: 0 };
  const lead = first[1] - (second?.[1] ?? -1);
  return { person, rank: first[0] === person ? 'first' : 'other', score: first[1], lead };
}

function errorsAt(known: readonly Trial[], unknown: readonly Trial[], at: number, margin: number) {
  const named = (trial: Trial) => trial.rank !== null && trial.score >= at && trial.lead >= margin;
  const missed = (trial: Trial) => !(named(trial) && trial.rank === 'first');
  return {
    falsePositive: rateOf(unknown.filter(named).length, unknown.length),
    falseNegative: rateOf(known.filter(missed).length, known.length),
    strangersBounds: bootstrapRate(byPerson(unknown, named)),
    knownBounds: bootstrapRate(byPerson(known, missed)),
  };
}

function byPerson(trials: readonly Trial[], isEvent: (trial: Trial) => boolean) {
  const groups = new Map<string, { events: number; trials: number }>();
  for (const trial of trials) {
    const group = groups.get(trial.person) ?? { events: 0, trials: 0 };
    group.trials += 1;
    if (isEvent(trial)) group.events += 1;
    groups.set(trial.person, group);
  }
  return [...groups.values()];
}

function errorLines(known: readonly Trial[], unknown: readonly Trial[], margin: number) {
  const thresholds = Array.from({ length: 101 }, (_, i) => i / 100);
  const line = (name: string, rate: (at: number) => number) => ({
    name,
    points: thresholds.map((at): readonly [number, number] => [at, rate(at)]),
  });
  const part = (trials: readonly Trial[], isEvent: (trial: Trial) => boolean) =>
    trials.length === 0 ? 0 : trials.filter(isEvent).length / trials.length;
  const named = (at: number) => (trial: Trial) =>
    trial.rank !== null && trial.score >= at && trial.lead >= margin;
  return [
    line('FPIR', (at) => part(unknown, named(at))),
    line('FNIR', (at) => part(known, (trial) => !(named(at)(trial) && trial.rank === 'first'))),
  ];
}
