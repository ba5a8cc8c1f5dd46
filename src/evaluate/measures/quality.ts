import type { Analysed } from '../analyse.ts';
import { tooLittle } from '../dataset/fault.ts';
import { type GateThreshold, ownThreshold } from '../gate-threshold.ts';
import { linePlot } from '../report/plot.ts';
import { percent, type Report, rateText, threshold as thresholdText, withBounds } from '../report/report.ts';
import { rateOf } from '../statistics/binomial.ts';
import { bootstrapRate, sharesOf } from '../statistics/bootstrap.ts';
import { thresholdAt } from '../statistics/errors.ts';
import { acquisitionOf, type Judged, referencesOf } from './acquisition.ts';
import { Scores, visitComparisons } from './comparisons.ts';

const REJECTED = [0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2];
const FALSE_MATCH_RATE = 1e-3;

export interface QualityOptions {
  readonly threshold: GateThreshold;
  readonly progress?: (done: number, of: number) => void;
}

interface Genuine {
  readonly score: number;
  readonly quality: number;
  readonly person: number;
}

/**
 * Whether quality foretells recognition: FNMR with the worst pictures left out (Grother and Tabassi 2007, error versus
 * reject), at the threshold that has the false match rate 1e-3 with all of them, and at the gate's own. Quality of a comparison
 * is that of the worse picture.
 * @throws MenshenError DATASET_TOO_LITTLE when no two pictures show one person
 */
export function qualityReport({ items, analysed }: Judged, options: QualityOptions): Report {
  const { genuine, impostor } = collect({ items, analysed }, options.progress);
  if (genuine.length === 0) {
    throw tooLittle(
      'No two pictures in which a face is found show one person: quality is measured by how often people are missed, for which at least two pictures of each person are needed.',
    );
  }
  const gate = options.threshold(referencesOf({ items, analysed }), 1);
  const enough = FALSE_MATCH_RATE * impostor.length >= 1;
  const at = [
    ...(enough ? [{ asked: `FMR ${FALSE_MATCH_RATE}`, at: thresholdAt(FALSE_MATCH_RATE, impostor) }] : []),
    ...ownThreshold(gate),
  ];
  const points = REJECTED.map((part) => {
    const kept = genuine.slice(Math.floor(part * genuine.length));
    return { rejected: part, errors: at.map((one) => ({ ...one, ...errorsOf(kept, one.at) })) };
  });
  const acquisition = acquisitionOf(analysed);
  const highest = Math.max(0.01, ...points.flatMap(({ errors }) => errors.map(({ rate }) => rate.value)));
  return {
    title: 'Quality against errors',
    facts: [
      ...acquisition.facts,
      [
        'genuine comparisons',
        `${genuine.length}, of ${new Set(genuine.map(({ person }) => person)).size} people`,
      ],
      ['impostor comparisons', String(impostor.length)],
      ...at.map((one): [string, string] => [`threshold, ${one.asked}`, thresholdText(one.at)]),
    ],
    tables: [
      {
        title: 'FNMR with the worst comparisons left out, bounds of 95 % over people',
        header: ['left out', ...at.flatMap(({ asked }) => [`FNMR, ${asked}`, 'bounds over people'])],
        rows: points.map(({ rejected, errors }) => [
          percent(rejected),
          ...errors.flatMap(({ rate, overPeople }) => [rateText(rate), withBounds(rate.value, overPeople)]),
        ]),
      },
      ...gates(analysed),
      ...acquisition.tables,
    ],
    plots: [
      {
        title: 'Error versus reject',
        svg: linePlot(
          at.map(({ asked }, index) => ({
            name: asked,
            points: points.map(({ rejected, errors }) => [rejected, errors[index]?.rate.value ?? 0] as const),
          })),
          ['part left out', 0, 0.2],
          ['FNMR', 0, highest],
        ),
      },
    ],
    notes: [
      ...(enough
        ? []
        : [
            `With ${impostor.length} impostor comparisons there is no threshold for FMR ${FALSE_MATCH_RATE}: add pictures of other people.`,
          ]),
      'Bounds beside a rate are exact for independent comparisons (Clopper-Pearson); those over people draw people (bootstrap, 1,000 draws).',
      'Pictures in which no face is found have no quality and are left out of all rows.',
    ],
    figures: { ...acquisition.figures, thresholds: at, points },
  };
}

/** Genuine comparisons, the worst first, and scores of the others. */
function collect(
  { items, analysed }: Judged,
  progress: ((done: number, of: number) => void) | undefined,
): { readonly genuine: readonly Genuine[]; readonly impostor: Float64Array } {
  const genuine: Genuine[] = [];
  const impostor = new Scores();
  visitComparisons(
    items,
    analysed,
    null,
    ({ score, same, one, pictures: [i, j] }) => {
      if (score === null) return;
      if (!same) impostor.add(score);
      else
        genuine.push({
          score,
          quality: Math.min(qualityOf(analysed[i]), qualityOf(analysed[j])),
          person: one,
        });
    },
    progress,
  );
  return {
    genuine: genuine.sort((one, other) => one.quality - other.quality),
    impostor: impostor.sorted(),
  };
}

function errorsOf(kept: readonly Genuine[], at: number) {
  const isMissed = ({ score }: Genuine) => score < at;
  return {
    rate: rateOf(kept.filter(isMissed).length, kept.length),
    overPeople: bootstrapRate(sharesOf(kept, isMissed)),
  };
}

function qualityOf(analysed: Analysed | undefined): number {
  return analysed?.quality?.score ?? 0;
}

function gates(analysed: readonly Analysed[]): Report['tables'] {
  const counts = new Map<string, number>();
  const measured = analysed.flatMap(({ quality }) => (quality === null ? [] : [quality.failed]));
  for (const gate of measured.flat()) counts.set(gate, (counts.get(gate) ?? 0) + 1);
  const rows = [...counts].map(([gate, count]) => [gate, rateText(rateOf(count, measured.length))]);
  return rows.length === 0
    ? []
    : [{ title: 'Quality gates of the door that pictures fail', header: ['gate', 'pictures'], rows }];
}
