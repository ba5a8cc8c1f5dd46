import type { ErrorPoint } from '../statistics/errors.ts';

const WIDTH = 640;
const HEIGHT = 420;
const LEFT = 64;
const BOTTOM = 48;
const TOP = 16;
const RIGHT = 16;
const COLOURS = ['#1667b7', '#c4432b', '#3c8f4f', '#8a5bb5', '#b58a1e', '#4d4d4d'];

interface Axis {
  readonly label: string;
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
  /** Place of a value, 0..1 along the axis. */
  readonly place: (value: number) => number;
}

interface Line {
  readonly name: string;
  readonly points: readonly (readonly [number, number])[];
}

/** DET curve (Martin et al. 1997): both errors on logarithmic axes. */
export function detPlot(curves: Readonly<Record<string, readonly ErrorPoint[]>>): string {
  const lines = Object.entries(curves).map(([name, points]) => ({
    name,
    points: points.map(({ falseMatch, falseNonMatch }) => [falseMatch, falseNonMatch] as const),
  }));
  return frame(lines, logAxis('false match rate', -6), logAxis('false non-match rate', -4));
}

/** Shares of scores in bins, one line for each kind. */
export function histogramPlot(
  label: string,
  kinds: Readonly<Record<string, Float64Array>>,
  range: readonly [number, number],
): string {
  const [from, to] = range;
  const bins = 60;
  const lines = Object.entries(kinds).map(([name, scores]) => {
    const counts = new Float64Array(bins);
    for (const score of scores) {
      counts[Math.min(bins - 1, Math.max(0, Math.floor(((score - from) / (to - from)) * bins)))] += 1;
    }
    const points = Array.from(counts, (count, bin): readonly [number, number] => [
      from + ((bin + 0.5) / bins) * (to - from),
      scores.length === 0 ? 0 : count / scores.length,
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

function frame(lines: readonly Line[], x: Axis, y: Axis): string {
  const px = (value: number) => LEFT + x.place(value) * (WIDTH - LEFT - RIGHT);
  const py = (value: number) => HEIGHT - BOTTOM - y.place(value) * (HEIGHT - BOTTOM - TOP);
  const parts = [
    ...x.ticks.map(
      ({ at, text }) =>
        grid(px(at), TOP, px(at), HEIGHT - BOTTOM) + label(px(at), HEIGHT - BOTTOM + 18, text, 'middle'),
    ),
    ...y.ticks.map(
      ({ at, text }) => grid(LEFT, py(at), WIDTH - RIGHT, py(at)) + label(LEFT - 6, py(at) + 4, text, 'end'),
    ),
    label((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, x.label, 'middle'),
    `<g transform="translate(14 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)">${label(0, 0, y.label, 'middle')}</g>`,
    ...lines.map(({ points }, index) => {
      const path = points.map(([a, b]) => `${px(a).toFixed(1)},${py(b).toFixed(1)}`).join(' ');
      return `<polyline points="${path}" fill="none" stroke="${colour(index)}" stroke-width="2"/>`;
    }),
    ...lines.map(({ name }, index) => {
      const at = TOP + 18 + index * 18;
      return `<rect x="${WIDTH - 190}" y="${at - 9}" width="12" height="4" fill="${colour(index)}"/>${label(WIDTH - 172, at - 2, name, 'start')}`;
    }),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" font-family="sans-serif" font-size="12"><rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>${parts.join('')}</svg>`;
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

function grid(x1: number, y1: number, x2: number, y2: number): string {
  return `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="#ddd"/>`;
}

function label(x: number, y: number, text: string, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${escapeXml(text)}</text>`;
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length] ?? '#000';
}

export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
