import { join } from 'node:path';
import { Bundles, type Table } from './bundles.ts';
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

/**
 * Bundles the rows of a gallery that stand alone, for `limitMs` at most (unit: ms); true when some are left then. It writes
 * range by range, so that nobody waits for it for long, and may be broken off at any time. Throws as `Gallery.open` does.
 */
export function bundleRows(
  { dataDir, key, busyTimeoutMs = 5000 }: BundlingOptions,
  limitMs: number,
): boolean {
  const until = performance.now() + limitMs;
  const path = join(dataDir, 'gallery.sqlite');
  const db = openDatabase(path, dataDir, busyTimeoutMs);
  try {
    const bundler = new Bundler(db, unlock(db, path, dataDir, key).cipher);
    return guarded(path, () => bundler.run(() => performance.now() < until));
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

  run(goOn: () => boolean): boolean {
    for (const table of ['people', 'refs'] as const) {
      for (const range of this.#bundles.ranges(table)) {
        if (this.#bundles.has(table, range)) continue;
        if (!goOn()) return true;
        this.#bundle(table, range);
      }
    }
    return false;
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
