/** Counts failures at one place and locks it out after too many of them within a span of time. */
export class Lockout {
  readonly #rule: { failures: number; windowMs: number; durationMs: number };
  #failures: number[] = [];
  #until = Number.NEGATIVE_INFINITY;

  constructor(rule: { failures: number; windowMs: number; durationMs: number }) {
    this.#rule = rule;
  }

  /** End of the newest lock-out, monotonic milliseconds; minus infinity if there was none. */
  get until(): number {
    return this.#until;
  }

  active(now: number): boolean {
    return now < this.#until;
  }

  /** Notes a failure. Gives the end of the lock-out (monotonic milliseconds) if this failure began one, else null. */
  failed(now: number): number | null {
    if (this.active(now)) {
      return null;
    }
    this.#failures = this.#failures.filter((at) => now - at < this.#rule.windowMs);
    this.#failures.push(now);
    if (this.#failures.length < this.#rule.failures) {
      return null;
    }
    this.#failures = [];
    this.#until = now + this.#rule.durationMs;
    return this.#until;
  }
}
