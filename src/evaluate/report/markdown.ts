import type { Report, Table } from './report.ts';

/** The report as Markdown. `plots`: file names of the plots, in their order; without them they are left out. */
export function markdownOf(report: Report, plots: readonly string[] = []): string {
  const parts = [
    `# ${report.title}`,
    report.facts.map(([name, value]) => `- ${name}: ${value}`).join('\n'),
    ...report.tables.map((table) => `## ${table.title}\n\n${tableOf(table)}`),
    ...report.plots.flatMap(({ title }, index) =>
      plots[index] === undefined ? [] : [`## ${title}\n\n![${title}](${plots[index]})`],
    ),
    ...(report.notes.length === 0
      ? []
      : [`## Notes\n\n${report.notes.map((note) => `- ${note}`).join('\n')}`]),
  ];
  return `${parts.join('\n\n')}\n`;
}

function tableOf({ header, rows }: Table): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(header), `|${header.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}
