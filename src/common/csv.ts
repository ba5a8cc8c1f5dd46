/** A line of a CSV file: the fields, and the number of the line it begins on. */
export interface CsvRow {
  readonly line: number;
  readonly fields: readonly string[];
}

/** How a file of somebody else's making may differ from RFC 4180. */
export interface CsvDialect {
  /** Between the fields; a comma by default. */
  readonly separator?: ',' | ';' | '\t';
  /** Blanks around quoted fields and quotes within bare ones are borne, as is a carriage return alone for a line's end. */
  readonly lenient?: boolean;
}

/**
 * Reads CSV as RFC 4180 has it: commas, quotes that hide commas and line breaks, `""` for a quote. Empty lines are left
 * out. Null when a quote is never closed or stands within a bare field.
 */
export function parseCsv(
  text: string,
  { separator = ',', lenient = false }: CsvDialect = {},
): CsvRow[] | null {
  const rows: CsvRow[] = [];
  let line = 1;
  let at = 0;
  const plain = text.replace(/^\uFEFF/, '');
  const source = lenient ? plain.replaceAll(/\r\n?/g, '\n') : plain;
  while (at < source.length) {
    const begin = line;
    const fields: string[] = [];
    for (;;) {
      if (lenient) at = afterBlanks(source, at, separator);
      const field = source[at] === '"' ? quoted(source, at) : bare(source, at, separator, lenient);
      if (field === null) return null;
      fields.push(field.value);
      line += field.breaks;
      at = lenient ? afterBlanks(source, field.end, separator) : field.end;
      if (source[at] !== separator) break;
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

function afterBlanks(text: string, from: number, separator: string): number {
  let at = from;
  while (text[at] === ' ' || (text[at] === '\t' && separator !== '\t')) at++;
  return at;
}

function bare(text: string, from: number, separator: string, lenient: boolean): Field | null {
  let end = from;
  while (end < text.length && text[end] !== separator && text[end] !== '\n' && text[end] !== '\r') end++;
  const value = text.slice(from, end);
  return value.includes('"') && !lenient ? null : { value, end, breaks: 0 };
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
