/** Messages at once after a quiet time, and a second in the long run. */
export interface PaceLimits {
  readonly burst: number;
  readonly perSecond: number;
}

/** How fast messages are taken from the broker, or sent again to it: a token bucket. */
export class Pace {
  readonly #limits: PaceLimits;
  #tokens: number;
  #at: number;

  /** @param now monotonic milliseconds */
  constructor(limits: PaceLimits, now: number) {
    this.#limits = limits;
    this.#tokens = limits.burst;
    this.#at = now;
  }

  /**
   * Counts a message, one that can wait even beyond the pace; gives how long, in milliseconds, it is too early.
   * @param now monotonic milliseconds
   */
  take(now: number, canWait: boolean): number {
    const { burst, perSecond } = this.#limits;
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#at) * perSecond) / 1000);
    this.#at = now;
    const early = Math.max(0, ((1 - this.#tokens) * 1000) / perSecond);
    if (early === 0 || canWait) {
      this.#tokens -= 1;
    }
    return early;
  }
}
