import { type RowIds, wordsOf } from './row-ids.ts';

/** So many that one of them, which grows at once, is small: of a million rows each has 4,000. */
const TABLES = 256;
const TABLE_BITS = 8;
const FIRST_SLOTS = 4;
const FULL = 3 / 4;

/**
 * Finds rows by their ids: hash tables with linear probing whose slots hold the number of a row and one, or zero. An
 * entry takes 5 to 11 bytes, that of a Map over strings some 100.
 */
export class RowLookup {
  readonly #ids: RowIds;
  readonly #tables: Uint32Array[];
  readonly #used = new Uint32Array(TABLES);
  readonly #words = new Uint32Array(4);

  /** `expected`: how many rows there will be soon. */
  constructor(ids: RowIds, expected = 0) {
    this.#ids = ids;
    const slots = slotsFor(expected);
    this.#tables = Array.from({ length: TABLES }, () => new Uint32Array(slots));
  }

  /** The row of an id, -1 when there is none. */
  find(id: string): number {
    wordsOf(id, this.#words);
    return this.#find();
  }

  /** The same of an id whose words are given, from `at` on. */
  findWords(words: Uint32Array, at: number): number {
    for (let i = 0; i < this.#words.length; i++) this.#words[i] = words[at + i];
    return this.#find();
  }

  #find(): number {
    const hash = hashOf(this.#words);
    const slots = this.#tables[hash % TABLES];
    for (let at = placeOf(hash, slots); slots[at] !== 0; at = after(at, slots)) {
      if (this.#ids.is(slots[at] - 1, this.#words)) return slots[at] - 1;
    }
    return -1;
  }

  /** Adds a row, in place of the one of the same id where there is one: gives that, else -1. */
  put(row: number): number {
    const hash = this.#hash(row);
    const table = hash % TABLES;
    const slots = this.#tables[table];
    let at = placeOf(hash, slots);
    for (; slots[at] !== 0; at = after(at, slots)) {
      const before = slots[at] - 1;
      if (!this.#ids.is(before, this.#words)) continue;
      slots[at] = row + 1;
      return before;
    }
    slots[at] = row + 1;
    this.#used[table]++;
    if (this.#used[table] > slots.length * FULL) this.#grow(table);
    return -1;
  }

  /** Has row `to`, of the same id, found in place of row `from`. The id of `from` must still stand. */
  replace(from: number, to: number): void {
    const hash = this.#hash(from);
    const slots = this.#tables[hash % TABLES];
    slots[this.#slotOf(from, hash, slots)] = to + 1;
  }

  /** Takes a row out, whose id must still stand. What stands behind it moves up, so that no gap ends a search. */
  remove(row: number): void {
    const hash = this.#hash(row);
    const slots = this.#tables[hash % TABLES];
    let gap = this.#slotOf(row, hash, slots);
    for (let at = after(gap, slots); slots[at] !== 0; at = after(at, slots)) {
      const wanted = placeOf(this.#hash(slots[at] - 1), slots);
      const mask = slots.length - 1;
      if (((at - wanted) & mask) < ((at - gap) & mask)) continue;
      slots[gap] = slots[at];
      gap = at;
    }
    slots[gap] = 0;
    this.#used[hash % TABLES]--;
  }

  #slotOf(row: number, hash: number, slots: Uint32Array): number {
    let at = placeOf(hash, slots);
    while (slots[at] !== row + 1) at = after(at, slots);
    return at;
  }

  #grow(table: number): void {
    const before = this.#tables[table];
    const slots = new Uint32Array(before.length * 2);
    for (const entry of before) if (entry !== 0) put(slots, this.#hash(entry - 1), entry - 1);
    this.#tables[table] = slots;
  }

  #hash(row: number): number {
    this.#ids.read(row, this.#words);
    return hashOf(this.#words);
  }
}

/** Of each table, a power of two. */
function slotsFor(expected: number): number {
  let slots = FIRST_SLOTS;
  while (slots * FULL * TABLES < expected) slots *= 2;
  return slots;
}

function put(slots: Uint32Array, hash: number, row: number): void {
  let at = placeOf(hash, slots);
  while (slots[at] !== 0) at = after(at, slots);
  slots[at] = row + 1;
}

function placeOf(hash: number, slots: Uint32Array): number {
  return (hash >>> TABLE_BITS) & (slots.length - 1);
}

function after(at: number, slots: Uint32Array): number {
  return (at + 1) & (slots.length - 1);
}

/** 32 bits of which each depends on all of the id's (the mixing of MurmurHash3). */
function hashOf(words: Uint32Array): number {
  let hash = 0;
  for (let i = 0; i < words.length; i++) {
    hash = Math.imul(hash ^ words[i], 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return hash >>> 0;
}
