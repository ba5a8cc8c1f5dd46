import { type Dirent, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { MenshenError, parseCsv } from '../common/index.ts';

const PICTURES = new Set(['.jpg', '.jpeg', '.png', '.bmp', '.webp']);

/** A picture and what is known of it. */
export interface Item {
  readonly path: string;
  /** The person it shows, or the class it belongs to ("live", "print"): the name of its folder, or the second column. */
  readonly label: string;
}

/** Pictures in the order of their paths. */
export type Dataset = readonly Item[];

/** A pair of pictures to be compared. */
export interface Pair {
  readonly one: string;
  readonly other: string;
  readonly same: boolean;
}

export interface PictureList {
  readonly items: Dataset;
  readonly pairs: readonly Pair[] | null;
}

/**
 * The pictures below a folder, each labelled by the folder it lies in, or those of a CSV file with a header naming the
 * columns `path` (reckoned from the file's folder) and `label` or `person`.
 * @throws MenshenError DATASET_UNREADABLE
 */
export function readDataset(place: string): Dataset {
  const found = statSync(place, { throwIfNoEntry: false });
  if (found === undefined) throw unreadable(place, 'it does not exist');
  const items = found.isDirectory() ? fromFolder(place) : fromCsv(place);
  if (items.length === 0) throw unreadable(place, 'it holds no picture (JPEG, PNG, BMP or WebP)');
  return items;
}

/**
 * Pairs out of a CSV file with the columns `one`, `other` and `same` (1 or 0), or of a list in the form of LFW
 * (http://vis-www.cs.umass.edu/lfw/README.txt), whose pictures lie below `folder`.
 * @throws MenshenError DATASET_UNREADABLE, naming the line
 */
export function readPairs(file: string, folder: string): Pair[] {
  const text = textOf(file);
  return /^\d+(\s+\d+)?\s*\n/.test(text) ? lfwPairs(text, file, folder) : csvPairs(file);
}

function fromFolder(folder: string): Item[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(isPicture);
  return files
    .map((entry) => ({
      path: join(entry.parentPath, entry.name),
      label: basename(entry.parentPath),
    }))
    .sort((one, other) => (one.path < other.path ? -1 : 1));
}

function isPicture(entry: Dirent): boolean {
  return entry.isFile() && PICTURES.has(extname(entry.name).toLowerCase());
}

function fromCsv(file: string): Item[] {
  const { rows, column } = table(file);
  const path = column(['path']);
  const label = column(['label', 'person']);
  return rows.map(({ fields }) => ({
    path: resolve(dirname(file), fields[path] ?? ''),
    label: fields[label] ?? '',
  }));
}

function csvPairs(file: string): Pair[] {
  const { rows, column } = table(file);
  const [one, other, same] = [column(['one']), column(['other']), column(['same'])];
  return rows.map(({ line, fields }) => {
    const verdict = fields[same] ?? '';
    if (!/^(0|1|true|false)$/i.test(verdict)) {
      throw unreadable(file, `line ${line}: "same" is ${JSON.stringify(verdict)}; it must be 1 or 0`);
    }
    return {
      one: resolve(dirname(file), fields[one] ?? ''),
      other: resolve(dirname(file), fields[other] ?? ''),
      same: /^(1|true)$/i.test(verdict),
    };
  });
}

function lfwPairs(text: string, file: string, folder: string): Pair[] {
  return text
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line, index) => {
      const fields = line.trim().split(/\t/);
      const [name = '', first = '', second = '', third] = fields;
      if (fields.length !== 3 && fields.length !== 4) {
        throw unreadable(file, `line ${index + 2} has ${fields.length} fields; 3 or 4 are expected`);
      }
      const picture = (who: string, number: string) =>
        join(folder, who, `${who}_${number.padStart(4, '0')}.jpg`);
      return third === undefined
        ? { one: picture(name, first), other: picture(name, second), same: true }
        : { one: picture(name, first), other: picture(second, third), same: false };
    });
}

function table(file: string) {
  const [header, ...rows] = parseCsv(textOf(file)) ?? [];
  if (header === undefined) throw unreadable(file, 'it is no CSV file with a header');
  const names = header.fields.map((name) => name.trim().toLowerCase());
  const short = rows.find(({ fields }) => fields.length !== names.length);
  if (short !== undefined) {
    throw unreadable(
      file,
      `line ${short.line} has ${short.fields.length} fields, the header ${names.length}`,
    );
  }
  const column = (any: readonly string[]): number => {
    const index = names.findIndex((name) => any.includes(name));
    if (index < 0) throw unreadable(file, `it has no column "${any.join('" or "')}"`);
    return index;
  };
  return { rows, column };
}

function textOf(file: string): string {
  if (!existsSync(file)) throw unreadable(file, 'it does not exist');
  return readFileSync(file, 'utf8');
}

function unreadable(place: string, why: string): MenshenError {
  return new MenshenError('DATASET_UNREADABLE', `${place}: ${why}.`);
}
