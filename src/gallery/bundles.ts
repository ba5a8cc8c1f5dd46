import type { Statement } from 'better-sqlite3';
import type { RowCipher, RowIdentity } from './cipher.ts';
import type { Db } from './database.ts';
import { type PeoplePack, packPeople, unpackPeople } from './people-pack.ts';
import {
  packReferences,
  type ReferencePack,
  type SearchedReference,
  unpackReferences,
} from './reference-pack.ts';
import type { Person } from './types.ts';

export const TABLES = ['people', 'refs'] as const;
export type Table = (typeof TABLES)[number];

/** Of what a bundle holds; one of another format does not open. It changes with the packs, the records, the rotation, the rows of memory. */
const FORMAT = 2;
/** A range is 2^8 row numbers; the triggers that drop bundles know it. */
const RANGE_BITS = 8;

/** What `RowReader` wants of a row. */
const SELECT: Readonly<Record<Table, string>> = {
  people: 'SELECT id, sealed FROM people',
  refs: 'SELECT * FROM refs',
};

/**
 * Copies of the rows of 256 row numbers each, sealed as one: a large gallery is opened several times as quickly by them
 * as row by row. The rows are what counts: whoever changes or removes one drops the bundle with it, in the same transaction
 * (triggers of the database), and it may be missing at any time.
 */
export class Bundles {
  readonly #db: Db;
  readonly #cipher: RowCipher;
  readonly #sealedOf: Readonly<Record<Table, Statement<[number], unknown>>>;

  constructor(db: Db, cipher: RowCipher) {
    this.#db = db;
    this.#cipher = cipher;
    const sealedOf = (table: Table) =>
      db.prepare<[number], unknown>(`SELECT sealed FROM ${table}_bundles WHERE range = ?`).pluck();
    this.#sealedOf = { people: sealedOf('people'), refs: sealedOf('refs') };
  }

  any(): boolean {
    return (
      this.#db.prepare('SELECT 1 FROM people_bundles UNION ALL SELECT 1 FROM refs_bundles LIMIT 1').get() !==
      undefined
    );
  }

  /** The ranges in which there are rows, from the one of this number on. */
  *ranges(table: Table, first = 0): Generator<number> {
    const next = this.#db.prepare(`SELECT min(rowid) FROM ${table} WHERE rowid >= ?`).pluck();
    for (let range = first - 1; ; ) {
      const row = next.get((range + 1) * 2 ** RANGE_BITS);
      if (typeof row !== 'number') return;
      range = Math.floor(row / 2 ** RANGE_BITS);
      yield range;
    }
  }

  /** The rows of a range as they stand in the table. */
  rows(table: Table, range: number): IterableIterator<unknown> {
    const [first, last] = [range * 2 ** RANGE_BITS, (range + 1) * 2 ** RANGE_BITS - 1];
    return this.#db.prepare(`${SELECT[table]} WHERE rowid BETWEEN ? AND ?`).iterate(first, last);
  }

  /** Every row of a table, in the order of the file. */
  allRows(table: Table): IterableIterator<unknown> {
    return this.#db.prepare(SELECT[table]).iterate();
  }

  /** Whether there is a bundle that opens. */
  has(table: Table, range: number): boolean {
    return (table === 'people' ? this.people(range) : this.references(range)) !== null;
  }

  /** Null where there is no bundle that opens. */
  people(range: number): PeoplePack | null {
    const plain = this.#open('people', range);
    return plain && unpackPeople(plain);
  }

  /** Null where there is no bundle that opens. */
  references(range: number): ReferencePack | null {
    const plain = this.#open('refs', range);
    return plain && unpackReferences(plain);
  }

  /** Leaves the range to its rows where they cannot be packed. */
  putPeople(range: number, people: readonly Person[]): void {
    this.#put('people', range, packPeople(people));
  }

  /** Leaves the range to its rows where they cannot be packed. */
  putReferences(range: number, references: readonly SearchedReference[]): void {
    this.#put('refs', range, packReferences(references));
  }

  #put(table: Table, range: number, plain: Uint8Array | null): void {
    if (plain === null) return;
    this.#db
      .prepare(`INSERT OR REPLACE INTO ${table}_bundles (range, sealed) VALUES (?, ?)`)
      .run(range, this.#cipher.seal(identity(table, range), plain));
  }

  #open(table: Table, range: number): Buffer | null {
    const sealed = this.#sealed(table, range);
    return sealed === null ? null : this.#cipher.open(identity(table, range), sealed);
  }

  #sealed(table: Table, range: number): Uint8Array | null {
    const sealed = this.#sealedOf[table].get(range);
    return sealed instanceof Uint8Array ? sealed : null;
  }
}

function identity(table: Table, range: number): RowIdentity {
  return [`${table}_bundles`, range, FORMAT];
}
