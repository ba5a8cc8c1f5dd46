/** Where a picture stands in time. */
export interface PictureTime {
  /** Time of the camera's clock, milliseconds, over the wraps of RTP's 32 bits; steps backwards when that clock does. */
  readonly streamMs: number;
  /** When the first packet of the picture came, milliseconds of CLOCK_MONOTONIC. */
  readonly arrival: number;
}

const TICKS_PER_MS = 90;
const WRAP = 2 ** 32;
/** RTP begins anywhere: the stream's time begins far enough from 0 for pictures shown before the first. */
const START = WRAP;
/** Pictures that are sent in another order than they are shown step back less than this. */
const MAX_REORDER = 90_000;
/** Beyond this a step forwards is a new setting of the camera's clock. */
const MAX_STEP = 60 * 90_000;
/** 40 ms, an interval between pictures as good as any. */
const STEP = 3600;
/** Pictures that wait in ffmpeg, and those it could not decode; at 60 a second more than two minutes of them. */
const MAX_KEPT = 10_000;

/**
 * Gives each picture a time stamp on its way into ffmpeg by which it is known again when it comes out, whatever
 * was left out or put in another order in between: unique, and without the jumps of the camera's clock.
 */
export class Timeline {
  readonly #times = new Map<number, PictureTime>();
  #last: number | null = null;
  #stream = START;
  #shift = 0;
  #highest = START;
  #passed = Number.NEGATIVE_INFINITY;

  /** Time stamp in ticks for the picture that goes in next. */
  enter(timestamp: number, arrival: number): number {
    this.#unwrap(timestamp);
    let ticks = this.#stream + this.#shift;
    if (ticks < this.#highest - MAX_REORDER || ticks > this.#highest + MAX_STEP) {
      this.#shift += this.#highest + STEP - ticks;
      ticks = this.#highest + STEP;
    }
    while (this.#times.has(ticks)) ticks++;
    this.#highest = Math.max(this.#highest, ticks);
    this.#times.set(ticks, { streamMs: this.#stream / TICKS_PER_MS, arrival });
    for (const oldest of this.#times.keys()) {
      if (this.#times.size <= MAX_KEPT) break;
      this.#times.delete(oldest);
    }
    return ticks;
  }

  /**
   * The time of a picture that does not go in, for those before the first that does; null for one that is shown before
   * another that was sent before it.
   */
  pass(timestamp: number, arrival: number): PictureTime | null {
    this.#unwrap(timestamp);
    if (this.#stream <= this.#passed) return null;
    this.#passed = this.#stream;
    return { streamMs: this.#stream / TICKS_PER_MS, arrival };
  }

  /** The picture that came out with this time stamp, once; `null` if none went in with it. */
  leave(ticks: number): PictureTime | null {
    const time = this.#times.get(ticks) ?? null;
    if (time === null) return null;
    this.#times.delete(ticks);
    // What went in long before and has not come out never will.
    for (const older of this.#times.keys()) {
      if (older > ticks - MAX_REORDER) break;
      this.#times.delete(older);
    }
    return time;
  }

  #unwrap(timestamp: number): void {
    const step = (timestamp - (this.#last ?? timestamp) + WRAP) % WRAP;
    this.#last = timestamp;
    this.#stream += step < WRAP / 2 ? step : step - WRAP;
    // Only a camera that makes its time stamps up comes here.
    if (this.#stream < 0 || this.#stream > 2 ** 50) this.#stream = START;
  }
}
