/** Narrow, so that the letters stay legible where a telephone shrinks it to its width. */
const WIDTH = 480;
const HEIGHT = 360;
const FONT = 14;
const LEFT = 66;
const BOTTOM = 52;
const TOP = 14;
const RIGHT = 18;
const LEGEND_LINE = 20;
const COLOURS = ['#1667b7', '#c4432b', '#3c8f4f', '#8a5bb5', '#b58a1e', '#4d4d4d'];
/** When the colours come round again. */
const DASHES = ['', '7 4', '2 4', '10 3 2 3'];
/** Characters of a name that fit below the plot. */
const LONGEST_NAME = 56;
/** Lines named below the plot; more are drawn all the same. */
const MOST_NAMES = 24;

export interface Axis {
  readonly label: string;
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
  /** Place of a value, 0..1 along the axis. */
  readonly place: (value: number) => number;
}

export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [number, number])[];
}

/** Lines over two axes, their names below: one whole `<svg>` element. */
export function frame(lines: readonly Line[], x: Axis, y: Axis): string {
  const px = (value: number) => LEFT + x.place(value) * (WIDTH - LEFT - RIGHT);
  const py = (value: number) => HEIGHT - BOTTOM - y.place(value) * (HEIGHT - BOTTOM - TOP);
  const named = lines.slice(0, MOST_NAMES);
  const parts = [
    ...x.ticks.map(
      ({ at, text }) =>
        grid(px(at), TOP, px(at), HEIGHT - BOTTOM) + label(px(at), HEIGHT - BOTTOM + 18, text, 'middle'),
    ),
    ...y.ticks.map(
      ({ at, text }) => grid(LEFT, py(at), WIDTH - RIGHT, py(at)) + label(LEFT - 6, py(at) + 5, text, 'end'),
    ),
    label((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, x.label, 'middle'),
    `<g transform="translate(14 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)">${label(0, 0, y.label, 'middle')}</g>`,
    ...lines.map(({ points }, index) =>
      curve(
        points.map(([a, b]) => [px(a), py(b)] as const),
        index,
      ),
    ),
    ...named.map(({ name }, index) => {
      const at = HEIGHT + 12 + index * LEGEND_LINE;
      return `<line x1="${LEFT}" y1="${at - 5}" x2="${LEFT + 24}" y2="${at - 5}" ${stroke(index)}/>${label(LEFT + 32, at, shortened(name), 'start')}`;
    }),
  ];
  const height = HEIGHT + 8 + named.length * LEGEND_LINE;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" font-family="system-ui, 'Noto Sans CJK SC', 'Microsoft YaHei', sans-serif" font-size="${FONT}"><rect width="${WIDTH}" height="${height}" fill="#fff"/>${parts.join('')}</svg>`;
}

/** A line; a dot where it is one point, which no line would show. */
function curve(points: readonly (readonly [number, number])[], index: number): string {
  const places = [...new Set(points.map(([a, b]) => `${a.toFixed(1)},${b.toFixed(1)}`))];
  if (places.length !== 1) return `<polyline points="${places.join(' ')}" fill="none" ${stroke(index)}/>`;
  const [at = '0', to = '0'] = (places[0] ?? '').split(',');
  return `<circle cx="${at}" cy="${to}" r="4" fill="${colour(index)}"/>`;
}

function stroke(index: number): string {
  const dash = DASHES[Math.floor(index / COLOURS.length) % DASHES.length] ?? '';
  return `stroke="${colour(index)}" stroke-width="2"${dash === '' ? '' : ` stroke-dasharray="${dash}"`}`;
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length] ?? '#000';
}

function shortened(name: string): string {
  const letters = [...name];
  return letters.length <= LONGEST_NAME ? name : `${letters.slice(0, LONGEST_NAME - 1).join('')}…`;
}

function grid(x1: number, y1: number, x2: number, y2: number): string {
  return `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="#ddd"/>`;
}

function label(x: number, y: number, text: string, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${escapeXml(text)}</text>`;
}

/** Also of what XML has no place for: control characters of a file's name. */
export function escapeXml(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
