/** At most so many calls in any second (or in any 1/qps seconds, where that is less than one a second). */
export class SlidingWindow {
  readonly #count: number;
  readonly #windowMs: number;
  readonly #taken: number[] = [];

  constructor(callsPerSecond: number) {
    this.#count = Math.max(1, Math.floor(callsPerSecond));
    this.#windowMs = (this.#count / callsPerSecond) * 1000;
  }

  /** False, with nothing taken, when there were that many within the window. `now`: monotonic milliseconds. */
  take(now: number): boolean {
    while (this.#taken.length > 0 && this.#taken[0] <= now - this.#windowMs) this.#taken.shift();
    if (this.#taken.length >= this.#count) return false;
    this.#taken.push(now);
    return true;
  }
}
