/** Pictures come late, all the time; that they come so much earlier than ever before is no doing of a network. */
const MAX_LEAD_MS = 5000;
/** But at first they may catch up: a server sends what it has kept since its last key picture. */
const CATCH_UP_MS = 10_000;
/** Pictures shown in another order than they are sent step back less than this. */
const MAX_STEP_BACK_MS = 1000;
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
  #openedAt: number | null = null;
  /** The least late that a picture came: its time by the stream's clock less that of its arrival. */
  #lead = Number.NEGATIVE_INFINITY;
  #begin: Span | null = null;
  #speeds: number[] = [];
  #doubtUntil = Number.NEGATIVE_INFINITY;
  #detail = '';

  /** The stream is opened anew: its clock may begin anywhere. A doubt stays until its time is over. */
  reopened(): void {
    this.#last = null;
    this.#openedAt = null;
    this.#lead = Number.NEGATIVE_INFINITY;
    this.#begin = null;
    this.#speeds = [];
  }

  /** The next picture's time by the stream's clock and by ours (monotonic), both in ms. Null while all is in order. */
  observe(streamMs: number, arrival: number): string | null {
    const now = { streamMs, arrival };
    this.#openedAt ??= arrival;
    const leap = this.#leap(now, this.#last ?? now, arrival - this.#openedAt > CATCH_UP_MS);
    this.#last = now;
    if (leap !== 0) {
      this.#doubt(`its clock leapt by ${(leap / 1000).toFixed(1)} s`, arrival);
      this.#begin = null;
      this.#speeds = [];
      this.#lead = Number.NEGATIVE_INFINITY;
    }
    this.#lead = Math.max(this.#lead, streamMs - arrival);
    this.#measure(now);
    return arrival < this.#doubtUntil ? this.#detail : null;
  }

  /** How far the stream's clock was set, ms; 0 where delays and pictures left out explain it. */
  #leap(now: Span, last: Span, settled: boolean): number {
    const step = now.streamMs - last.streamMs;
    if (step < -MAX_STEP_BACK_MS) return step;
    const lead = now.streamMs - now.arrival - this.#lead;
    return settled && lead > MAX_LEAD_MS ? lead : 0;
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
