/**
 * What lies outside the source: nothing (`blank`: the weight is missing and the caller fills in its own
 * colour) or the border once more (`repeat`).
 */
export type Edge = 'blank' | 'repeat';

/**
 * How shrinking is done: `average` takes in every pixel of the area a sample covers, `interpolate` only the two
 * next to the sample's centre. Enlarging interpolates either way.
 */
export type Shrinking = 'average' | 'interpolate';

/** Weights in fixed point: this is 1. */
export const WEIGHT_ONE = 256;

/**
 * Resampling table of one axis: output sample i is the sum of `weights[i * stride + t]` times source
 * sample `first[i] + t`, t < `count[i]`. Kept between calls: planning again allocates only when the shrink
 * factor has grown beyond any seen before.
 */
export class Taps {
  readonly length: number;
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** Sum of the fixed-point weights inside the source: WEIGHT_ONE where nothing is missing. */
  readonly inside: Int32Array;
  weights = new Float64Array(0);
  /** The same in fixed point, rounded so that they sum up to `inside` exactly. */
  fixed = new Int32Array(0);
  stride = 0;
  /** Range of source samples in use: `low` up to but not including `high`; empty when all lies outside. */
  low = 0;
  high = 0;
  /** Whether any output sample lacks some weight. */
  partial = false;
  /** Where output samples are the means of as many whole source samples each, side by side: how many; else 0. */
  even = 0;
  /** Whether no output sample has more than two taps; a second one that is missing weighs 0. */
  linear = false;
  /** Where all have two: position of the first one's left tap after `low` and the step to the next, in 1/65536; else step is 0. */
  position = 0;
  step = 0;
  readonly #shrinking: Shrinking;

  constructor(length: number, shrinking: Shrinking) {
    this.length = length;
    this.#shrinking = shrinking;
    this.first = new Int32Array(length);
    this.count = new Int32Array(length);
    this.inside = new Int32Array(length);
  }

  /** Maps `length` output samples onto the source interval from `start` to `start + size` (sample k covers k..k+1). */
  plan(start: number, size: number, sourceLength: number, edge: Edge): void {
    const scale = size / this.length;
    this.linear = scale < 1 || this.#shrinking === 'interpolate';
    this.#reserve(this.linear ? 2 : Math.ceil(scale) + 2);
    this.low = sourceLength;
    this.high = 0;
    for (let i = 0; i < this.length; i++) {
      const from = start + i * scale;
      if (this.linear) this.#linear(i, from + scale / 2 - 0.5, sourceLength, edge);
      else this.#area(i, from, scale, sourceLength, edge);
      this.#round(i);
    }
    if (this.low > this.high) this.low = this.high;
    for (let i = 0; i < this.length; i++) if (this.count[i] === 0) this.first[i] = this.low;
    this.partial = this.inside.some((sum) => sum < WEIGHT_ONE);
    const smooth = this.linear && this.count.every((count) => count === 2) && sourceLength < 1 << 15;
    this.position = Math.round((start + scale / 2 - 0.5 - this.low) * 65536);
    this.step = smooth ? Math.round(scale * 65536) : 0;
    const whole = Number.isInteger(scale) && Number.isInteger(start) && start >= 0;
    this.even = whole && !this.linear && start + size <= sourceLength ? scale : 0;
  }

  /** Whether output sample i is the plain mean of `factor` whole source samples. */
  plainMean(i: number, factor: number): boolean {
    if (factor < 1 || this.count[i] !== factor) return false;
    for (let t = 0; t < factor; t++) {
      if (this.fixed[i * this.stride + t] * factor !== WEIGHT_ONE) return false;
    }
    return true;
  }

  #reserve(stride: number): void {
    if (stride <= this.stride) return;
    this.stride = stride;
    this.weights = new Float64Array(this.length * stride);
    this.fixed = new Int32Array(this.length * stride);
  }

  #area(i: number, from: number, scale: number, sourceLength: number, edge: Edge): void {
    const to = from + scale;
    const begin = Math.floor(from);
    const end = Math.ceil(to - 1e-9);
    this.#open(i, begin, end, sourceLength, edge);
    for (let k = begin; k < end; k++) {
      this.#add(i, k, (Math.min(k + 1, to) - Math.max(k, from)) / scale, sourceLength, edge);
    }
  }

  #linear(i: number, centre: number, sourceLength: number, edge: Edge): void {
    const left = Math.floor(centre);
    const part = centre - left;
    this.#open(i, left, left + 2, sourceLength, edge);
    this.#add(i, left, 1 - part, sourceLength, edge);
    this.#add(i, left + 1, part, sourceLength, edge);
  }

  #open(i: number, begin: number, end: number, sourceLength: number, edge: Edge): void {
    const last = sourceLength - 1;
    const low = edge === 'repeat' ? Math.min(Math.max(begin, 0), last) : Math.max(begin, 0);
    const high =
      edge === 'repeat' ? Math.max(Math.min(end, sourceLength), low + 1) : Math.min(end, sourceLength);
    this.first[i] = low;
    this.count[i] = Math.max(0, high - low);
    this.weights.fill(0, i * this.stride, (i + 1) * this.stride);
    this.fixed.fill(0, i * this.stride, (i + 1) * this.stride);
    if (high > low) {
      this.low = Math.min(this.low, low);
      this.high = Math.max(this.high, high);
    }
  }

  #add(i: number, k: number, weight: number, sourceLength: number, edge: Edge): void {
    let at = k;
    if (k < 0 || k >= sourceLength) {
      if (edge === 'blank') return;
      at = k < 0 ? 0 : sourceLength - 1;
    }
    this.weights[i * this.stride + at - this.first[i]] += weight;
  }

  /** Each fixed weight is the step between rounded running sums: no error adds up. */
  #round(i: number): void {
    let sum = 0;
    let rounded = 0;
    const begin = i * this.stride;
    for (let at = begin; at < begin + this.count[i]; at++) {
      sum += this.weights[at];
      const next = Math.round(sum * WEIGHT_ONE);
      this.fixed[at] = next - rounded;
      rounded = next;
    }
    this.inside[i] = rounded;
  }
}
