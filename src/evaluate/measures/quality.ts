import type { Analysed } from '../analyse.ts';
import type { Dataset } from '../dataset.ts';
import { linePlot } from '../report/plot.ts';
import { percent, type Report, rateText, threshold as thresholdText } from '../report/report.ts';
import { rateOf } from '../statistics/binomial.ts';
import { sorted, thresholdAt } from '../statistics/errors.ts';
import { visitComparisons } from './comparisons.ts';

const REJECTED = [0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2];
const FALSE_MATCH_RATE = 1e-3;

/**
 * Whether quality foretells recognition: FNMR with the worst pictures left out (Grother and Tabassi 2007, error versus
 * reject), at the threshold that has the false match rate 1e-3 with all of them. Quality of a comparison is that of
 * the worse picture.
 */
export function qualityReport(items: Dataset, analysed: readonly Analysed[]): Report {
  const genuine: { score: number; quality: number }[] = [];
  const impostor: number[] = [];
  visitComparisons(items, analysed, null, ({ score, same, pictures: [i, j] }) => {
    if (score === null) return;
    if (!same) impostor.push(score);
    else genuine.push({ score, quality: Math.min(qualityOf(analysed[i]), qualityOf(analysed[j])) });
  });
  const at = thresholdAt(FALSE_MATCH_RATE, sorted(impostor));
  genuine.sort((one, other) => one.quality - other.quality);
  const points = REJECTED.map((part) => {
    const kept = genuine.slice(Math.floor(part * genuine.length));
    return { rejected: part, rate: rateOf(kept.filter(({ score }) => score < at).length, kept.length) };
  });
  return {
    title: 'Quality against errors',
    facts: [
      ['pictures', String(items.length)],
      ['genuine comparisons', String(genuine.length)],
      ['impostor comparisons', String(impostor.length)],
      ['threshold', `${thresholdText(at)} (FMR ${FALSE_MATCH_RATE})`],
    ],
    tables: [
      {
        title: 'FNMR with the worst comparisons left out',
        header: ['left out', 'FNMR'],
        rows: points.map(({ rejected, rate }) => [percent(rejected), rateText(rate)]),
      },
      { title: 'Quality gates failed', header: ['gate', 'pictures'], rows: gates(analysed) },
    ],
    plots: [
      {
        title: 'Error versus reject',
        svg: linePlot(
          [{ name: 'FNMR', points: points.map(({ rejected, rate }) => [rejected, rate.value]) }],
          ['part left out', 0, 0.2],
          ['FNMR', 0, Math.max(0.01, ...points.map(({ rate }) => rate.value || 0))],
        ),
      },
    ],
    notes: [],
    figures: { threshold: at, points },
  };
}

function qualityOf(analysed: Analysed | undefined): number {
  return analysed?.quality?.score ?? 0;
}

function gates(analysed: readonly Analysed[]): string[][] {
  const counts = new Map<string, number>();
  for (const gate of analysed.flatMap(({ quality }) => quality?.failed ?? [])) {
    counts.set(gate, (counts.get(gate) ?? 0) + 1);
  }
  return [...counts].map(([gate, count]) => [gate, rateText(rateOf(count, analysed.length))]);
}
