import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
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
 * The rows of a CSV file: separated by commas, semicolons or tabs, with quotes and blanks as they come.
 * @throws MenshenError DATASET_UNREADABLE, naming the line
 */
export function readTable(file: string): ListTable {
  const text = textOf(file);
  const rows = parseCsv(text, { separator: separatorOf(text), lenient: true });
  if (rows === null) throw unreadable(file, 'a quote in it is never closed, or something stands behind one');
  const trimmed = rows
    .map(({ line, fields }) => ({ line, fields: withoutEmptyEnd(fields.map((field) => field.trim())) }))
    .filter(({ fields }) => fields.some((field) => field !== ''));
  const [header, ...rest] = trimmed;
  if (header === undefined) throw unreadable(file, 'it is empty');
  if (header.fields.some(isPictureName)) return { rows: trimmed, names: [] };
  const names = header.fields.map((name) => name.toLowerCase().replaceAll(/[\s-]+/g, '_'));
  return { rows: rest, names };
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

/**
 * The file that a list means: from the list's own folder, or from `also`, or from where the command runs; with the slashes of
 * other systems, and with accents and Hangul composed or not. Null when there is none.
 */
export function fileOf(list: string, named: string, also: readonly string[] = []): string | null {
  const bare = named.replace(/^'(.*)'$/, '$1');
  const spellings = [...new Set([bare, bare.replaceAll('\\', '/')])].flatMap((path) => [
    path,
    path.normalize('NFC'),
    path.normalize('NFD'),
  ]);
  for (const base of [dirname(list), ...also, '.']) {
    for (const spelling of spellings) {
      const path = resolve(base, spelling);
      if (existsSync(path)) return path;
    }
  }
  return null;
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
