export interface BreakerOptions {
  /** Failures in a row that open it. */
  readonly failures: number;
  /** Milliseconds it stays open before one call is let through as a probe. */
  readonly openMs: number;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
}

export type BreakerState = 'closed' | 'open' | 'halfOpen';

/** The right to make one call; to be settled once. */
export interface Permit {
  readonly probe: boolean;
}

/**
 * A circuit breaker: after `failures` failures in a row no call is let through for `openMs`, then one probe at a time.
 * A probe that succeeds closes it, one that fails opens it anew. It keeps no timers.
 */
export class Breaker {
  readonly #options: BreakerOptions;
  #state: BreakerState = 'closed';
  #failures = 0;
  #openedAt = 0;
  /** Permits whose outcome still counts; those given before the last change of state do not. */
  #pending = new Set<Permit>();

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Milliseconds until a probe would be let through; 0 unless open. */
  get openForMs(): number {
    if (this.#state !== 'open') return 0;
    return Math.max(0, this.#openedAt + this.#options.openMs - this.#options.now());
  }

  /** A permit for one call, or null when the call must not be made. */
  enter(): Permit | null {
    if (this.#state === 'open') {
      if (this.openForMs > 0) return null;
      this.#change('halfOpen');
    }
    if (this.#state === 'halfOpen' && this.#pending.size > 0) return null;
    const permit: Permit = { probe: this.#state === 'halfOpen' };
    this.#pending.add(permit);
    return permit;
  }

  /** `neutral`: the call says nothing of the service (given up, or never sent). Settling twice changes nothing. */
  settle(permit: Permit, outcome: 'success' | 'failure' | 'neutral'): void {
    if (!this.#pending.delete(permit) || outcome === 'neutral') return;
    if (outcome === 'success') {
      this.#failures = 0;
      if (permit.probe) this.#change('closed');
      return;
    }
    this.#failures += 1;
    if (permit.probe || this.#failures >= this.#options.failures) this.#open();
  }

  #open(): void {
    this.#openedAt = this.#options.now();
    this.#change('open');
  }

  #change(state: BreakerState): void {
    this.#state = state;
    this.#failures = 0;
    this.#pending.clear();
  }
}
