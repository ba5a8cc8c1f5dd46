import { Bundles } from './bundles.ts';
import type { RowCipher } from './cipher.ts';
import type { Db } from './database.ts';
import type { PeoplePack } from './people-pack.ts';
import type { ReferencePack } from './reference-pack.ts';
import { type Read, RowReader, type StoredReference } from './row-reader.ts';
import type { GalleryFault, Person } from './types.ts';

/** Who takes the rows of a first load one by one: a million references held at once would be gigabytes. */
export interface Taker {
  /** Nothing yet; what was taken before is to be forgotten. How many there are of both, which come in any order. */
  begin(there: { readonly people: number; readonly references: number }): void;
  person(person: Person): void;
  reference(reference: StoredReference): void;
  /** False when one of them was taken before: bundles of such are of no use. */
  packedPeople(pack: PeoplePack): boolean;
  packedReferences(pack: ReferencePack): boolean;
}

/** Reads all people and references of a gallery, by bundles where there are any. To be used within a transaction. */
export class Everybody {
  readonly #db: Db;
  readonly #reader: RowReader;
  readonly #bundles: Bundles;

  constructor(db: Db, cipher: RowCipher) {
    this.#db = db;
    this.#reader = new RowReader(cipher);
    this.#bundles = new Bundles(db, cipher);
  }

  /** Stops after every step, of a millisecond or two at most, but for counting a million rows and making room for them (60 ms at most); rows that cannot be used go to `faults` at last. */
  *read(taker: Taker, faults: GalleryFault[]): Generator<void> {
    const people = this.#count('people');
    yield;
    const there = { people, references: this.#count('refs') };
    yield;
    for (const bundled of this.#bundles.any() ? [true, false] : [false]) {
      const unusable: GalleryFault[] = [];
      let left: number | null = there.people + there.references;
      taker.begin(there);
      for (const rows of bundled ? this.#bundled(taker, unusable) : this.#alone(taker, unusable)) {
        left = rows === null ? null : left - rows;
        if (left === null) break;
        yield;
      }
      // Bundles that are not of the rows there are (numbered anew by VACUUM, of an older file) are of no use at all.
      if (bundled && left !== 0) continue;
      faults.push(...unusable);
      return;
    }
  }

  /** Every row in the order of the file. Gives how many were read each time. */
  *#alone(taker: Taker, faults: GalleryFault[]): Generator<number> {
    yield* this.#rows(this.#bundles.allRows('people'), this.#person(taker), faults);
    yield* this.#rows(this.#bundles.allRows('refs'), this.#reference(taker), faults);
  }

  /**
   * The same by bundles, and row by row in the ranges without one. References first: the people stay as objects, among which V8
   * would look for garbage again and again while references pass. Null where somebody is in two bundles.
   */
  *#bundled(taker: Taker, faults: GalleryFault[]): Generator<number | null> {
    for (const range of this.#bundles.ranges('refs')) {
      const references = this.#bundles.references(range);
      if (references !== null) yield taker.packedReferences(references) ? references.size : null;
      else yield* this.#rows(this.#bundles.rows('refs', range), this.#reference(taker), faults);
    }
    for (const range of this.#bundles.ranges('people')) {
      const people = this.#bundles.people(range);
      if (people !== null) yield taker.packedPeople(people) ? people.size : null;
      else yield* this.#rows(this.#bundles.rows('people', range), this.#person(taker), faults);
    }
  }

  *#rows(
    rows: Iterable<unknown>,
    take: (row: unknown) => GalleryFault | null,
    faults: GalleryFault[],
  ): Generator<number> {
    for (const row of rows) {
      const fault = take(row);
      if (fault !== null) faults.push(fault);
      yield 1;
    }
  }

  #person(taker: Taker): (row: unknown) => GalleryFault | null {
    return (row) => give(this.#reader.person(row), (person) => taker.person(person));
  }

  #reference(taker: Taker): (row: unknown) => GalleryFault | null {
    return (row) => give(this.#reader.reference(row), (reference) => taker.reference(reference));
  }

  #count(table: 'people' | 'refs'): number {
    return Number(this.#db.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
  }
}

/** Gives a row that can be used to `take`; else its fault. */
function give<T>(read: Read<T>, take: (value: T) => void): GalleryFault | null {
  if ('fault' in read) return read.fault;
  take(read.value);
  return null;
}
