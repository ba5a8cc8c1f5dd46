import {
  closeSync,
  type Dirent,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { extname, join, relative, resolve, sep } from 'node:path';
import { messageOf } from '../../common/index.ts';
import { formatOf, formatPromisedBy, PHOTO_FORMATS } from '../../photo/index.ts';
import { some, unreadable } from './fault.ts';

/** A picture file below a folder. */
export interface Found {
  readonly path: string;
  /** Names of the folders between that folder and the file, the outermost first. */
  readonly folders: readonly string[];
  /** Name of the file without its ending. */
  readonly stem: string;
}

export interface Walk {
  /** In the order of their paths. */
  readonly found: readonly Found[];
  /** How many files look like pictures and are left out, by why. */
  readonly leftOut: ReadonlyMap<string, number>;
  /** Folders that cannot be read, in the order in which they were met. */
  readonly closed: readonly ClosedFolder[];
}

export interface ClosedFolder {
  readonly path: string;
  readonly why: string;
}

/** What operating systems and network storage leave in folders. */
const CLUTTER = /^(__MACOSX|@eaDir|\$RECYCLE\.BIN|System Volume Information|lost\+found|#recycle)$/i;

/** Bytes that tell a format. */
const HEAD = 16;

const OURS: ReadonlySet<string> = new Set(PHOTO_FORMATS);

/**
 * The pictures below a folder, links followed and each folder visited once; hidden files and the clutter of operating systems
 * are no pictures. A folder below that cannot be read is left out.
 * @throws MenshenError DATASET_UNREADABLE when the folder itself cannot be read
 */
export function picturesBelow(root: string): Walk {
  const found: Found[] = [];
  const leftOut = new Map<string, number>();
  const closed: ClosedFolder[] = [];
  const visited = new Set<string>();
  const base = resolve(root);
  const visit = (folder: string): void => {
    const entries = entriesOf(folder, visited);
    if (typeof entries === 'string') {
      if (folder === base) throw unreadable(folder, `this folder cannot be read (${entries})`);
      closed.push({ path: folder, why: entries });
      return;
    }
    for (const entry of entries) {
      if (entry.name.startsWith('.') || CLUTTER.test(entry.name)) continue;
      const path = join(folder, entry.name);
      const stats = entry.isSymbolicLink() ? behind(path) : entry;
      const why = stats === undefined ? 'links that lead nowhere' : take(path, stats);
      if (why !== null) leftOut.set(why, (leftOut.get(why) ?? 0) + 1);
    }
  };
  const take = (path: string, entry: Dirent | Stats): string | null => {
    if (entry.isDirectory()) visit(path);
    else if (entry.isFile()) {
      const kind = kindOf(path);
      if (kind !== 'picture') return kind;
      found.push(describe(base, path));
    }
    return null;
  };
  visit(base);
  found.sort((one, other) => (one.path < other.path ? -1 : 1));
  return { found, leftOut, closed };
}

/** What was left out, in words for a report. */
export function leftOutNotes({ leftOut, closed }: Pick<Walk, 'leftOut' | 'closed'>): string[] {
  const counted = [...leftOut].map(([why, count]) => `Left out: ${count} ${why}.`);
  const [first] = closed;
  if (first === undefined) return counted;
  const names = some(closed.map(({ path }) => path));
  return [
    ...counted,
    `Left out with all that is in them: ${closed.length} folders that cannot be read: ${names} (${first.why}).`,
  ];
}

/** A file as `picturesBelow` tells it. */
export function describe(base: string, path: string): Found {
  const parts = relative(base, path).split(sep);
  const name = parts.at(-1) ?? '';
  return { path, folders: parts.slice(0, -1), stem: name.slice(0, name.length - extname(name).length) };
}

/** What a link leads to; undefined where that is nothing, the link itself, or nobody's to see. */
function behind(link: string): Stats | undefined {
  try {
    return statSync(link);
  } catch {
    return undefined;
  }
}

/** What a folder holds, nothing where it was visited before, or why it cannot be read. */
function entriesOf(folder: string, visited: Set<string>): Dirent[] | string {
  try {
    const real = realpathSync(folder);
    if (visited.has(real)) return [];
    visited.add(real);
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    // Node puts this character where bytes are no UTF-8: the name it gives is that of nothing.
    return folder.includes('\uFFFD') ? 'its name is not in UTF-8: rename it' : messageOf(error);
  }
}

/** "picture", why a file that looks like one is left out, or null for any other file. */
function kindOf(path: string): string | null {
  const promised = formatPromisedBy(path);
  if (promised !== null && OURS.has(promised)) return 'picture';
  if (promised === 'SVG' || promised === 'PDF') return null;
  if (promised === null && extname(path) !== '') return null;
  if (formatOf(headOf(path)) !== null) return 'picture';
  return promised === null ? null : `${promised} files, which are not read: convert them to JPEG or PNG`;
}

function headOf(path: string): Uint8Array {
  const head = new Uint8Array(HEAD);
  try {
    const file = openSync(path, 'r');
    try {
      return head.subarray(0, readSync(file, head));
    } finally {
      closeSync(file);
    }
  } catch {
    return new Uint8Array(0);
  }
}
