import { tooLittle } from '../dataset/fault.ts';
import { BONA_FIDE } from '../dataset/presentations.ts';
import { histogramPlot, linePlot } from '../report/plot.ts';
import { percent, type Report, rateText, threshold as thresholdText } from '../report/report.ts';
import { type Rate, rateOf } from '../statistics/binomial.ts';
import { below, sorted } from '../statistics/errors.ts';
import { acquisitionOf, type Judged } from './acquisition.ts';

interface Kind {
  readonly name: string;
  readonly scores: Float64Array;
  /** Presentations that gave no score. */
  readonly missing: number;
}

/**
 * Presentation attack detection on single pictures (ISO/IEC 30107-3): APCER for each kind of attack and the worst of
 * them, BPCER, ACER of the two, and the presentations that gave no score (APNRR, BPNRR). Labels are "live" or the kind of
 * attack.
 * @throws MenshenError DATASET_TOO_LITTLE when no picture gives a score
 */
export function livenessReport(
  { items, analysed }: Judged,
  thresholds: Readonly<Record<string, number>>,
): Report {
  const kinds = group({ items, analysed });
  if (kinds.every(({ scores }) => scores.length === 0)) {
    throw tooLittle('In none of the pictures a face is found, so that there is nothing to judge.');
  }
  const bonaFide = kinds.find(({ name }) => name === BONA_FIDE) ?? {
    name: BONA_FIDE,
    scores: sorted([]),
    missing: 0,
  };
  const attacks = kinds.filter((kind) => kind !== bonaFide);
  const both = bonaFide.scores.length > 0 && attacks.some(({ scores }) => scores.length > 0);
  const asked = both ? { ...thresholds, 'equal errors': equalThreshold(bonaFide, attacks) } : thresholds;
  const points = Object.entries(asked).map(([name, at]) => ({
    asked: name,
    at,
    ...errorsAt(bonaFide, attacks, at),
  }));
  const acquisition = acquisitionOf(analysed);
  const nonResponses = [bonaFide, ...attacks].map((kind) => ({
    name: kind.name,
    rate: rateOf(kind.missing, kind.scores.length + kind.missing),
  }));
  return {
    title: 'Liveness (presentation attack detection)',
    facts: [
      ...acquisition.facts,
      ['bona fide presentations', String(bonaFide.scores.length + bonaFide.missing)],
      ...attacks.map(({ name, scores, missing }): [string, string] => [
        `attacks, ${name}`,
        String(scores.length + missing),
      ]),
    ],
    tables: [
      {
        title: 'Errors at thresholds, with bounds of 95 %',
        header: ['at', 'threshold', 'worst APCER', 'BPCER', 'ACER'],
        rows: points.map(({ asked: name, at, worst, bpcer, acer }) => [
          name,
          thresholdText(at),
          worst === null ? 'too little data (0 attacks)' : `${rateText(worst.rate)} (${worst.name})`,
          rateText(bpcer),
          percent(acer),
        ]),
      },
      {
        title: 'APCER by kind of attack, and presentations without an answer',
        header: [
          'presentation',
          ...points.map(({ asked: name }) => `APCER, ${name}`),
          'no answer (APNRR, BPNRR)',
        ],
        rows: nonResponses.map(({ name, rate }) => [
          name === BONA_FIDE ? 'bona fide' : name,
          ...points.map(({ apcer }) => {
            const own = apcer.find((one) => one.name === name);
            return own === undefined ? '' : rateText(own.rate);
          }),
          rateText(rate),
        ]),
      },
      ...acquisition.tables,
    ],
    plots: [
      {
        title: 'Scores',
        svg: histogramPlot(
          'liveness',
          Object.fromEntries(kinds.map(({ name, scores }) => [name, scores])),
          [0, 1],
        ),
      },
      {
        title: 'Errors by threshold',
        svg: linePlot(lines(bonaFide, attacks), ['threshold', 0, 1], ['rate', 0, 1]),
      },
    ],
    notes: notesOf(bonaFide, attacks),
    figures: { ...acquisition.figures, points, nonResponses },
  };
}

function notesOf(bonaFide: Kind, attacks: readonly Kind[]): string[] {
  const rare = attacks.filter(({ scores }) => scores.length < 30).map(({ name }) => name);
  return [
    ...(bonaFide.scores.length === 0
      ? [
          'No bona fide presentation gave a score, so that nothing can be said of BPCER and ACER: add pictures of living people, labelled "live".',
        ]
      : []),
    ...(attacks.every(({ scores }) => scores.length === 0)
      ? [
          'No attack gave a score, so that nothing can be said of APCER and ACER: add pictures of attacks, in a folder for each kind.',
        ]
      : []),
    ...(rare.length === 0
      ? []
      : [
          `Of ${rare.join(', ')} there are fewer than 30 attacks: believe the bounds, not the rate; the worst kind may be the worst by chance.`,
        ]),
    'Rates are of the presentations that gave a score; those that gave none are told apart, as ISO/IEC 30107-3 asks.',
    'ACER is the mean of the worst APCER and of BPCER.',
    'Bounds are exact for independent presentations (Clopper-Pearson); several pictures of one person or one attack instrument are not.',
    'Single pictures are judged here; a door fuses several frames, and each must hold.',
  ];
}

function group({ items, analysed }: Judged): Kind[] {
  const kinds = new Map<string, { scores: number[]; missing: number }>();
  for (const [index, { label }] of items.entries()) {
    const kind = kinds.get(label) ?? { scores: [], missing: 0 };
    kinds.set(label, kind);
    const score = analysed[index]?.liveness ?? null;
    if (score === null) kind.missing += 1;
    else kind.scores.push(score);
  }
  return [...kinds]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, { scores, missing }]) => ({ name, scores: sorted(scores), missing }));
}

function errorsAt(bonaFide: Kind, attacks: readonly Kind[], at: number) {
  const apcer = attacks.map(({ name, scores }) => ({
    name,
    rate: rateOf(scores.length - below(at, scores), scores.length),
  }));
  const bpcer = rateOf(below(at, bonaFide.scores), bonaFide.scores.length);
  const worst = apcer.reduce<{ readonly name: string; readonly rate: Rate } | null>(
    (most, one) => (one.rate.trials > 0 && (most === null || one.rate.value > most.rate.value) ? one : most),
    null,
  );
  return { apcer, bpcer, worst, acer: ((worst?.rate.value ?? Number.NaN) + bpcer.value) / 2 };
}

/** Where the worst APCER and BPCER are the same. */
function equalThreshold(bonaFide: Kind, attacks: readonly Kind[]): number {
  let low = 0;
  let high = 1;
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    const { worst, bpcer } = errorsAt(bonaFide, attacks, middle);
    if ((worst?.rate.value ?? 0) > bpcer.value) low = middle;
    else high = middle;
  }
  return high;
}

function lines(bonaFide: Kind, attacks: readonly Kind[]) {
  const thresholds = Array.from({ length: 101 }, (_, i) => i / 100);
  const line = (name: string, scores: Float64Array, part: (at: number) => number) =>
    scores.length === 0
      ? []
      : [{ name, points: thresholds.map((at): readonly [number, number] => [at, part(at) / scores.length]) }];
  return [
    ...attacks.flatMap(({ name, scores }) =>
      line(`APCER ${name}`, scores, (at) => scores.length - below(at, scores)),
    ),
    ...line('BPCER', bonaFide.scores, (at) => below(at, bonaFide.scores)),
  ];
}
