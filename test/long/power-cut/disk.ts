/** One thing that was done to the files of a folder, as record.c writes it down. */
export type Operation =
  | { readonly kind: 'open'; readonly name: string; readonly created: boolean; readonly truncated: boolean }
  | { readonly kind: 'write'; readonly name: string; readonly at: number; readonly data: Buffer }
  | { readonly kind: 'truncate'; readonly name: string; readonly size: number }
  | { readonly kind: 'sync'; readonly name: string }
  | { readonly kind: 'syncFolder' }
  | { readonly kind: 'rename' | 'link'; readonly name: string; readonly to: string }
  | { readonly kind: 'unlink'; readonly name: string };

/** Sizes that a disk writes whole or not at all. */
const SECTOR = 512;

type Change = { readonly at: number; readonly data: Buffer } | { readonly size: number };
type NameChange =
  | Extract<Operation, { kind: 'rename' | 'link' | 'unlink' }>
  | { readonly kind: 'create'; readonly name: string; readonly file: File };

/** Content of one file: what is on the disk for sure, and what was done to it since its last flush. */
interface File {
  durable: Buffer;
  changes: Change[];
}

/** Reads a record. Throws on what it does not know. */
export function parseRecord(record: Buffer): Operation[] {
  const operations: Operation[] = [];
  let from = 0;
  while (from < record.length) {
    const end = record.indexOf('\n', from);
    const [kind, name = '', one = '', other = ''] = record.toString('utf8', from, end).split(' ');
    from = end + 1;
    if (kind === 'O') operations.push({ kind: 'open', name, created: one === '1', truncated: other === '1' });
    else if (kind === 'W') {
      operations.push({
        kind: 'write',
        name,
        at: Number(one),
        data: record.subarray(from, from + Number(other)),
      });
      from += Number(other);
    } else if (kind === 'T') operations.push({ kind: 'truncate', name, size: Number(one) });
    else if (kind === 'S') operations.push({ kind: 'sync', name });
    else if (kind === 'D') operations.push({ kind: 'syncFolder' });
    else if (kind === 'R') operations.push({ kind: 'rename', name, to: one });
    else if (kind === 'L') operations.push({ kind: 'link', name, to: one });
    else if (kind === 'U') operations.push({ kind: 'unlink', name });
    else throw new Error(`a record of the kind ${kind} is not known`);
  }
  return operations;
}

/**
 * A folder on a disk that keeps of each file what was flushed (fsync) and of the names what was flushed with the
 * folder; anything beyond that a power cut may keep, drop or keep in part.
 */
export class Disk {
  readonly #names = new Map<string, File>();
  readonly #durable = new Map<string, File>();
  /** Since the folder was flushed. */
  #changes: NameChange[] = [];

  apply(operation: Operation): void {
    switch (operation.kind) {
      case 'open':
        if (operation.created)
          this.#rename({
            kind: 'create',
            name: operation.name,
            file: { durable: Buffer.alloc(0), changes: [] },
          });
        else if (operation.truncated) this.#file(operation.name).changes.push({ size: 0 });
        break;
      case 'write':
        this.#file(operation.name).changes.push(operation);
        break;
      case 'truncate':
        this.#file(operation.name).changes.push(operation);
        break;
      case 'sync': {
        const file = this.#file(operation.name);
        file.durable = contentOf(file, () => true);
        file.changes = [];
        break;
      }
      case 'syncFolder':
        for (const change of this.#changes) rename(this.#durable, change);
        this.#changes = [];
        break;
      default:
        this.#rename(operation);
    }
  }

  /** All that was done is there: the machine died, the disk did not. */
  everything(): Map<string, Buffer> {
    return contents(this.#names, () => true);
  }

  /** Only what was flushed is there. */
  flushed(): Map<string, Buffer> {
    return contents(this.#durable, () => false);
  }

  /** What was not flushed is there or not by chance, and of a write maybe some of its sectors. @param chance 0..1 */
  torn(chance: () => number): Map<string, Buffer> {
    const names = new Map(this.#durable);
    // File systems keep names in order.
    const kept = Math.floor(chance() * (this.#changes.length + 1));
    for (const change of this.#changes.slice(0, kept)) rename(names, change);
    return contents(names, () => chance() < 0.5);
  }

  #file(name: string): File {
    const file = this.#names.get(name);
    if (file === undefined) throw new Error(`${name} is written but was never made`);
    return file;
  }

  #rename(change: NameChange): void {
    rename(this.#names, change);
    this.#changes.push(change);
  }
}

function rename(names: Map<string, File>, change: NameChange): void {
  const file = change.kind === 'create' ? change.file : names.get(change.name);
  if (file === undefined) return;
  if (change.kind === 'create') names.set(change.name, file);
  else if (change.kind !== 'unlink') names.set(change.to, file);
  if (change.kind === 'rename' || change.kind === 'unlink') names.delete(change.name);
}

function contents(names: ReadonlyMap<string, File>, keeps: () => boolean): Map<string, Buffer> {
  return new Map([...names].map(([name, file]) => [name, contentOf(file, keeps)]));
}

/** `keeps` is asked for every sector that was written since the flush, and for every change of the size. */
function contentOf({ durable, changes }: File, keeps: () => boolean): Buffer {
  const ends = changes.map((change) => ('size' in change ? change.size : change.at + change.data.length));
  const content = Buffer.alloc(Math.max(durable.length, ...ends));
  durable.copy(content);
  let length = durable.length;
  for (const change of changes) {
    if ('size' in change) {
      if (keeps()) {
        content.fill(0, Math.min(length, change.size), length);
        length = change.size;
      }
      continue;
    }
    const { at, data } = change;
    for (let from = at; from < at + data.length; ) {
      const to = Math.min(at + data.length, (Math.floor(from / SECTOR) + 1) * SECTOR);
      if (keeps()) {
        data.copy(content, from, from - at, to - at);
        length = Math.max(length, to);
      }
      from = to;
    }
  }
  return content.subarray(0, length);
}
