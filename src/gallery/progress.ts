import type { Logger } from '../common/index.ts';

/** How often it is told, ms: a gallery of some ten thousand is loaded before the first time. */
const TELL_EVERY_MS = 2000;

/** Tells in the log how far the loading of a large gallery is. */
export class LoadProgress {
  readonly #log: Logger;
  #done = 0;
  #of = 0;
  #told = performance.now();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** No person or reference is loaded yet, of so many. */
  begin(of: number): void {
    this.#done = 0;
    this.#of = of;
  }

  /** So many more of them are loaded. */
  step(more: number): void {
    this.#done += more;
    const now = performance.now();
    if (now - this.#told < TELL_EVERY_MS) return;
    this.#told = now;
    this.#log.info({ done: this.#done, of: this.#of }, 'loading the gallery');
  }
}
