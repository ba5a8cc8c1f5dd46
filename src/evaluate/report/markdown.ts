import type { Report, Table } from './report.ts';

/** The report as Markdown. `plots`: file names of the plots, in their order; without them they are left out. */
export function markdownOf(report: Report, plots: readonly string[] = []): string {
  const parts = [
    `# ${plain(report.title)}`,
    report.facts.map(([name, value]) => `- ${plain(name)}: ${plain(value)}`).join('\n'),
    ...report.tables.map((table) => `## ${plain(table.title)}\n\n${tableOf(table)}`),
    ...report.plots.flatMap(({ title }, index) =>
      plots[index] === undefined ? [] : [`## ${plain(title)}\n\n![${plain(title)}](${plots[index]})`],
    ),
    ...(report.notes.length === 0
      ? []
      : [`## Notes\n\n${report.notes.map((note) => `- ${plain(note)}`).join('\n')}`]),
  ];
  return `${parts.join('\n\n')}\n`;
}

function tableOf({ header, rows }: Table): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => plain(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(header), `|${header.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

/** On one line, and no markup: labels and file names are anybody's. */
function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\s]+/gu, ' ').replaceAll('<', '&lt;');
}
