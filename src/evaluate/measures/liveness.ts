import type { Analysed } from '../analyse.ts';
import type { Dataset } from '../dataset.ts';
import { histogramPlot, linePlot } from '../report/plot.ts';
import { percent, type Report, rateText, threshold as thresholdText } from '../report/report.ts';
import { type Rate, rateOf } from '../statistics/binomial.ts';
import { below, sorted } from '../statistics/errors.ts';

/** Labels of bona fide presentations; every other label is a kind of attack. */
const BONA_FIDE = /^(live|real|bona[-_ ]?fide|genuine|true)$/i;

interface Kind {
  readonly name: string;
  readonly scores: Float64Array;
  /** Presentations that gave no score. */
  readonly missing: number;
}

/**
 * Presentation attack detection on single pictures (ISO/IEC 30107-3): APCER for each kind of attack and the worst of
 * them, BPCER, ACER of the two, and the presentations that gave no score (APNRR, BPNRR).
 */
export function livenessReport(
  items: Dataset,
  analysed: readonly Analysed[],
  thresholds: Readonly<Record<string, number>>,
): Report {
  const kinds = group(items, analysed);
  const bonaFide = kinds.find(({ name }) => BONA_FIDE.test(name)) ?? {
    name: 'live',
    scores: sorted([]),
    missing: 0,
  };
  const attacks = kinds.filter((kind) => kind !== bonaFide);
  const equal = equalThreshold(bonaFide, attacks);
  const points = Object.entries({ ...thresholds, 'equal errors': equal }).map(([asked, at]) => ({
    asked,
    at,
    ...errorsAt(bonaFide, attacks, at),
  }));
  return {
    title: 'Liveness (presentation attack detection)',
    facts: [
      ['bona fide presentations', String(bonaFide.scores.length + bonaFide.missing)],
      ...attacks.map(({ name, scores, missing }): [string, string] => [
        `attacks, ${name}`,
        String(scores.length + missing),
      ]),
      ['bona fide without a score (BPNRR)', rateText(nonResponse(bonaFide))],
      ...attacks.map((kind): [string, string] => [
        `attacks without a score (APNRR), ${kind.name}`,
        rateText(nonResponse(kind)),
      ]),
    ],
    tables: [
      {
        title: 'Errors at thresholds, with bounds of 95 %',
        header: [
          'at',
          'threshold',
          ...attacks.map(({ name }) => `APCER ${name}`),
          'worst APCER',
          'BPCER',
          'ACER',
        ],
        rows: points.map(({ asked, at, apcer, worstKind, bpcer, acer }) => [
          asked,
          thresholdText(at),
          ...apcer.map(({ rate }) => rateText(rate)),
          worstKind === null ? 'n/a' : rateText(worstKind),
          rateText(bpcer),
          percent(acer),
        ]),
      },
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
    notes: [
      'Rates are of the presentations that gave a score; those that gave none are told apart, as the standard asks.',
      'Bounds are exact for independent presentations (Clopper-Pearson); several pictures of one person or one attack instrument are not.',
    ],
    figures: { points },
  };
}

function group(items: Dataset, analysed: readonly Analysed[]): Kind[] {
  const names = [...new Set(items.map(({ label }) => label))].sort();
  return names.map((name) => {
    const own = analysed.filter((_, index) => items[index]?.label === name);
    const scores = own.flatMap(({ liveness }) => (liveness === null ? [] : [liveness]));
    return { name, scores: sorted(scores), missing: own.length - scores.length };
  });
}

function nonResponse({ scores, missing }: Kind): Rate {
  return rateOf(missing, scores.length + missing);
}

function errorsAt(bonaFide: Kind, attacks: readonly Kind[], at: number) {
  const apcer = attacks.map(({ name, scores }) => ({
    name,
    rate: rateOf(scores.length - below(at, scores), scores.length),
  }));
  const bpcer = rateOf(below(at, bonaFide.scores), bonaFide.scores.length);
  const worstKind = apcer.reduce<Rate | null>(
    (most, { rate }) => (most === null || (rate.value || 0) > (most.value || 0) ? rate : most),
    null,
  );
  const worst = worstKind?.value || 0;
  return { apcer, bpcer, worst, worstKind, acer: (worst + bpcer.value) / 2 };
}

/** Where the worst APCER and BPCER are the same. */
function equalThreshold(bonaFide: Kind, attacks: readonly Kind[]): number {
  let low = 0;
  let high = 1;
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    const { worst, bpcer } = errorsAt(bonaFide, attacks, middle);
    if (worst > (bpcer.value || 0)) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function lines(bonaFide: Kind, attacks: readonly Kind[]) {
  const thresholds = Array.from({ length: 101 }, (_, i) => i / 100);
  const share = (scores: Float64Array, count: number) => (scores.length === 0 ? 0 : count / scores.length);
  return [
    ...attacks.map(({ name, scores }) => ({
      name: `APCER ${name}`,
      points: thresholds.map((at): readonly [number, number] => [
        at,
        share(scores, scores.length - below(at, scores)),
      ]),
    })),
    {
      name: 'BPCER',
      points: thresholds.map((at): readonly [number, number] => [
        at,
        share(bonaFide.scores, below(at, bonaFide.scores)),
      ]),
    },
  ];
}
