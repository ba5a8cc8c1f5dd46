import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A pair of the LFW protocol: two pictures, of the same person or not. */
export interface Pair {
  readonly one: string;
  readonly other: string;
  readonly same: boolean;
  /** Counts from 0. */
  readonly fold: number;
}

/** Reads the folds of `folder`/pairs-dev.txt. Throws an Error that names the line where it is malformed. */
export async function readPairs(folder: string): Promise<Pair[]> {
  return parsePairs(await readFile(join(folder, 'pairs-dev.txt'), 'utf8'), folder);
}

/**
 * The text of a pairs file: number of folds and of pairs a fold, then for each fold that many lines
 * "name i j" (the same person) and that many "name i other j".
 */
export function parsePairs(text: string, folder: string): Pair[] {
  const lines = text.trimEnd().split('\n');
  const [folds, each] = lines[0].split(/\s+/).map(Number);
  if (!(folds > 0 && each > 0) || lines.length !== 1 + 2 * folds * each) {
    throw new Error(
      `The first line of the pairs promises ${folds} folds of 2 x ${each} pairs; ${lines.length - 1} lines follow.`,
    );
  }
  return lines.slice(1).map((line, index) => {
    const fold = Math.floor(index / (2 * each));
    const same = index % (2 * each) < each;
    const fields = line.trimEnd().split('\t');
    if (fields.length !== (same ? 3 : 4))
      throw new Error(`Line ${index + 2} of the pairs is malformed: ${line}`);
    const [name, first] = fields;
    const [otherName, second] = same ? [name, fields[2]] : [fields[2], fields[3]];
    return { one: picture(folder, name, first), other: picture(folder, otherName, second), same, fold };
  });
}

function picture(folder: string, name: string, number: string): string {
  return join(folder, 'images', name, `${name}_${number.padStart(4, '0')}.jpg`);
}

/** The person a picture of LFW shows, out of its path. */
export function personOf(path: string): string {
  return path.split('/').at(-2) ?? path;
}
