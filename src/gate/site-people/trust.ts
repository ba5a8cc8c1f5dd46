/** When the gate's word about people of the site may be relied on. Times: monotonic and wall clock, milliseconds. */
export interface TrustLimits {
  readonly startedAt: number;
  /** For so long after the start, word from the site itself is waited for. */
  readonly holdMs: number;
  /** So old may the last word from the site be. */
  readonly offlineMs: number;
}

/** A clock may have been set back by so much since the last word. */
const BACK_MS = 120_000;

/**
 * Whether people of the site are let in: when it is known whom the site has taken away, by a word that is recent enough.
 * After a start the site is waited for first, whatever the clock says: a board without a battery wakes up after a
 * month and takes it for a minute.
 */
export class SiteTrust {
  readonly #limits: TrustLimits;
  #confirmedAt = 0;
  #heard = false;

  constructor(limits: TrustLimits) {
    this.#limits = limits;
  }

  /** The last word from the site; milliseconds since 1970, 0 for never. */
  get confirmedAt(): number {
    return this.#confirmedAt;
  }

  /** The last word, as it is remembered from before the start. */
  remember(wall: number): void {
    this.#confirmedAt = Math.max(this.#confirmedAt, wall);
  }

  /** All that the site has taken away is taken away here. */
  confirm(wall: number): void {
    this.#heard = true;
    this.#confirmedAt = wall;
  }

  /** Whether somebody of the site may be let in now. */
  admits(mono: number, wall: number): boolean {
    const { startedAt, holdMs, offlineMs } = this.#limits;
    if (!this.#heard && mono - startedAt < holdMs) return false;
    const age = wall - this.#confirmedAt;
    return this.#confirmedAt > 0 && age <= offlineMs && age >= -BACK_MS;
  }
}
