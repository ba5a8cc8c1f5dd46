/**
 * Parts of a second by which a camera's clock may run against ours, per second. Crystals keep within 0.0001,
 * a clock under NTP's correction within 0.0005.
 */
const DRIFT = 0.0005;
/** The stream has caught up once its offset has not fallen by more than this ... */
const SETTLE_DROP_MS = 20;
/** ... for this long, over at least this many pictures. */
const SETTLE_MS = 400;
const SETTLE_PICTURES = 2;
/** After so many steps backwards the time stamps are not believed any more. */
const MAX_STEPS_BACK = 3;

/** What the clock makes of one picture. */
export interface Capture {
  /** When it reached this machine, backlog taken off; milliseconds of CLOCK_MONOTONIC, never later than the arrival. */
  readonly capturedAt: number;
  /** False while a backlog from before the connection is still draining: the age is then not known and the picture may be older than it seems. */
  readonly settled: boolean;
}

/**
 * Tells when pictures were taken although they may arrive late. The arrival alone lies: whatever queued up
 * in a pipe or a socket while somebody was stopped arrives "now". The camera's own time stamps do not queue:
 * a picture's capture time is its time stamp plus the smallest (arrival - time stamp) seen, which belongs to
 * a picture that did not wait. That offset may creep up by the drift of clocks only.
 *
 * Holds within the jitter of the way: a picture is never made younger by more than the smallest delay there is
 * plus DRIFT times the time since a picture last came without waiting.
 */
export class CaptureClock {
  #offset = Number.POSITIVE_INFINITY;
  #flatOffset = Number.POSITIVE_INFINITY;
  #flatSince = 0;
  #flatPictures = 0;
  #lastPts = Number.NEGATIVE_INFINITY;
  #lastArrival = 0;
  #stepsBack = 0;

  /** `arrival` when the time stamps proved useless and capture times are arrival times. */
  get timestamps(): 'stream' | 'arrival' {
    return this.#stepsBack > MAX_STEPS_BACK ? 'arrival' : 'stream';
  }

  /** Takes the next picture's time stamp and arrival, both in milliseconds. */
  observe(ptsMs: number, arrivalMs: number): Capture {
    if (!Number.isFinite(ptsMs) || ptsMs <= this.#lastPts) this.#stepBack();
    if (this.timestamps === 'arrival') return { capturedAt: arrivalMs, settled: true };
    const offset = arrivalMs - ptsMs;
    const crept = DRIFT * Math.max(0, arrivalMs - this.#lastArrival);
    this.#offset = Math.min(this.#offset + crept, offset);
    this.#lastPts = ptsMs;
    this.#lastArrival = arrivalMs;
    return { capturedAt: Math.min(arrivalMs, ptsMs + this.#offset), settled: this.#settle(arrivalMs, crept) };
  }

  /** A stream that catches up shows a falling offset: old pictures come faster than they were taken. */
  #settle(now: number, crept: number): boolean {
    if (this.#offset < this.#flatOffset - SETTLE_DROP_MS) {
      this.#flatOffset = this.#offset;
      this.#flatSince = now;
      this.#flatPictures = 0;
      return false;
    }
    this.#flatOffset = Math.max(this.#offset, this.#flatOffset - crept);
    this.#flatPictures++;
    return this.#flatPictures >= SETTLE_PICTURES && now - this.#flatSince >= SETTLE_MS;
  }

  #stepBack(): void {
    this.#stepsBack++;
    this.#offset = Number.POSITIVE_INFINITY;
    this.#flatOffset = Number.POSITIVE_INFINITY;
    this.#lastPts = Number.NEGATIVE_INFINITY;
  }
}
