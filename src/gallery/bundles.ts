import type { Statement } from 'better-sqlite3';
import { z } from 'zod';
import type { ModelRef } from '../vision/types.ts';
import type { RowCipher, RowIdentity } from './cipher.ts';
import type { Db } from './database.ts';
import { PersonRecordSchema, parseJson } from './rows.ts';
import { ROW_BYTES } from './rows-memory.ts';
import type { Person } from './types.ts';

export type Table = 'people' | 'refs';

/** A reference as it is searched: its row of the memory instead of its embedding. */
export interface BundledReference {
  readonly id: string;
  readonly personId: string;
  readonly model: ModelRef;
  /** See `RowsMemory.read`. */
  readonly row: Uint8Array;
}

/** Of what a bundle holds; one of another format does not open. It changes with the records, the rotation, the rows of memory. */
const FORMAT = 1;
/** A range is 2^8 row numbers; the triggers that drop bundles know it. */
const RANGE_BITS = 8;

/** What `RowReader` wants of a row. */
const SELECT: Readonly<Record<Table, string>> = {
  people: 'SELECT id, sealed FROM people',
  refs: 'SELECT * FROM refs',
};

const PeopleSchema = z.array(PersonRecordSchema.extend({ id: z.uuid() }));
const HeaderSchema = z.array(z.tuple([z.uuid(), z.uuid(), z.tuple([z.string().min(1), z.string().min(1)])]));

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

  /** The ranges in which there are rows. */
  *ranges(table: Table): Generator<number> {
    const next = this.#db.prepare(`SELECT min(rowid) FROM ${table} WHERE rowid >= ?`).pluck();
    for (let range = -1; ; ) {
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

  has(table: Table, range: number): boolean {
    return this.#db.prepare(`SELECT 1 FROM ${table}_bundles WHERE range = ?`).get(range) !== undefined;
  }

  /** Null where there is no bundle that opens. */
  people(range: number): Person[] | null {
    const plain = this.#open('people', range);
    return plain === null ? null : (PeopleSchema.safeParse(parseJson(plain)).data ?? null);
  }

  /** Null where there is no bundle that opens. */
  references(range: number): BundledReference[] | null {
    const plain = this.#open('refs', range);
    if (plain === null || plain.length < 4) return null;
    const begin = 4 + plain.readUInt32BE();
    const header = HeaderSchema.safeParse(parseJson(plain.subarray(4, begin))).data;
    if (header === undefined || plain.length !== begin + header.length * ROW_BYTES) return null;
    return header.map(([id, personId, [model, version]], n) => ({
      id,
      personId,
      model: { id: model, version },
      row: plain.subarray(begin + n * ROW_BYTES, begin + (n + 1) * ROW_BYTES),
    }));
  }

  putPeople(range: number, people: readonly Person[]): void {
    this.#put('people', range, Buffer.from(JSON.stringify(people), 'utf8'));
  }

  putReferences(range: number, references: readonly BundledReference[]): void {
    const header = references.map(({ id, personId, model }) => [id, personId, [model.id, model.version]]);
    const text = Buffer.from(JSON.stringify(header), 'utf8');
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length);
    this.#put('refs', range, Buffer.concat([length, text, ...references.map(({ row }) => row)]));
  }

  #put(table: Table, range: number, plain: Uint8Array): void {
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
