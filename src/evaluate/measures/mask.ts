import type { MaskState } from '../../vision/types.ts';
import type { Analysed } from '../analyse.ts';
import { tooLittle } from '../dataset/fault.ts';
import { histogramPlot } from '../report/plot.ts';
import { percent, type Report, rateText } from '../report/report.ts';
import { rateOf } from '../statistics/binomial.ts';
import { sorted } from '../statistics/errors.ts';
import { acquisitionOf, type Judged } from './acquisition.ts';

const STATES: readonly MaskState[] = ['bare', 'worn', 'incorrect'];

interface Known {
  readonly state: string;
  readonly read: Analysed['mask'];
}

/**
 * Mask detection on pictures labelled by what is worn ("bare", "worn", "incorrect"): how often each state is read as each,
 * balanced accuracy over the states (mean of the parts read right), and bare against anything worn. A picture without a face
 * found is read as nothing and told apart.
 * @throws MenshenError DATASET_TOO_LITTLE when no picture is read
 */
export function maskReport({ items, analysed }: Judged): Report {
  const known = items.map(({ label }, index) => ({ state: label, read: analysed[index]?.mask ?? null }));
  if (known.every(({ read }) => read === null)) {
    throw tooLittle(
      'In none of the pictures a face is found, or there is no network for masks: nothing is read.',
    );
  }
  const states = STATES.filter((state) => known.some((each) => each.state === state));
  const rows = states.map((state) => rowOf(known, state));
  const balanced = meanOf(rows.map(({ right }) => right.value));
  const worn = rows.filter(({ state }) => state !== 'bare');
  const twoWay = meanOf([
    ...rows.filter(({ state }) => state === 'bare').map(({ masked }) => 1 - masked.value),
    ...worn.map(({ masked }) => masked.value),
  ]);
  const absent = STATES.filter((state) => !states.includes(state));
  const acquisition = acquisitionOf(analysed);
  return {
    title: 'Mask detection',
    facts: [
      ...acquisition.facts,
      [`balanced accuracy over ${states.join(', ')}`, percent(balanced)],
      ['balanced accuracy, bare against anything worn', percent(twoWay)],
    ],
    tables: [
      {
        title: 'What each state was read as, with bounds of 95 %',
        header: ['true state', 'pictures', 'no face found', 'read right', 'bare', 'worn', 'incorrect'],
        rows: rows.map(({ state, pictures, missing, right, readAs }) => [
          state,
          String(pictures),
          rateText(missing),
          rateText(right),
          String(readAs.bare),
          String(readAs.worn),
          String(readAs.incorrect),
        ]),
      },
      ...acquisition.tables,
    ],
    plots: [
      {
        title: 'Probability that something is worn',
        svg: histogramPlot(
          'probability',
          Object.fromEntries(states.map((state) => [state, probabilities(known, state)])),
          [0, 1],
        ),
      },
    ],
    notes: [
      ...(absent.length === 0
        ? []
        : [`No picture is labelled ${absent.join(' or ')}: the figures are of the other states alone.`]),
      'Labels are understood by name: bare, without_mask, unmasked; worn, with_mask, masked; incorrect, wrong, nose.',
      'Bounds are exact for independent pictures (Clopper-Pearson).',
    ],
    figures: { ...acquisition.figures, balanced, twoWay, states: rows },
  };
}

function rowOf(known: readonly Known[], state: MaskState) {
  const all = known.filter((each) => each.state === state);
  const read = all.flatMap((each) => (each.read === null ? [] : [each.read.state]));
  const count = (as: MaskState) => read.filter((one) => one === as).length;
  return {
    state,
    pictures: all.length,
    missing: rateOf(all.length - read.length, all.length),
    right: rateOf(count(state), read.length),
    readAs: { bare: count('bare'), worn: count('worn'), incorrect: count('incorrect') },
    masked: rateOf(read.length - count('bare'), read.length),
  };
}

function probabilities(known: readonly Known[], state: MaskState): Float64Array {
  const own = known
    .filter((each) => each.state === state)
    .flatMap(({ read }) => (read === null ? [] : [read]));
  return sorted(own.map((read) => (read.state === 'bare' ? 1 - read.score : read.score)));
}

/** Of the states of which at least one picture was read. */
function meanOf(values: readonly number[]): number {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.length === 0 ? Number.NaN : known.reduce((sum, value) => sum + value, 0) / known.length;
}
