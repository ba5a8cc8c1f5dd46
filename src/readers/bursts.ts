import type { Key } from './types.ts';

/** A burst is kept up to one character more than a card can have, so that it is seen to be none. */
const MAX_BURST = 26;

export interface BurstListener {
  /** Characters that came faster than a person types, to be looked at as a card: `minLength` or more; an Enter may follow as a key. */
  burst(text: string): void;
  key(key: Key): void;
}

export interface BurstRule {
  /** Keys that follow one another within this many milliseconds belong to one burst. */
  readonly gapMs: number;
  /** Shorter bursts are keys of a person. */
  readonly minLength: number;
}

/**
 * Tells a card from a person, where both press the same keys: a reader types a card in one burst, some milliseconds
 * from key to key; between two keys of a person lie 80 ms and more. Pure: times come in. A burst ends with Enter, with
 * a longer gap, or when `settle` finds that nothing has followed.
 */
export class BurstSplitter {
  readonly #rule: BurstRule;
  readonly #listener: BurstListener;
  #run = '';
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(rule: BurstRule, listener: BurstListener) {
    this.#rule = rule;
    this.#listener = listener;
  }

  /** Keys wait for what follows: call `settle` after `gapMs` without another one. */
  get pending(): boolean {
    return this.#run !== '';
  }

  /** `meaning` as in keys.ts; `at` in milliseconds of the device's clock. */
  press(meaning: string, at: number): void {
    // A clock that steps back says nothing about the gap.
    const gap = at - this.#lastAt;
    const together = gap >= 0 && gap <= this.#rule.gapMs;
    this.#lastAt = at;
    if (!together) this.settle();
    if (meaning === 'enter' || meaning === 'clear') {
      this.settle();
      this.#listener.key(meaning);
    } else if (this.#run.length <= MAX_BURST) {
      this.#run += meaning;
    }
  }

  /** Nothing has followed: what waits is a card or keys of a person. */
  settle(): void {
    const run = this.#run;
    this.#run = '';
    if (run.length >= this.#rule.minLength) {
      this.#listener.burst(run);
      return;
    }
    for (const character of run) this.#listener.key(/\d/.test(character) ? { digit: character } : 'clear');
  }

  /** Forgets what waits: keys between were lost. */
  forget(): void {
    this.#run = '';
    this.#listener.key('clear');
  }
}
