/** A line of a CSV file: the fields, and the number of the line it begins on. */
export interface CsvRow {
  readonly line: number;
  readonly fields: readonly string[];
}

/**
 * Reads CSV as RFC 4180 has it: commas, quotes that hide commas and line breaks, `""` for a quote. Empty lines are left
 * out. Null when a quote is never closed or stands within a bare field.
 */
export function parseCsv(text: string): CsvRow[] | null {
  const rows: CsvRow[] = [];
  let line = 1;
  let at = 0;
  const source = text.replace(/^\uFEFF/, '');
  while (at < source.length) {
    const begin = line;
    const fields: string[] = [];
    for (;;) {
      const field = source[at] === '"' ? quoted(source, at) : bare(source, at);
      if (field === null) return null;
      fields.push(field.value);
      line += field.breaks;
      at = field.end;
      if (source[at] !== ',') break;
      at++;
    }
    if (source[at] === '\r') at++;
    if (at < source.length && source[at] !== '\n') return null;
    at++;
    line++;
    if (fields.length > 1 || fields[0] !== '') rows.push({ line: begin, fields });
  }
  return rows;
}

interface Field {
  readonly value: string;
  readonly end: number;
  readonly breaks: number;
}

function bare(text: string, from: number): Field | null {
  let end = from;
  while (end < text.length && text[end] !== ',' && text[end] !== '\n' && text[end] !== '\r') end++;
  const value = text.slice(from, end);
  return value.includes('"') ? null : { value, end, breaks: 0 };
}

function quoted(text: string, from: number): Field | null {
  let value = '';
  let at = from + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return null;
    value += text.slice(at, quote);
    at = quote + 1;
    if (text[at] !== '"') return { value, end: at, breaks: value.split('\n').length - 1 };
    value += '"';
    at++;
  }
}
