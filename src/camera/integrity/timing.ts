/** A step of the stream's clock that the arrival does not share, beyond this, is no delay of the network. */
const MAX_LEAP_MS = 5000;
/** The speed of the stream's clock is measured over three spans of this length. */
const SPAN_MS = 10_000;
const SPANS = 3;
/** Parts by which it may differ from ours; crystals keep within 0.0001, and queues drain within a span. */
const MAX_SPEED_ERROR = 0.08;
/** In order for so long, and the stream is believed again. */
const SOUND_MS = 60_000;

interface Span {
  readonly arrival: number;
  readonly streamMs: number;
}

/**
 * Compares the clock of a stream with ours while one connection lasts. A camera's clock runs as fast as ours and does
 * not leap; who plays a recording into the connection must get both right.
 */
export class TimingWatch {
  #last: Span | null = null;
  #begin: Span | null = null;
  #speeds: number[] = [];
  #doubtUntil = Number.NEGATIVE_INFINITY;
  #detail = '';

  /** The stream is opened anew: its clock may begin anywhere. A doubt stays until its time is over. */
  reopened(): void {
    this.#last = null;
    this.#begin = null;
    this.#speeds = [];
  }

  /** The next picture's time by the stream's clock and by ours (monotonic), both in ms. Null while all is in order. */
  observe(streamMs: number, arrival: number): string | null {
    const now = { streamMs, arrival };
    const last = this.#last ?? now;
    const leap = streamMs - last.streamMs - (arrival - last.arrival);
    this.#last = now;
    if (Math.abs(leap) > MAX_LEAP_MS && !isPause(leap, streamMs - last.streamMs)) {
      this.#doubt(`its clock leapt by ${(leap / 1000).toFixed(1)} s`, arrival);
      this.#begin = null;
      this.#speeds = [];
    }
    this.#measure(now);
    return arrival < this.#doubtUntil ? this.#detail : null;
  }

  #measure(now: Span): void {
    this.#begin ??= now;
    const elapsed = now.arrival - this.#begin.arrival;
    if (elapsed < SPAN_MS) return;
    this.#speeds = [...this.#speeds, (now.streamMs - this.#begin.streamMs) / elapsed].slice(-SPANS);
    this.#begin = now;
    const errors = this.#speeds.map((speed) => speed - 1);
    const wrong =
      errors.length === SPANS &&
      (errors.every((error) => error > MAX_SPEED_ERROR) || errors.every((error) => error < -MAX_SPEED_ERROR));
    if (!wrong) return;
    const mean = this.#speeds.reduce((sum, speed) => sum + speed, 0) / SPANS;
    this.#doubt(`its clock runs ${mean.toFixed(2)} times as fast as ours`, now.arrival);
  }

  #doubt(detail: string, now: number): void {
    this.#detail = detail;
    this.#doubtUntil = now + SOUND_MS;
  }
}

/** The camera stood still and its clock with it, as when it is halted: pictures come late, and no time is made up. */
function isPause(leap: number, streamStep: number): boolean {
  return leap < 0 && streamStep >= 0;
}
