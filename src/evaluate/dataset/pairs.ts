import type { Dataset } from './dataset.ts';
import { some, unreadable } from './fault.ts';
import { columnOf, fieldOf, fileOf, isPictureName, noColumn, readTable, textOf } from './table.ts';
import { setOf } from './words.ts';

/** A pair of pictures to be compared. */
export interface Pair {
  readonly one: string;
  readonly other: string;
  readonly same: boolean;
}

/** Pairs whose pictures are both there, and what was left out. */
export interface PairList {
  readonly pairs: readonly Pair[];
  readonly notes: readonly string[];
}

const ONE = setOf('one path1 path_1 image1 image_1 img1 file1 file_1 a left first reference');
const OTHER = setOf('other path2 path_2 image2 image_2 img2 file2 file_2 b right second probe');
const SAME = setOf('same label is_same issame match mated genuine target 是否同一人');
const YES = /^(1|true|yes|y|same|match|genuine|mated|positive|是)$/i;
const NO = /^(0|-1|false|no|n|different|nonmatch|non-match|impostor|imposter|non-mated|negative|否)$/i;

/**
 * Pairs out of a CSV file with the columns `one`, `other` and `same` (1 or 0), out of lines "path path 1" without a header, or
 * of a list in the form of LFW (http://vis-www.cs.umass.edu/lfw/README.txt). The pictures must be among the items, which lie
 * in `folder`.
 * @throws MenshenError DATASET_UNREADABLE, naming the line
 */
export function readPairs(file: string, folder: string, items: Dataset): PairList {
  const lines = textOf(file)
    .replace(/^\uFEFF/, '')
    .split(/\r\n?|\n/)
    .map((text, index) => ({ fields: splitLine(text), line: index + 1 }))
    .filter(({ fields }) => fields.some((field) => field !== ''));
  if (lines.length === 0) throw unreadable(file, 'it is empty');
  const named = isLfw(lines)
    ? lfwPairs(file, lines, items)
    : isPlain(lines)
      ? plainPairs(file, folder, lines)
      : csvPairs(file, folder);
  const known = new Set(items.map(({ path }) => path));
  const there = named.flatMap(({ one, other, same }) =>
    isKnown(one, known) && isKnown(other, known) ? [{ one, other, same }] : [],
  );
  const absent = named.flatMap(({ one, other, texts }) =>
    [one, other].flatMap((path, index) => (isKnown(path, known) ? [] : [texts[index] ?? ''])),
  );
  if (there.length === 0) {
    throw unreadable(
      file,
      `the pictures of none of its ${named.length} pairs are in ${folder}, the first of them ${some(absent, 1)}`,
    );
  }
  const left = named.length - there.length;
  return {
    pairs: there,
    notes:
      left === 0
        ? []
        : [
            `${left} of ${named.length} pairs are left out, because a picture of theirs is not there: ${some(new Set(absent))}.`,
          ],
  };
}

interface Named {
  readonly one: string | null;
  readonly other: string | null;
  readonly same: boolean;
  readonly texts: readonly [string, string];
}

interface Line {
  readonly fields: readonly string[];
  readonly line: number;
}

function isKnown(path: string | null, known: ReadonlySet<string>): path is string {
  return path !== null && known.has(path);
}

/** Fields between tabs where there are any, else between blanks. */
function splitLine(text: string): string[] {
  return text
    .trim()
    .split(text.trim().includes('\t') ? /\t+/ : /\s+/)
    .map((field) => field.trim());
}

const NUMBER = /^\d{1,6}$/;

function isLfw(lines: readonly Line[]): boolean {
  const [first, second] = lines;
  if (first?.fields.every((field) => NUMBER.test(field)) && first.fields.length <= 2) return true;
  return [first, second].every((line) => line !== undefined && isLfwPair(line.fields));
}

function isLfwPair(fields: readonly string[]): boolean {
  const [, a = '', b = '', c = ''] = fields;
  return (
    (fields.length === 3 && NUMBER.test(a) && NUMBER.test(b)) ||
    (fields.length === 4 && NUMBER.test(a) && NUMBER.test(c))
  );
}

function lfwPairs(file: string, lines: readonly Line[], items: Dataset): Named[] {
  const byName = new Map(items.map(({ path }) => [stemOf(path), path]));
  const picture = (who: string, number: string) => byName.get(`${who}_${number.padStart(4, '0')}`) ?? null;
  return lines
    .filter(({ fields }, index) => index > 0 || isLfwPair(fields))
    .map(({ fields, line }) => {
      const [name = '', first = '', second = '', third] = fields;
      if (!isLfwPair(fields)) {
        throw unreadable(
          file,
          `line ${line} has ${fields.length} fields that are no pair: "name number number" or "name number name number" is expected`,
        );
      }
      const [who, number] = third === undefined ? [name, second] : [second, third];
      return {
        one: picture(name, first),
        other: picture(who, number),
        same: third === undefined,
        texts: [`${name} ${first}`, `${who} ${number}`] as const,
      };
    });
}

function stemOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/\.[^.]+$/, '');
}

function isPlain([first]: readonly Line[]): boolean {
  const fields = first?.fields ?? [];
  return (
    fields.length === 3 &&
    fields.filter(isPictureName).length === 2 &&
    fields.some((field) => verdictOf(field) !== null)
  );
}

function plainPairs(file: string, folder: string, lines: readonly Line[]): Named[] {
  return lines.map(({ fields, line }) => {
    const [one, other] = fields.filter(isPictureName);
    const verdict = fields.find((field) => !isPictureName(field));
    if (one === undefined || other === undefined || fields.length !== 3) {
      throw unreadable(file, `line ${line} is not "picture picture 1"`);
    }
    return named(file, folder, line, one, other, verdict ?? '');
  });
}

function csvPairs(file: string, folder: string): Named[] {
  const table = readTable(file);
  const headed = table.names.length > 0;
  const one = headed ? columnOf(table, ONE) : 0;
  const other = headed ? columnOf(table, OTHER) : 1;
  const same = headed ? columnOf(table, SAME) : 2;
  if (one === null) throw noColumn(file, table, ['one']);
  if (other === null) throw noColumn(file, table, ['other']);
  if (same === null) throw noColumn(file, table, ['same']);
  return table.rows.map((row) =>
    named(
      file,
      folder,
      row.line,
      fieldOf(file, row, one, 'first picture'),
      fieldOf(file, row, other, 'second picture'),
      row.fields[same] ?? '',
    ),
  );
}

function named(
  file: string,
  folder: string,
  line: number,
  one: string,
  other: string,
  verdict: string,
): Named {
  const same = verdictOf(verdict);
  if (same === null) {
    throw unreadable(file, `line ${line}: "same" is ${JSON.stringify(verdict)}; it must be 1 or 0`);
  }
  return {
    one: fileOf(file, one, [folder]),
    other: fileOf(file, other, [folder]),
    same,
    texts: [one, other],
  };
}

function verdictOf(text: string): boolean | null {
  if (YES.test(text)) return true;
  return NO.test(text) ? false : null;
}
