import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, extname, resolve } from 'node:path';
import { formatPromisedBy } from '../../photo/index.ts';

/** Names by which it is found out how many leading folders of a list's paths are another machine's. */
const TRIED = 100;

/** The files that a list means, in step with its names; null where there is none. */
export interface NamedFiles {
  readonly files: readonly (string | null)[];
  /** How the names were read where it was not as they stand, in words for the report. */
  readonly notes: readonly string[];
}

/**
 * The files that a list's names mean: from the list's own folder, or from `also`, or from where the command runs; with the
 * slashes of other systems, in capitals or not, with accents and Hangul composed or not, and with the ending left out. Where
 * none of them is there at all, without the leading folders of the machine on which the list was written.
 */
export function filesOf(list: string, names: readonly string[], also: readonly string[] = []): NamedFiles {
  const folders = new Folders([dirname(list), ...also, '.']);
  const paths = names.map((name) => name.replace(/^'(.*)'$/, '$1'));
  const files = paths.map((path) => folders.find(path));
  if (files.some((file) => file !== null)) return { files, notes: [] };
  const cut = leadingFolders(paths.slice(0, TRIED), folders);
  if (cut === 0) return { files, notes: [] };
  const example = JSON.stringify(paths.find((path) => folders.find(without(cut, path)) !== null));
  return {
    files: paths.map((path) => folders.find(without(cut, path))),
    notes: [
      `The paths named do not exist here; they were read without their first ${cut === 1 ? 'folder' : `${cut} folders`}, as ${example}.`,
    ],
  };
}

/** How many leading folders must be left out for the most of the paths to exist; 0 where it does not help. */
function leadingFolders(paths: readonly string[], folders: Folders): number {
  const deepest = Math.max(0, ...paths.map((path) => partsOf(path).length - 1));
  let best = { cut: 0, found: 0 };
  for (let cut = 1; cut <= deepest; cut++) {
    const found = paths.filter((path) => folders.find(without(cut, path)) !== null).length;
    if (found > best.found) best = { cut, found };
  }
  return best.cut;
}

function partsOf(path: string): string[] {
  return path.split(/[/\\]/).filter((part) => part !== '');
}

function without(cut: number, path: string): string {
  return partsOf(path).slice(cut).join('/');
}

/** Looks for files below some folders, each of which is read once. */
class Folders {
  readonly #bases: readonly string[];
  readonly #names = new Map<string, ReadonlyMap<string, string> | null>();

  constructor(bases: readonly string[]) {
    this.#bases = bases;
  }

  find(path: string): string | null {
    if (path === '') return null;
    const spellings = [...new Set([path, path.replaceAll('\\', '/')])];
    const places = this.#bases.flatMap((base) => spellings.map((spelling) => resolve(base, spelling)));
    const exact = places.find((place) => existsSync(place));
    if (exact !== undefined) return exact;
    for (const place of places) {
      const found = this.#alike(place);
      if (found !== null) return found;
    }
    return null;
  }

  /** The path with the spelling that its folders have on the disk. */
  #alike(path: string): string | null {
    if (existsSync(path)) return path;
    const folder = dirname(path);
    if (folder === path) return null;
    const real = this.#alike(folder);
    const name = real === null ? undefined : this.#namesIn(real)?.get(plain(basename(path)));
    return real === null || name === undefined ? null : resolve(real, name);
  }

  /** What a folder holds, by plain names and by those of pictures without their ending; null where it is none. */
  #namesIn(folder: string): ReadonlyMap<string, string> | null {
    const known = this.#names.get(folder);
    if (known !== undefined) return known;
    const names = namesIn(folder);
    this.#names.set(folder, names);
    return names;
  }
}

function namesIn(folder: string): ReadonlyMap<string, string> | null {
  let entries: string[];
  try {
    entries = readdirSync(folder).sort();
  } catch {
    return null;
  }
  const pictures = entries.filter((name) => formatPromisedBy(name) !== null);
  return new Map([
    ...pictures.map((name) => [plain(name.slice(0, -extname(name).length)), name] as const),
    ...entries.map((name) => [plain(name), name] as const),
  ]);
}

function plain(name: string): string {
  return name.normalize('NFC').toLowerCase();
}
