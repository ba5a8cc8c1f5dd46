/**
 * Draws what a terminal shows as an SVG: `FORCE_COLOR=1 npm run --silent demo | npx tsx scripts/picture.ts FILE`.
 * Understands the colours of scripts/demo/screen.ts (SGR 0, 1, 2, 31 to 36) and nothing more.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const COLUMNS = 142;
const CHARACTER = { width: 7.8, height: 17 };
const MARGIN = 16;
const STYLES: Record<string, string> = {
  1: 'font-weight:bold',
  2: 'fill:#8b949e',
  31: 'fill:#ff7b72',
  32: 'fill:#56d364',
  33: 'fill:#e3b341',
  34: 'fill:#79c0ff',
  35: 'fill:#d2a8ff',
  36: 'fill:#76e3ea',
};

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** One line of text with SGR sequences as `tspan`s; cut at COLUMNS. */
function line(text: string): string {
  let style = '';
  let column = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what an SGR sequence begins with
  return text.split(/(\u001b\[\d+m)/).reduce((svg, part) => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: see above
    const code = /^\u001b\[(\d+)m$/.exec(part);
    if (code !== null) {
      style = code[1] === '0' ? '' : [style, STYLES[code[1]]].filter(Boolean).join(';');
      return svg;
    }
    const shown = part.slice(0, COLUMNS - column);
    column += shown.length;
    return shown === ''
      ? svg
      : `${svg}<tspan${style === '' ? '' : ` style="${style}"`}>${escaped(shown)}</tspan>`;
  }, '');
}

const lines = readFileSync(0, 'utf8').trim().split('\n');
const [width, height] = [
  COLUMNS * CHARACTER.width + 2 * MARGIN,
  lines.length * CHARACTER.height + 2 * MARGIN,
];
const rows = lines.map(
  (text, row) =>
    `<text x="${MARGIN}" y="${MARGIN + (row + 0.8) * CHARACTER.height}" xml:space="preserve">${line(text)}</text>`,
);
const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="13" fill="#e6edf3">
${rows.join('\n')}
</g></svg>
`;
writeFileSync(process.argv[2] ?? 'terminal.svg', svg);
