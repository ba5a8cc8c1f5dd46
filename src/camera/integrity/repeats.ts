import type { StreamDoubt } from '../types.ts';
import type { PictureSample } from './sample.ts';

/** Pictures remembered: eight minutes at 25 a second, in about a megabyte. */
const REMEMBERED = 12_000;
/** A picture that shows nothing (a covered lens, the dark without infrared) may stay the same for ever. */
const BLANK_RANGE = 12;
/** No picture but known ones for so long is a frozen stream: of a still scene every key picture brings new noise. */
const FROZEN_MS = 30_000;
/** So many different pictures in a row, over so long, in the order of before: a loop. A server that hands a new reader
 * what it has sent since its last key picture repeats less. */
const LOOP_PICTURES = 20;
const LOOP_SPAN_MS = 5000;
/** Shorter rounds are a still picture that an encoder refines anew at each key picture: frozen, if anything. */
const LOOP_LAG_MS = 2000;
/** New pictures for so long, and the stream is believed again. */
const SOUND_MS = 10_000;

interface Seen {
  /** Count of the different pictures so far. */
  readonly index: number;
  readonly at: number;
}

/**
 * Knows pictures again, bit for bit. What a real camera sends never comes twice: its sensor's noise is new in every
 * picture that is not a mere repetition of the one before (as an encoder makes them of a still scene).
 */
export class RepeatWatch {
  readonly #seen = new Map<number, Seen>();
  #index = 0;
  #last: number | null = null;
  #freshAt: number | null = null;
  #lag = 0;
  #run: { readonly since: number; pictures: number } | null = null;
  #doubt: Extract<StreamDoubt, 'frozen' | 'looped'> | null = null;
  #repeatedAt = Number.NEGATIVE_INFINITY;

  /** Takes the next picture in; `at` is monotonic ms. Gives what must be thought of the stream. */
  observe({ hash, range }: PictureSample, at: number): Extract<StreamDoubt, 'frozen' | 'looped'> | null {
    if (range < BLANK_RANGE) {
      this.#freshAt = at;
      this.#run = null;
      return this.#judge(at);
    }
    this.#freshAt ??= at;
    if (hash !== this.#last) this.#next(hash, at);
    this.#last = hash;
    return this.#judge(at);
  }

  /** Time in which nothing was seen is no sign of a frozen picture. */
  reopened(): void {
    this.#freshAt = null;
    this.#run = null;
  }

  #next(hash: number, at: number): void {
    this.#index++;
    const before = this.#seen.get(hash);
    this.#seen.delete(hash);
    this.#seen.set(hash, { index: this.#index, at });
    if (this.#seen.size > REMEMBERED) this.#forgetOldest();
    if (before === undefined) {
      this.#freshAt = at;
      this.#run = null;
      return;
    }
    const lag = this.#index - before.index;
    if (this.#run === null || lag !== this.#lag || at - before.at < LOOP_LAG_MS) {
      this.#run = { since: at, pictures: 0 };
    }
    this.#lag = lag;
    this.#run.pictures++;
  }

  #judge(at: number): Extract<StreamDoubt, 'frozen' | 'looped'> | null {
    const run = this.#run;
    const looped = run !== null && run.pictures >= LOOP_PICTURES && at - run.since >= LOOP_SPAN_MS;
    const frozen = this.#freshAt !== null && at - this.#freshAt >= FROZEN_MS;
    if (looped || frozen) {
      this.#doubt = looped ? 'looped' : (this.#doubt ?? 'frozen');
      this.#repeatedAt = at;
    } else if (at - this.#repeatedAt >= SOUND_MS) {
      this.#doubt = null;
    }
    return this.#doubt;
  }

  #forgetOldest(): void {
    for (const oldest of this.#seen.keys()) {
      this.#seen.delete(oldest);
      return;
    }
  }
}
