import { join } from 'node:path';
import { Bundles, TABLES, type Table } from './bundles.ts';
import type { RowCipher } from './cipher.ts';
import { type Db, guarded, openDatabase } from './database.ts';
import { type Read, RowReader } from './row-reader.ts';
import { RowsMemory } from './rows-memory.ts';
import { readMeta } from './store.ts';
import { unlock } from './unlock.ts';

export interface BundlingOptions {
  readonly dataDir: string;
  readonly key?: string | undefined;
  readonly busyTimeoutMs?: number;
}

/** A range of a table, which is the next to be looked at. */
export interface BundlingPlace {
  readonly table: Table;
  readonly range: number;
}

/**
 * Bundles the rows of a gallery that stand alone, for `limitMs` at most (unit: ms); gives where to go on when there is more to
 * look at then, else null. To find out whether a bundle opens takes as long as to use it: whoever began at the first range each
 * time would come to no end in a large gallery. It writes range by range, so that nobody waits for it for long, and may be broken
 * off at any time. Throws as `Gallery.open` does.
 */
export function bundleRows(
  { dataDir, key, busyTimeoutMs = 5000 }: BundlingOptions,
  limitMs: number,
  from: BundlingPlace = { table: TABLES[0], range: 0 },
): BundlingPlace | null {
  const path = join(dataDir, 'gallery.sqlite');
  const db = openDatabase(path, dataDir, busyTimeoutMs);
  try {
    const bundler = new Bundler(db, unlock(db, path, dataDir, key).cipher);
    const until = performance.now() + limitMs;
    return guarded(path, () => bundler.run(from, () => performance.now() < until));
  } finally {
    db.close();
  }
}

class Bundler {
  readonly #db: Db;
  readonly #reader: RowReader;
  readonly #bundles: Bundles;
  readonly #scratch = new RowsMemory();

  constructor(db: Db, cipher: RowCipher) {
    this.#db = db;
    this.#reader = new RowReader(cipher);
    this.#bundles = new Bundles(db, cipher);
  }

  run(from: BundlingPlace, goOn: () => boolean): BundlingPlace | null {
    for (const table of TABLES.slice(TABLES.indexOf(from.table))) {
      for (const range of this.#bundles.ranges(table, table === from.table ? from.range : 0)) {
        if (!goOn()) return { table, range };
        if (!this.#bundles.has(table, range)) this.#bundle(table, range);
      }
    }
    return null;
  }

  /** Reads and seals without holding up whoever writes; what was written meanwhile leaves the range for another time. */
  #bundle(table: Table, range: number): void {
    const { generation, removals } = readMeta(this.#db);
    const write = table === 'people' ? this.#people(range) : this.#references(range);
    this.#db
      .transaction(() => {
        const meta = readMeta(this.#db);
        if (meta.generation === generation && meta.removals === removals) write?.();
      })
      .immediate();
  }

  #people(range: number): (() => void) | null {
    const people = sound([...this.#bundles.rows('people', range)].map((row) => this.#reader.person(row)));
    return people && (() => this.#bundles.putPeople(range, people));
  }

  #references(range: number): (() => void) | null {
    const references = sound(
      [...this.#bundles.rows('refs', range)].map((row) => this.#reader.reference(row)),
    );
    if (references === null) return null;
    const bundled = references.map(({ id, personId, model, vector }) => {
      this.#scratch.set(0, vector);
      return { id, personId, model, row: this.#scratch.read(0) };
    });
    return () => this.#bundles.putReferences(range, bundled);
  }
}

/** Null when one of them cannot be used: it is to be told of whenever the gallery is opened. */
function sound<T>(rows: readonly Read<T>[]): T[] | null {
  const values = rows.flatMap((row) => ('value' in row ? [row.value] : []));
  return values.length === rows.length ? values : null;
}
