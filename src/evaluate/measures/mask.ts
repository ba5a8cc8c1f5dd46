import type { MaskState } from '../../vision/types.ts';
import type { Analysed } from '../analyse.ts';
import type { Dataset } from '../dataset.ts';
import { histogramPlot } from '../report/plot.ts';
import { percent, type Report, rateText } from '../report/report.ts';
import { rateOf } from '../statistics/binomial.ts';
import { sorted } from '../statistics/errors.ts';

/** What a label says is worn, by the names in use for the classes; what matches none of them is unknown. */
const LABELS: readonly (readonly [MaskState, RegExp])[] = [
  ['incorrect', /incorrect|wrong|improper|nose|chin/i],
  ['bare', /bare|without|^no[-_ ]?mask|unmasked|none|^face$/i],
  ['worn', /worn|with|mask/i],
];

const STATES: readonly MaskState[] = ['bare', 'worn', 'incorrect'];

/** What a label of the data says is worn; null when it is none of the names known. */
export function maskLabel(label: string): MaskState | null {
  return LABELS.find(([, name]) => name.test(label))?.[0] ?? null;
}

/**
 * Mask detection on pictures labelled by what is worn: how often each state is read as each, balanced accuracy over the
 * states (mean of the parts read right), and bare against anything worn. A picture without a face found is read as nothing
 * and told apart.
 */
export function maskReport(items: Dataset, analysed: readonly Analysed[]): Report {
  const known = items.flatMap(({ label }, index) => {
    const state = maskLabel(label);
    return state === null ? [] : [{ state, read: analysed[index]?.mask ?? null }];
  });
  const states = STATES.filter((state) => known.some((each) => each.state === state));
  const rows = states.map((state) => {
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
  });
  const balanced = mean(rows.map(({ right }) => right.value));
  const twoWay = mean(rows.map(({ state, masked }) => (state === 'bare' ? 1 - masked.value : masked.value)));
  return {
    title: 'Mask detection',
    facts: [
      ['pictures', String(known.length)],
      ['left out for a label that names no state', String(items.length - known.length)],
      ['balanced accuracy over the states', percent(balanced)],
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
      'Labels are understood by name: bare, without_mask, unmasked; worn, with_mask, masked; incorrect, wrong, nose.',
      'Bounds are exact for independent pictures (Clopper-Pearson).',
    ],
    figures: { balanced, twoWay, states: rows },
  };
}

function probabilities(
  known: readonly { readonly state: MaskState; readonly read: Analysed['mask'] }[],
  state: MaskState,
): Float64Array {
  const own = known
    .filter((each) => each.state === state)
    .flatMap(({ read }) => (read === null ? [] : [read]));
  return sorted(own.map((read) => (read.state === 'bare' ? 1 - read.score : read.score)));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
