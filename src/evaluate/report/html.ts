import { escapeXml } from './plot.ts';
import type { Report, Table } from './report.ts';

const STYLE = `:root{color-scheme:light}
body{font:16px/1.5 system-ui,'Noto Sans CJK SC','Microsoft YaHei',sans-serif;max-width:64rem;margin:1.5rem auto;padding:0 1rem;color:#222;background:#fff;overflow-wrap:anywhere}
.wide{overflow-x:auto}table{border-collapse:collapse;margin:1rem 0;font-size:.95em}
td,th{border:1px solid #ccc;padding:.35rem .6rem;text-align:left;vertical-align:top;overflow-wrap:normal;min-width:6rem;max-width:24rem}
th{background:#f3f3f3}svg{display:block;width:100%;max-width:40rem;height:auto}`;

/** The report as one HTML file that loads nothing. */
export function htmlOf(report: Report): string {
  const facts = report.facts
    .map(([name, value]) => `<li>${escapeXml(name)}: ${escapeXml(value)}</li>`)
    .join('');
  const plots = report.plots
    .map(
      ({ title, svg }) =>
        `<h2>${escapeXml(title)}</h2><figure role="img" aria-label="${escapeXml(title)}" style="margin:0">${svg}</figure>`,
    )
    .join('');
  const notes = report.notes.map((note) => `<li>${escapeXml(note)}</li>`).join('');
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escapeXml(report.title)}</title><style>${STYLE}</style>
<h1>${escapeXml(report.title)}</h1><ul>${facts}</ul>${report.tables.map(tableOf).join('')}${plots}${notes === '' ? '' : `<h2>Notes</h2><ul>${notes}</ul>`}</html>
`;
}

function tableOf({ title, header, rows }: Table): string {
  const cells = (tag: 'td' | 'th', row: readonly string[]) =>
    `<tr>${row.map((cell) => `<${tag}>${escapeXml(cell)}</${tag}>`).join('')}</tr>`;
  return `<h2>${escapeXml(title)}</h2><div class="wide"><table>${cells('th', header)}${rows.map((row) => cells('td', row)).join('')}</table></div>`;
}
