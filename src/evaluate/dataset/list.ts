import { dirname, resolve, sep } from 'node:path';
import { columnsOf, labelIn } from './columns.ts';
import type { Item, PictureList, Wanted } from './dataset.ts';
import { some, unreadable } from './fault.ts';
import { filesOf } from './files.ts';
import { type Labels, labelsByPlace } from './labels.ts';
import { maskLabel } from './masks.ts';
import { presentationsOf } from './presentations.ts';
import { fieldOf, readTable } from './table.ts';
import { describe } from './walk.ts';

/** What to do where no label is understood. */
const HINT: Readonly<Record<Wanted, string>> = {
  people: 'no row says who is shown.',
  presentations:
    'no label says who is alive and what is an attack: write "live", and "attack" or the kind of attack, or name your labels of living people with --bona-fide.',
  masks: 'no label says what is worn: write "bare", "worn" or "incorrect".',
};

/**
 * The pictures of a CSV file: a column for the path (`filesOf`), one for the label, and for attacks one for their kind if wanted.
 * A list of paths alone is labelled by where the pictures lie.
 * @throws MenshenError DATASET_UNREADABLE, naming the line
 */
export function readList(file: string, wanted: Wanted, bonaFide: readonly string[]): PictureList {
  const table = readTable(file);
  const columns = columnsOf(file, table, wanted);
  const rows = table.rows.map((row) => ({
    named: fieldOf(file, row, columns.path, 'path'),
    label: labelIn(file, row, columns, wanted),
    kind: columns.kind === null ? '' : (row.fields[columns.kind] ?? ''),
    line: row.line,
  }));
  if (rows.length === 0) throw unreadable(file, 'it names no picture');
  const { files, notes } = filesOf(
    file,
    rows.map(({ named }) => named),
  );
  const missing = rows.filter((_, index) => files[index] === null).map(({ named }) => named);
  if (missing.length === rows.length) {
    throw unreadable(
      file,
      `none of the ${rows.length} pictures it names exists, the first of them ${JSON.stringify(missing[0])}; paths are reckoned from the folder of this file`,
    );
  }
  const read =
    columns.label === null ? byPlace(file, files, wanted, bonaFide) : labelsOf(rows, wanted, bonaFide);
  const items = new Map<string, Item & { readonly line: number }>();
  const without: string[] = [];
  for (const [index, { line, named }] of rows.entries()) {
    const path = files[index];
    const label = read.labels[index] || null;
    if (path == null) continue;
    if (label === null) without.push(named);
    const before = items.get(path);
    if (before !== undefined && before.label !== label) {
      throw unreadable(file, `lines ${before.line} and ${line} give ${named} different labels`);
    }
    if (label !== null) items.set(path, { path, label, line });
  }
  if (items.size === 0) {
    throw unreadable(file, `${HINT[wanted]} Found: ${some(new Set(rows.map(({ label }) => label)))}`);
  }
  const list = [...items.values()].map(({ path, label }) => ({ path, label }));
  return {
    items: list.sort((one, other) => (one.path < other.path ? -1 : 1)),
    notes: [
      ...notes,
      ...read.notes,
      ...(missing.length === 0
        ? []
        : [
            `${missing.length} of ${rows.length} pictures named do not exist and are left out: ${some(missing)}.`,
          ]),
      ...(without.length === 0
        ? []
        : [
            `${without.length} pictures are left out, because their label is not understood: ${some(without)}.`,
          ]),
    ],
    closedFolders: [],
  };
}

function labelsOf(
  rows: readonly { readonly label: string; readonly kind: string }[],
  wanted: Wanted,
  bonaFide: readonly string[],
): Labels {
  if (wanted === 'people') return { labels: rows.map(({ label }) => label), notes: [] };
  if (wanted === 'masks') return { labels: rows.map(({ label }) => maskLabel(label)), notes: [] };
  const places = rows.map(({ label, kind }) => ({
    folders: [...label.split(/[/\\|:]/), ...(kind === '' ? [] : [kind])].filter((part) => part.trim() !== ''),
    stem: '',
  }));
  return presentationsOf(places, bonaFide);
}

/** A list of pictures alone: they are labelled by where they lie. */
function byPlace(
  list: string,
  files: readonly (string | null)[],
  wanted: Wanted,
  bonaFide: readonly string[],
): Labels {
  const there = files.flatMap((path) => (path === null ? [] : [path]));
  const base = commonFolder([resolve(list), ...there]);
  const read = labelsByPlace(
    base,
    there.map((path) => describe(base, path)),
    wanted,
    bonaFide,
  );
  const labels = new Map(there.map((path, index) => [path, read.labels[index] ?? null]));
  return { ...read, labels: files.map((path) => (path === null ? null : (labels.get(path) ?? null))) };
}

/** The innermost folder in which all of the files lie. */
function commonFolder(files: readonly string[]): string {
  const [first = '/', ...others] = files.map((file) => dirname(file));
  return others.reduce((common, folder) => {
    let at = common;
    while (at !== folder && !folder.startsWith(at.endsWith(sep) ? at : `${at}${sep}`)) at = dirname(at);
    return at;
  }, first);
}
