interface Counter {
  failures: number[];
  until: number;
}

/** People whose failures are remembered at a time; beyond this the longest forgotten go. */
const MAX_KEYS = 1000;

/** Counts failures by key and locks the key out after too many of them within a span of time. */
export class Lockout {
  readonly #rule: { readonly failures: number; readonly windowMs: number; readonly durationMs: number };
  readonly #counters = new Map<string, Counter>();

  constructor(rule: { readonly failures: number; readonly windowMs: number; readonly durationMs: number }) {
    this.#rule = rule;
  }

  /** End of the key's lock-out (monotonic milliseconds), minus infinity if there was none. */
  until(key: string): number {
    return this.#counters.get(key)?.until ?? Number.NEGATIVE_INFINITY;
  }

  /** Notes a failure. Gives the end of the lock-out if this failure began one, else null. */
  failed(key: string, now: number): number | null {
    const counter = this.#counters.get(key) ?? { failures: [], until: Number.NEGATIVE_INFINITY };
    if (now < counter.until) {
      return null;
    }
    this.#counters.delete(key);
    this.#counters.set(key, counter);
    this.#forget();
    counter.failures = counter.failures.filter((at) => now - at < this.#rule.windowMs);
    counter.failures.push(now);
    if (counter.failures.length < this.#rule.failures) {
      return null;
    }
    counter.failures = [];
    counter.until = now + this.#rule.durationMs;
    return counter.until;
  }

  #forget(): void {
    const [oldest] = this.#counters.keys();
    if (this.#counters.size > MAX_KEYS && oldest !== undefined) {
      this.#counters.delete(oldest);
    }
  }
}
