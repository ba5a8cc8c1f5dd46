/** Messages taken at once after a quiet time, and a second in the long run. Beyond this they wait at the broker. */
const BURST = 1000;
const PER_SECOND = 200;

/** How fast messages are taken from the broker: a token bucket, so that a flood costs the thread a bounded share of its time. */
export class Pace {
  #tokens = BURST;
  #at: number;

  /** @param now monotonic milliseconds */
  constructor(now: number) {
    this.#at = now;
  }

  /**
   * Counts a message, one that can wait even beyond the pace; gives how long, in milliseconds, it is too early.
   * @param now monotonic milliseconds
   */
  take(now: number, canWait: boolean): number {
    this.#tokens = Math.min(BURST, this.#tokens + ((now - this.#at) * PER_SECOND) / 1000);
    this.#at = now;
    const early = Math.max(0, ((1 - this.#tokens) * 1000) / PER_SECOND);
    if (early === 0 || canWait) {
      this.#tokens -= 1;
    }
    return early;
  }
}
