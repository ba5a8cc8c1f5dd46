const COLOUR =
  process.env.FORCE_COLOR !== undefined || (process.stdout.isTTY && process.env.NO_COLOR === undefined);

function paint(code: number, text: string): string {
  return COLOUR ? `\u001b[${code}m${text}\u001b[0m` : text;
}

export const bold = (text: string) => paint(1, text);
export const dim = (text: string) => paint(2, text);
export const red = (text: string) => paint(31, text);
export const green = (text: string) => paint(32, text);
export const yellow = (text: string) => paint(33, text);
export const cyan = (text: string) => paint(36, text);

const started = Date.now();

/** One line of the demo's story, with the seconds since it began. */
export function say(text: string): void {
  console.log(`${dim(`${((Date.now() - started) / 1000).toFixed(1).padStart(5)} s`)}  ${text}`);
}

/** A table of equally long columns. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => [...row[column]].length)));
  const line = (row: readonly string[]) =>
    row.map((cell, n) => cell + ' '.repeat(widths[n] - [...cell].length)).join('  ');
  const rule = widths.map((width) => '─'.repeat(width)).join('──');
  return [line(rows[0]), rule, ...rows.slice(1).map(line)].join('\n');
}
