import { PATH } from './columns.ts';
import { statOf, unreadable } from './fault.ts';
import { filesOf } from './files.ts';
import { columnOf, fieldOf, isPictureName, type ListTable, noColumn, readTable, textOf } from './table.ts';
import { setOf } from './words.ts';

const ONE = setOf(
  'one path1 path_1 image1 image_1 img1 img_1 file1 file_1 a left first reference enroll enrol enrolled gallery template',
);
const OTHER = setOf(
  'other path2 path_2 image2 image_2 img2 img_2 file2 file_2 b right second probe verify query test',
);
const SAME = setOf('same label is_same issame match mated genuine target 是否同一人');
const YES = /^(1|1\.0|true|yes|y|same|match|genuine|mated|positive|是)$/i;
const NO = /^(0|0\.0|-1|false|no|n|different|nonmatch|non-match|impostor|imposter|non-mated|negative|否)$/i;

/** A pair as a list names it; null for a picture that is not there. */
export interface NamedPair {
  readonly one: string | null;
  readonly other: string | null;
  readonly same: boolean;
  readonly fold: number | null;
  /** The names in the list. */
  readonly texts: readonly [string, string];
}

interface Line {
  readonly fields: readonly string[];
  readonly line: number;
}

/** Whether a place is a file with the columns of a list of pairs. Throws DATASET_UNREADABLE. */
export function isPairList(file: string): boolean {
  if (!statOf(file).isFile()) return false;
  const lines = linesOf(file);
  if (lines.slice(1, 3).some(({ fields }) => isLfwPair(fields)) || isPlain(lines)) return true;
  const table = readTable(file);
  if (table.names.length > 0) {
    return (
      [ONE, OTHER, SAME].every((names) => columnOf(table, names) !== null) && columnOf(table, PATH) === null
    );
  }
  return (table.rows[0]?.fields ?? []).filter(isPictureName).length === 2;
}

/**
 * Pairs out of a CSV file with the columns `one`, `other` and `same` (1 or 0), out of lines "path path 1" without a header, or
 * of a list in the form of LFW (http://vis-www.cs.umass.edu/lfw/README.txt), whose names are looked for among `pictures`; others
 * as `filesOf` has it.
 * @throws MenshenError DATASET_UNREADABLE, naming the line
 */
export function readPairList(
  file: string,
  pictures: readonly string[],
  folders: readonly string[],
): { readonly pairs: readonly NamedPair[]; readonly notes: readonly string[] } {
  const lines = linesOf(file);
  if (lines.length === 0) throw unreadable(file, 'it is empty');
  if (isLfw(lines)) return { pairs: lfwPairs(file, lines, pictures), notes: [] };
  const rows = isPlain(lines) ? plainPairs(file, lines) : csvPairs(file);
  const { files, notes } = filesOf(
    file,
    rows.flatMap(({ texts }) => texts),
    folders,
  );
  return {
    pairs: rows.map(({ texts, same }, index) => ({
      one: files[2 * index] ?? null,
      other: files[2 * index + 1] ?? null,
      same,
      fold: null,
      texts,
    })),
    notes,
  };
}

type Row = Pick<NamedPair, 'texts' | 'same'>;

function linesOf(file: string): Line[] {
  return textOf(file)
    .replace(/^\uFEFF/, '')
    .split(/\r\n?|\n/)
    .map((text, index) => ({ fields: splitLine(text), line: index + 1 }))
    .filter(({ fields }) => fields.some((field) => field !== ''));
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
  const [name = '', a = '', b = '', c = ''] = fields;
  if (isPictureName(name)) return false;
  return (
    (fields.length === 3 && NUMBER.test(a) && NUMBER.test(b)) ||
    (fields.length === 4 && NUMBER.test(a) && NUMBER.test(c))
  );
}

function lfwPairs(file: string, lines: readonly Line[], pictures: readonly string[]): NamedPair[] {
  const byName = new Map(pictures.flatMap((path) => namesOf(path).map((name) => [name, path] as const)));
  const picture = (who: string, number: string) => byName.get(`${who}_${Number(number)}`) ?? null;
  const [head, ...rest] = lines;
  const headed = head !== undefined && !isLfwPair(head.fields);
  const foldOf = headed ? foldsBy(head.fields, rest.length) : () => null;
  return (headed ? rest : lines).map(({ fields, line }, index) => {
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
      fold: foldOf(index),
      texts: [`${name} ${first}`, `${who} ${number}`] as const,
    };
  });
}

/** "4 300": four folds of 300 pairs of one person and 300 of two. */
function foldsBy(head: readonly string[], pairs: number): (index: number) => number | null {
  const [folds = 0, each = 0] = head.map(Number);
  const whole = folds > 1 && each > 0 && pairs === 2 * folds * each;
  return (index) => (whole ? Math.floor(index / (2 * each)) : null);
}

/** "who/who_0001.jpg" and "who/1.jpg" are the first picture of who. */
function namesOf(path: string): string[] {
  const [folder = '', file = ''] = path.split('/').slice(-2);
  const stem = file.replace(/\.[^.]+$/, '');
  const numbered = /^(.*?)_?0*(\d+)$/.exec(stem);
  if (numbered === null) return [];
  const [, who = '', number = ''] = numbered;
  return [`${who === '' ? folder : who}_${Number(number)}`];
}

function isPlain([first]: readonly Line[]): boolean {
  const fields = first?.fields ?? [];
  return (
    fields.filter(isPictureName).length === 2 &&
    fields.some((field) => verdictOf(field) !== null) &&
    !fields.some((field) => /[,;]$/.test(field))
  );
}

function plainPairs(file: string, lines: readonly Line[]): Row[] {
  return lines.map(({ fields, line }) => {
    const [one, other, ...more] = fields.filter(isPictureName);
    const verdict = fields.find((field) => verdictOf(field) !== null);
    if (one === undefined || other === undefined || more.length > 0 || verdict === undefined) {
      throw unreadable(file, `line ${line} is not "picture picture 1"`);
    }
    return { texts: [one, other], same: sameIn(file, line, verdict) };
  });
}

function csvPairs(file: string): Row[] {
  const table = readTable(file);
  const { one, other, same } = columnsOf(file, table);
  return table.rows.map((row) => ({
    texts: [fieldOf(file, row, one, 'first picture'), fieldOf(file, row, other, 'second picture')],
    same: sameIn(file, row.line, row.fields[same] ?? ''),
  }));
}

function columnsOf(file: string, table: ListTable) {
  const [first] = table.rows;
  if (table.names.length === 0 && first !== undefined) {
    const [one = 0, other = 1] = first.fields.flatMap((field, index) =>
      isPictureName(field) ? [index] : [],
    );
    const same = first.fields.findIndex((field) => verdictOf(field) !== null);
    return { one, other, same: same < 0 ? 2 : same };
  }
  const one = columnOf(table, ONE);
  const other = columnOf(table, OTHER);
  const same = columnOf(table, SAME);
  if (one === null) throw noColumn(file, table, ['one']);
  if (other === null) throw noColumn(file, table, ['other']);
  if (same === null) throw noColumn(file, table, ['same']);
  return { one, other, same };
}

function sameIn(file: string, line: number, text: string): boolean {
  const same = verdictOf(text);
  if (same === null) {
    throw unreadable(file, `line ${line}: "same" is ${JSON.stringify(text)}; it must be 1 or 0`);
  }
  return same;
}

function verdictOf(text: string): boolean | null {
  if (YES.test(text)) return true;
  return NO.test(text) ? false : null;
}
