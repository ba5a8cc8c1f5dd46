import type { ErrorPoint } from '../statistics/errors.ts';
import { type Axis, escapeXml, frame, type Line } from './frame.ts';

export { escapeXml };

/** DET curve (Martin et al. 1997): both errors on logarithmic axes. */
export function detPlot(curves: Readonly<Record<string, readonly ErrorPoint[]>>): string {
  const lines = Object.entries(curves).map(([name, points]) => ({
    name,
    points: points.map(({ falseMatch, falseNonMatch }) => [falseMatch, falseNonMatch] as const),
  }));
  return logPlot(lines, ['false match rate', -6], ['false non-match rate', -4]);
}

/** Lines over logarithmic axes that begin at these powers of ten and end at 1. */
export function logPlot(
  lines: readonly Line[],
  x: readonly [string, number],
  y: readonly [string, number],
): string {
  return frame(lines, logAxis(...x), logAxis(...y));
}

/** Shares of scores in bins, one line for each kind that has any. */
export function histogramPlot(
  label: string,
  kinds: Readonly<Record<string, Float64Array>>,
  range: readonly [number, number],
): string {
  const [from, to] = range;
  const bins = 60;
  const lines = Object.entries(kinds)
    .filter(([, scores]) => scores.length > 0)
    .map(([name, scores]) => {
      const counts = new Float64Array(bins);
      for (const score of scores) {
        counts[Math.min(bins - 1, Math.max(0, Math.floor(((score - from) / (to - from)) * bins)))] += 1;
      }
      const points = Array.from(counts, (count, bin): readonly [number, number] => [
        from + ((bin + 0.5) / bins) * (to - from),
        count / scores.length,
      ]);
      return { name, points };
    });
  const top = Math.max(0.01, ...lines.flatMap(({ points }) => points.map(([, share]) => share)));
  return frame(lines, linearAxis(label, from, to), linearAxis('share', 0, top));
}

/** Lines over plain axes. */
export function linePlot(
  lines: readonly Line[],
  x: readonly [string, number, number],
  y: readonly [string, number, number],
): string {
  return frame(lines, linearAxis(...x), linearAxis(...y));
}

function logAxis(name: string, decades: number): Axis {
  const ticks = Array.from({ length: 1 - decades }, (_, i) => decades + i);
  return {
    label: name,
    ticks: ticks.map((power) => ({ at: 10 ** power, text: power === 0 ? '1' : `1e${power}` })),
    place: (value) => Math.min(1, Math.max(0, 1 - Math.log10(Math.max(value, 10 ** decades)) / decades)),
  };
}

function linearAxis(name: string, from: number, to: number): Axis {
  const ticks = Array.from({ length: 6 }, (_, i) => from + (i / 5) * (to - from));
  return {
    label: name,
    ticks: ticks.map((at) => ({ at, text: at.toPrecision(2) })),
    place: (value) => Math.min(1, Math.max(0, (value - from) / (to - from))),
  };
}
