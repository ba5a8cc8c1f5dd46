import type { ReferencePack } from './reference-pack.ts';
import { RowIds, WORDS } from './row-ids.ts';
import { RowLookup } from './row-lookup.ts';
import { RowsMemory } from './rows-memory.ts';
import { WordList } from './word-list.ts';

export interface Entry {
  readonly referenceId: string;
  readonly personId: string;
}

export interface Hit extends Entry {
  readonly score: number;
}

/** A hit whose reference is not named yet. */
interface Found {
  readonly row: number;
  readonly personId: string;
  readonly score: number;
}

/**
 * References of one model, a row each, without gaps. All there is of a row are numbers in typed arrays: of a million
 * references, objects and strings would take several hundred bytes each.
 */
export class Shelf {
  readonly #references = new RowIds();
  readonly #people = new RowIds();
  readonly #rowOf: RowLookup;
  /** The first row of each person; each row knows the person's next, as its number and one. */
  readonly #firstOf: RowLookup;
  readonly #next = new WordList();
  readonly #rows: RowsMemory;
  #size = 0;

  /** `expected`: how many references there will be soon. */
  constructor(expected = 0) {
    this.#rowOf = new RowLookup(this.#references, expected);
    this.#firstOf = new RowLookup(this.#people, expected);
    this.#rows = new RowsMemory(expected);
  }

  get size(): number {
    return this.#size;
  }

  /** The reference must not be there yet. `vector`: 512 floats of norm 1. */
  add({ referenceId, personId }: Entry, vector: Float32Array): void {
    this.#rows.set(this.#size, vector);
    this.#references.set(this.#size, referenceId);
    this.#people.set(this.#size, personId);
    this.#enter();
  }

  /** Adds `count` references of a pack from its place `from` on. False when one of them is there already: the shelf is of no use then. */
  addPacked({ ids, people, rows }: ReferencePack, from: number, count: number): boolean {
    this.#rows.put(this.#size, rows, from, count);
    let fresh = true;
    for (let n = from; n < from + count; n++) {
      this.#references.setWords(this.#size, ids, WORDS * n);
      this.#people.setWords(this.#size, people, WORDS * n);
      fresh = this.#enter() && fresh;
    }
    return fresh;
  }

  /** The next row is to be found by its ids, which stand. False when its reference was there already. */
  #enter(): boolean {
    const row = this.#size++;
    this.#next.set(row, this.#firstOf.put(row) + 1);
    return this.#rowOf.put(row) < 0;
  }

  /** The last row takes the place of the removed one; what is left behind is wiped. False when there is none. */
  remove(referenceId: string): boolean {
    const row = this.#rowOf.find(referenceId);
    if (row < 0) return false;
    this.#rowOf.remove(row);
    this.#unlink(row);
    const last = --this.#size;
    if (row !== last) {
      this.#rowOf.replace(last, row);
      this.#relink(last, row);
      this.#references.move(last, row);
      this.#people.move(last, row);
      this.#rows.move(last, row);
    }
    this.#references.wipe(last);
    this.#people.wipe(last);
    this.#rows.wipe(last);
    return true;
  }

  search(probe: Float32Array, k: number, accept: (personId: string) => boolean): Hit[] {
    const best: Found[] = [];
    if (!this.#rows.setProbe(probe)) return [];
    let floor = Number.NEGATIVE_INFINITY;
    this.#rows.visitNear(this.#size, (row, score) => {
      if (score <= floor) return;
      const personId = this.#people.get(row);
      if (!accept(personId)) return;
      insert(best, { row, personId, score }, k);
      if (best.length === k) floor = best[k - 1]?.score ?? floor;
    });
    return best.map(({ row, personId, score }) => ({
      referenceId: this.#references.get(row),
      personId,
      score,
    }));
  }

  visitPairs(
    referenceIds: readonly string[],
    visit: (one: number, other: number, score: number) => void,
  ): void {
    const rows = referenceIds.map((id) => this.#rowOf.find(id));
    for (const [one, row] of rows.entries()) {
      if (row < 0) continue;
      this.#rows.setProbeRow(row);
      for (let other = one + 1; other < rows.length; other++) {
        if (rows[other] >= 0) visit(one, other, this.#rows.score(rows[other]));
      }
    }
  }

  best(probe: Float32Array, personId: string): number | null {
    if (!this.#rows.setProbe(probe)) return null;
    const scores = this.#rowsOf(personId).map((row) => this.#rows.score(row));
    return scores.length === 0 ? null : Math.max(...scores);
  }

  referencesOf(personId: string): string[] {
    return this.#rowsOf(personId).map((row) => this.#references.get(row));
  }

  /** Whether one of these references of a pack is here. */
  hasPacked({ ids }: ReferencePack, from: number, count: number): boolean {
    for (let n = from; n < from + count; n++) if (this.#rowOf.findWords(ids, WORDS * n) >= 0) return true;
    return false;
  }

  personOf(referenceId: string): string | null {
    const row = this.#rowOf.find(referenceId);
    return row < 0 ? null : this.#people.get(row);
  }

  *entries(): Generator<Entry> {
    for (let row = 0; row < this.#size; row++) {
      yield { referenceId: this.#references.get(row), personId: this.#people.get(row) };
    }
  }

  #rowsOf(personId: string): number[] {
    const rows: number[] = [];
    for (let row = this.#firstOf.find(personId); row >= 0; row = this.#next.get(row) - 1) rows.push(row);
    return rows;
  }

  /** Takes a row out of its person's. */
  #unlink(row: number): void {
    const next = this.#next.get(row);
    const before = this.#rowBefore(row);
    if (before >= 0) this.#next.set(before, next);
    else if (next > 0) this.#firstOf.replace(row, next - 1);
    else this.#firstOf.remove(row);
  }

  /** Row `to` takes the place of row `from` among the person's. */
  #relink(from: number, to: number): void {
    const before = this.#rowBefore(from);
    if (before >= 0) this.#next.set(before, to + 1);
    else this.#firstOf.replace(from, to);
    this.#next.set(to, this.#next.get(from));
  }

  /** The person's row that names this one as the next; -1 for the first. */
  #rowBefore(row: number): number {
    let before = -1;
    for (const each of this.#rowsOf(this.#people.get(row))) {
      if (each === row) return before;
      before = each;
    }
    return before;
  }
}

/** Keeps `best` sorted, one entry a person, at most `k` long. */
function insert(best: Found[], hit: Found, k: number): void {
  const own = best.findIndex((other) => other.personId === hit.personId);
  if (own >= 0) {
    if ((best[own]?.score ?? 1) >= hit.score) return;
    best.splice(own, 1);
  }
  const place = best.findIndex((other) => other.score < hit.score);
  best.splice(place < 0 ? best.length : place, 0, hit);
  if (best.length > k) best.pop();
}
