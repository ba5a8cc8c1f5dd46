import type { Key } from './types.ts';

export interface EntryRule {
  /** Digits with which an entry is complete; 0: Enter completes it. */
  readonly length: number;
  readonly maxLength: number;
  /** Milliseconds after which an entry that nobody goes on with is thrown away. */
  readonly timeoutMs: number;
}

/**
 * The digits that a person types, up to Enter. Pure: times come in. Digits are kept no longer than the entry lasts,
 * and told to the listener alone.
 */
export class KeypadEntry {
  readonly #rule: EntryRule;
  readonly #onEntry: (digits: string) => void;
  #digits = '';
  #tooLong = false;
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(rule: EntryRule, onEntry: (digits: string) => void) {
    this.#rule = rule;
    this.#onEntry = onEntry;
  }

  /** `at` in milliseconds, never going back. An Enter without digits says nothing. */
  press(key: Key, at: number): void {
    if (at - this.#lastAt > this.#rule.timeoutMs) this.clear();
    this.#lastAt = at;
    if (key === 'clear') this.clear();
    else if (key === 'enter') this.#complete();
    else this.#add(key.digit);
  }

  /** Throws the entry away. */
  clear(): void {
    this.#digits = '';
    this.#tooLong = false;
  }

  #add(digit: string): void {
    if (this.#digits.length === this.#rule.maxLength) this.#tooLong = true;
    else this.#digits += digit;
    if (this.#digits.length === this.#rule.length) this.#complete();
  }

  #complete(): void {
    const digits = this.#tooLong ? '' : this.#digits;
    this.clear();
    if (digits !== '') this.#onEntry(digits);
  }
}
