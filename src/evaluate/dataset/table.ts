import { readFileSync } from 'node:fs';
import { type CsvRow, messageOf, parseCsv } from '../../common/index.ts';
import { formatPromisedBy } from '../../photo/index.ts';
import { some, unreadable } from './fault.ts';

/** A table of somebody else's making, with what its columns are called. */
export interface ListTable {
  readonly rows: readonly CsvRow[];
  /** Names of the columns in lower case; empty when the file begins with its first row. */
  readonly names: readonly string[];
}

/** Text of a list whatever program wrote it: UTF-8, UTF-16 with its mark, or else GB 18030, which Chinese spreadsheets write. */
export function textOf(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw unreadable(file, `it cannot be read (${messageOf(error)})`);
  }
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('gb18030').decode(bytes);
  }
}

/**
 * The rows of a list: separated by commas, semicolons or tabs, with quotes and blanks as they come, or by blanks where each
 * line is a picture and what is said of it ("a/1.jpg 7"). Remarks (#) before the first row are passed over.
 * @throws MenshenError DATASET_UNREADABLE, naming the line
 */
export function readTable(file: string): ListTable {
  const text = textOf(file);
  if (/^\uFEFF?\s*[<{[]/.test(text)) {
    throw unreadable(file, 'it is XML or JSON; give a CSV file, with a line for each picture');
  }
  const rows = parseCsv(text, { separator: separatorOf(text), lenient: true });
  if (rows === null) throw unreadable(file, 'a quote in it is never closed, or something stands behind one');
  const trimmed = rows
    .map(({ line, fields }) => ({ line, fields: withoutEmptyEnd(fields.map((field) => field.trim())) }))
    .filter(({ fields }) => fields.some((field) => field !== ''));
  const begin = trimmed.findIndex(({ fields: [first = ''] }) => !/^#./.test(first));
  const [header, ...rest] = begin < 0 ? [] : trimmed.slice(begin);
  if (header === undefined) throw unreadable(file, 'it is empty');
  const blanks = [header, ...rest].map(betweenBlanks);
  if (blanks.every((row) => row !== null)) return { rows: blanks, names: [] };
  if (header.fields.some(isPictureName)) return { rows: [header, ...rest], names: [] };
  const names = header.fields.map((name) => name.toLowerCase().replaceAll(/[\s-]+/g, '_'));
  return { rows: rest, names };
}

/** The fields of a line that has blanks alone between a picture and what is said of it; null for any other line. */
function betweenBlanks({ line, fields }: CsvRow): CsvRow | null {
  const [text = '', ...others] = fields;
  const parts = text.split(/\s+/);
  const [first = '', second = ''] = parts;
  if (others.length > 0 || parts.length < 2) return null;
  if (parts.length === 2 && /^\d+$/.test(first) && isPictureName(second)) return { line, fields: parts };
  // Folders may have blanks in their names.
  const end = parts.findIndex(isPictureName) + 1;
  if (end === 0 || end === parts.length) return null;
  return { line, fields: [parts.slice(0, end).join(' '), ...parts.slice(end)] };
}

/** The column called one of these; null when there is none. */
export function columnOf({ names }: ListTable, called: ReadonlySet<string>): number | null {
  const index = names.findIndex((name) => called.has(name));
  return index < 0 ? null : index;
}

/** A field that must be there. */
export function fieldOf(file: string, row: CsvRow, column: number, what: string): string {
  const value = row.fields[column];
  if (value !== undefined && value !== '') return value;
  throw unreadable(file, `line ${row.line} has ${row.fields.length} fields, and none of them is the ${what}`);
}

export function noColumn(file: string, { names }: ListTable, wanted: readonly string[]): Error {
  return unreadable(file, `it has no column "${wanted.join('" or "')}"; its columns are ${some(names, 12)}`);
}

export function isPictureName(field: string): boolean {
  return formatPromisedBy(field) !== null;
}

function separatorOf(text: string): ',' | ';' | '\t' {
  const [first = ''] = text
    .replace(/^\uFEFF/, '')
    .trimStart()
    .split(/[\r\n]/, 1);
  const plain = first.replaceAll(/"[^"]*"/g, '');
  const count = (sign: string) => plain.split(sign).length - 1;
  const [most] = ([',', ';', '\t'] as const).toSorted((one, other) => count(other) - count(one));
  return most ?? ',';
}

function withoutEmptyEnd(fields: readonly string[]): string[] {
  return fields.slice(0, fields.findLastIndex((field) => field !== '') + 1);
}
