import { escapeXml } from './plot.ts';
import type { Report, Table } from './report.ts';

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:1rem 0}td,th{border:1px solid #ccc;padding:.3rem .6rem;text-align:left}
th{background:#f3f3f3}svg{max-width:100%;height:auto}`;

/** The report as one HTML file that loads nothing. */
export function htmlOf(report: Report): string {
  const facts = report.facts
    .map(([name, value]) => `<li>${escapeXml(name)}: ${escapeXml(value)}</li>`)
    .join('');
  const plots = report.plots.map(({ title, svg }) => `<h2>${escapeXml(title)}</h2>${svg}`).join('');
  const notes = report.notes.map((note) => `<li>${escapeXml(note)}</li>`).join('');
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escapeXml(report.title)}</title><style>${STYLE}</style>
<h1>${escapeXml(report.title)}</h1><ul>${facts}</ul>${report.tables.map(tableOf).join('')}${plots}${notes === '' ? '' : `<h2>Notes</h2><ul>${notes}</ul>`}</html>
`;
}

function tableOf({ title, header, rows }: Table): string {
  const cells = (tag: 'td' | 'th', row: readonly string[]) =>
    `<tr>${row.map((cell) => `<${tag}>${escapeXml(cell)}</${tag}>`).join('')}</tr>`;
  return `<h2>${escapeXml(title)}</h2><table>${cells('th', header)}${rows.map((row) => cells('td', row)).join('')}</table>`;
}
