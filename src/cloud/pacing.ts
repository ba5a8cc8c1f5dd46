/** Calls arrive less evenly than they start: the endpoint's window must not see one more than ours. */
const JITTER_MS = 20;

/**
 * At most so many starts within any window, reckoned ahead: a caller is given the time at which it may start, and
 * that start is taken. Pure; times are monotonic milliseconds.
 */
export class RateWindow {
  readonly #count: number;
  readonly #windowMs: number;
  /** The last `#count` starts given, oldest first. */
  #starts: number[] = [];
  #heldUntil = Number.NEGATIVE_INFINITY;

  constructor(callsPerSecond: number) {
    this.#count = Math.max(1, Math.floor(callsPerSecond));
    this.#windowMs = (this.#count / callsPerSecond) * 1000 + JITTER_MS;
  }

  /** The time at which a call may start, `now` or later; null, with nothing taken, when that is after `latest`. */
  take(now: number, latest: number): number | null {
    const oldest = this.#starts.length < this.#count ? undefined : this.#starts[0];
    const free = oldest === undefined ? now : oldest + this.#windowMs;
    const start = Math.max(now, free, this.#heldUntil);
    if (start > latest) return null;
    this.#starts.push(start);
    if (this.#starts.length > this.#count) this.#starts.shift();
    return start;
  }

  /** No start before `until`: the endpoint said that there were too many. */
  hold(until: number): void {
    this.#heldUntil = Math.max(this.#heldUntil, until);
  }
}

/** So many calls at a time; whoever comes later waits in order. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** Resolves to a function that gives the slot back, or to null when `signal` is aborted before one is free. */
  async take(signal: AbortSignal): Promise<(() => void) | null> {
    if (signal.aborted) return null;
    if (this.#free > 0) {
      this.#free -= 1;
      return this.#release();
    }
    return new Promise((resolve) => {
      const turn = () => {
        signal.removeEventListener('abort', leave);
        resolve(this.#release());
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(turn), 1);
        resolve(null);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.push(turn);
    });
  }

  #release(): () => void {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    };
  }
}
