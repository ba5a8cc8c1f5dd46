import type { PackedRecords, PeoplePack } from './people-pack.ts';
import { RowIds, WORDS, wordsOf } from './row-ids.ts';
import { RowLookup } from './row-lookup.ts';
import type { Person } from './types.ts';
import { WordList } from './word-list.ts';

/** What there is of a row: nothing when it is free. */
const THERE = 1;
/** Agreed to being recognised. */
const LOCAL = 2;
/** Of a record in a pack: its place there above these two bits, above that the number of the pack and one. */
const PLACE_SHIFT = 2;
const PACK_SHIFT = 10;
/** So many records a pack can have. */
const MOST_PACKED = 1 << (PACK_SHIFT - PLACE_SHIFT);

/**
 * So many people whose records were read are kept as they are, some 10 MB: those who come and go, and those like them, whom each
 * search names.
 */
const KEPT = 16_384;

/**
 * Everybody in memory, a row each. Whoever came in a pack is a few numbers and the JSON of the record, which is read when it is
 * asked for; as objects of V8 a million people take three times the memory, and seconds of collecting garbage among them.
 */
export class People {
  readonly #ids = new RowIds();
  readonly #rowOf: RowLookup;
  readonly #marks = new WordList();
  readonly #packs: PackedRecords[] = [];
  /** Those who are in no pack. */
  readonly #alone = new Map<number, Person>();
  /** Of those in packs. */
  readonly #read = new Map<number, Person>();
  readonly #rowsOfCard = new Map<string, number[]>();
  readonly #free: number[] = [];
  readonly #readAlone: (id: string) => Person | null;
  #rows = 0;

  /**
   * @param expected how many people there will be soon
   * @param readAlone reads somebody whose packed record is none from elsewhere; null when there is nobody
   */
  constructor(readAlone: (id: string) => Person | null, expected = 0) {
    this.#readAlone = readAlone;
    this.#rowOf = new RowLookup(this.#ids, expected);
  }

  get size(): number {
    return this.#rows - this.#free.length;
  }

  has(id: string): boolean {
    return this.#rowOf.find(id) >= 0;
  }

  /** Whether there is such a person, who agreed to being recognised. */
  isSearched(id: string): boolean {
    const row = this.#rowOf.find(id);
    return row >= 0 && (this.#marks.get(row) & LOCAL) !== 0;
  }

  get(id: string): Person | null {
    const row = this.#rowOf.find(id);
    return row < 0 ? null : this.#at(row);
  }

  /** The ids of all; whoever comes or goes meanwhile may be among them or not. */
  *ids(): Generator<string> {
    for (const row of this.#used()) yield this.#ids.get(row);
  }

  *values(): Generator<Person> {
    for (const row of this.#used()) {
      const person = this.#at(row);
      if (person !== null) yield person;
    }
  }

  /** Somebody who is such; null when nobody is. */
  first(is: (person: Person) => boolean): Person | null {
    for (const person of this.values()) if (is(person)) return person;
    return null;
  }

  /** Everybody who has this card. */
  byCard(number: string): Person[] {
    const rows = this.#rowsOfCard.get(number) ?? [];
    return rows.flatMap((row) => this.#at(row) ?? []).filter(({ cards }) => cards.includes(number));
  }

  /** The ids of those `most` people with the lowest ids who agreed to being recognised and whom `accept` lets through. */
  lowest(most: number, accept: (id: string) => boolean): string[] {
    const chosen: string[] = [];
    let highest = 2 ** 32;
    for (const row of this.#used()) {
      if ((this.#marks.get(row) & LOCAL) === 0 || this.#ids.firstWord(row) > highest) continue;
      const id = this.#ids.get(row);
      if ((chosen.length === most && id > chosen[most - 1]) || !accept(id)) continue;
      const place = chosen.findIndex((other) => other > id);
      chosen.splice(place < 0 ? chosen.length : place, 0, id);
      if (chosen.length > most) chosen.pop();
      if (chosen.length === most) highest = firstWordOf(chosen[most - 1]);
    }
    return chosen;
  }

  /** Adds somebody, or puts the record in place of the one of the same id. */
  set(person: Person): void {
    const known = this.#rowOf.find(person.id);
    const row = known < 0 ? (this.#free.pop() ?? this.#rows++) : known;
    if (known < 0) {
      this.#ids.set(row, person.id);
      this.#rowOf.put(row);
    } else this.#forget(row);
    this.#alone.set(row, person);
    this.#marks.set(row, THERE | (person.consent.local ? LOCAL : 0));
    for (const card of person.cards) this.#giveCard(card, row);
  }

  /** Adds all of a pack. False when one of them is there already: what is here is of no use then. */
  addPacked({ size, ids, local, cards, records }: PeoplePack): boolean {
    if (size > MOST_PACKED) return false;
    const first = this.#rows;
    const pack = this.#packs.push(records);
    let fresh = true;
    for (let n = 0; n < size; n++) {
      const row = this.#rows++;
      this.#ids.setWords(row, ids, WORDS * n);
      fresh = this.#rowOf.put(row) < 0 && fresh;
      this.#marks.set(row, THERE | (local[n] * LOCAL) | (n << PLACE_SHIFT) | (pack << PACK_SHIFT));
    }
    for (const [n, card] of cards) this.#giveCard(card, first + n);
    return fresh;
  }

  /** False when there is nobody of this id. */
  delete(id: string): boolean {
    const row = this.#rowOf.find(id);
    if (row < 0) return false;
    this.#forget(row);
    this.#rowOf.remove(row);
    this.#ids.wipe(row);
    this.#marks.set(row, 0);
    this.#free.push(row);
    return true;
  }

  *#used(): Generator<number> {
    for (let row = 0; row < this.#rows; row++) if (this.#marks.get(row) !== 0) yield row;
  }

  #at(row: number): Person | null {
    return this.#alone.get(row) ?? this.#read.get(row) ?? this.#readPacked(row);
  }

  #readPacked(row: number): Person | null {
    const id = this.#ids.get(row);
    const { records, place } = this.#packed(row);
    const record = records?.read(place) ?? null;
    const person = record === null ? this.#readAlone(id) : { id, ...record };
    if (person === null) return null;
    if (this.#read.size >= KEPT) this.#read.clear();
    this.#read.set(row, person);
    return person;
  }

  #packed(row: number): { records: PackedRecords | undefined; place: number } {
    const marks = this.#marks.get(row);
    return { records: this.#packs[(marks >>> PACK_SHIFT) - 1], place: (marks >>> PLACE_SHIFT) % MOST_PACKED };
  }

  /** Leaves nothing of a row but its id. */
  #forget(row: number): void {
    for (const card of this.#at(row)?.cards ?? []) this.#takeCard(card, row);
    this.#alone.delete(row);
    this.#read.delete(row);
    const { records, place } = this.#packed(row);
    records?.wipe(place);
  }

  #giveCard(card: string, row: number): void {
    const rows = this.#rowsOfCard.get(card);
    if (rows === undefined) this.#rowsOfCard.set(card, [row]);
    else rows.push(row);
  }

  #takeCard(card: string, row: number): void {
    const others = (this.#rowsOfCard.get(card) ?? []).filter((other) => other !== row);
    if (others.length > 0) this.#rowsOfCard.set(card, others);
    else this.#rowsOfCard.delete(card);
  }
}

const scratch = new Uint32Array(WORDS);

/** Of a UUID in small letters; where others stand among them, their first characters do not tell. */
function firstWordOf(id: string): number {
  return wordsOf(id, scratch) ? scratch[0] : 2 ** 32;
}
