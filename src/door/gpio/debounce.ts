import { monotonicMs } from '../../common/index.ts';
import type { Level } from './driver.ts';

/**
 * A line that will not come to rest is read all the same after this many debounce times: a button whose
 * contact chatters must still let people out.
 */
const LONGEST = 4;

/** Turns the edges of a bouncing contact into changes of a settled level. */
export class Debouncer {
  readonly #ms: number;
  readonly #read: () => Level;
  readonly #onChange: (level: Level) => void;
  #level: Level;
  #firstEdge = 0;
  #lastEdge = 0;
  #timer: NodeJS.Timeout | null = null;

  /** `read` gives the level of the line at this moment; `initial` is the level last told. */
  constructor(initial: Level, ms: number, read: () => Level, onChange: (level: Level) => void) {
    this.#level = initial;
    this.#ms = ms;
    this.#read = read;
    this.#onChange = onChange;
  }

  level(): Level {
    return this.#level;
  }

  /** To be called at each edge of the line. */
  edge(): void {
    if (this.#ms === 0) {
      this.#settle();
      return;
    }
    this.#lastEdge = monotonicMs();
    if (this.#timer !== null) return;
    this.#firstEdge = this.#lastEdge;
    this.#arm(this.#ms);
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #arm(ms: number): void {
    this.#timer = setTimeout(() => this.#due(), Math.ceil(ms));
  }

  #due(): void {
    this.#timer = null;
    const now = monotonicMs();
    const left = Math.min(this.#lastEdge + this.#ms - now, this.#firstEdge + LONGEST * this.#ms - now);
    if (left > 0) this.#arm(left);
    else this.#settle();
  }

  #settle(): void {
    const level = this.#read();
    if (level === this.#level) return;
    this.#level = level;
    this.#onChange(level);
  }
}
