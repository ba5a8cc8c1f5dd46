import { createHash } from 'node:crypto';
import { WordList } from './word-list.ts';

/** Of an id. */
export const WORDS = 4;
const UUID_LENGTH = 36;

const DASH = 45;

/** Character codes of the hex digits by their values, in small letters alone. */
const HEX = Buffer.from('0123456789abcdef', 'latin1');

/** Value of each hex digit by its character code. */
const NO_DIGIT = 255;
const DIGITS = new Uint8Array(128).fill(NO_DIGIT);
for (const [value, code] of HEX.entries()) DIGITS[code] = value;

/** A UUID as it is written, and where in it the digits stand. A string made of parts takes four times as long. */
const text = Buffer.from('00000000-0000-0000-0000-000000000000', 'latin1');
const PLACES = Uint8Array.from([...text.keys()].filter((place) => text[place] !== DASH));

/** The ids of rows, by their numbers: 16 bytes each, where a string of V8 takes 56. */
export class RowIds {
  readonly #words = new WordList();
  /** Ids that are no UUIDs in small letters: a hash stands for each. */
  readonly #others = new Map<number, string>();

  set(row: number, id: string): void {
    if (!wordsOf(id, scratch)) this.#others.set(row, id);
    for (let i = 0; i < WORDS; i++) this.#words.set(row * WORDS + i, scratch[i]);
  }

  /** The id of which four words are given, from `at` on. */
  setWords(row: number, words: Uint32Array, at: number): void {
    for (let i = 0; i < WORDS; i++) this.#words.set(row * WORDS + i, words[at + i]);
  }

  get(row: number): string {
    const other = this.#others.size > 0 ? this.#others.get(row) : undefined;
    if (other !== undefined) return other;
    let place = 0;
    for (let i = 0; i < WORDS; i++) {
      const word = this.#words.get(row * WORDS + i);
      for (let shift = 28; shift >= 0; shift -= 4) {
        text[PLACES[place]] = HEX[(word >>> shift) & 15];
        place++;
      }
    }
    return text.toString('latin1');
  }

  /** Writes the id of row `from` over that of row `to`. */
  move(from: number, to: number): void {
    for (let i = 0; i < WORDS; i++) this.#words.set(to * WORDS + i, this.#words.get(from * WORDS + i));
    const other = this.#others.get(from);
    if (other === undefined) this.#others.delete(to);
    else this.#others.set(to, other);
  }

  wipe(row: number): void {
    for (let i = 0; i < WORDS; i++) this.#words.set(row * WORDS + i, 0);
    this.#others.delete(row);
  }

  is(row: number, words: Uint32Array): boolean {
    for (let i = 0; i < WORDS; i++) if (this.#words.get(row * WORDS + i) !== words[i]) return false;
    return true;
  }

  /** The first eight digits of a UUID in small letters; 0 for any other id. */
  firstWord(row: number): number {
    return this.#others.has(row) ? 0 : this.#words.get(row * WORDS);
  }

  /** The four words that stand for the id of a row. */
  read(row: number, words: Uint32Array): void {
    for (let i = 0; i < WORDS; i++) words[i] = this.#words.get(row * WORDS + i);
  }
}

const scratch = new Uint32Array(WORDS);

/** UUIDs in small letters as 16 bytes each; null when one is no such. */
export function packIds(ids: readonly string[]): Buffer | null {
  const bytes = Buffer.alloc(ids.length * WORDS * 4);
  for (const [n, id] of ids.entries()) {
    if (!parseUuid(id, scratch)) return null;
    for (let i = 0; i < WORDS; i++) bytes.writeUInt32BE(scratch[i], 4 * (n * WORDS + i));
  }
  return bytes;
}

/** Four words for each id that `packIds` wrote. */
export function unpackIds(bytes: Buffer): Uint32Array {
  const words = new Uint32Array(bytes.length / 4);
  for (let i = 0; i < words.length; i++) words[i] = bytes.readUInt32BE(4 * i);
  return words;
}

/** The words that stand for an id: those of a UUID in small letters itself, else of its SHA-256; false then. */
export function wordsOf(id: string, words: Uint32Array): boolean {
  if (parseUuid(id, words)) return true;
  const hash = createHash('sha256').update(id, 'utf8').digest();
  for (let i = 0; i < WORDS; i++) words[i] = hash.readUInt32BE(4 * i);
  return false;
}

function parseUuid(id: string, words: Uint32Array): boolean {
  if (id.length !== UUID_LENGTH) return false;
  let word = 0;
  let digits = 0;
  for (let i = 0; i < UUID_LENGTH; i++) {
    const code = id.charCodeAt(i);
    if (i === 8 || i === 13 || i === 18 || i === 23) {
      if (code !== DASH) return false;
      continue;
    }
    const digit = code < DIGITS.length ? DIGITS[code] : NO_DIGIT;
    if (digit === NO_DIGIT) return false;
    word = (word << 4) | digit;
    if (++digits % 8 === 0) words[digits / 8 - 1] = word;
  }
  return true;
}
