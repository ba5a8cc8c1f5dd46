/**
 * How the samples of an output row (or column) are mixed from source samples. Outside the source lies
 * either nothing (`blank`: the weight is missing and the caller fills in its own colour) or the
 * repeated border (`repeat`).
 */
export type Edge = 'blank' | 'repeat';

/**
 * Resampling table of one axis: output sample i is the sum of `weights[i * stride + t]` times source
 * sample `first[i] + t`, t < `count[i]`. Shrinking averages over the whole area an output sample covers,
 * enlarging interpolates linearly. Kept between calls: planning again allocates only when the shrink
 * factor has grown beyond any seen before.
 */
export class Taps {
  readonly length: number;
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** Sum of the weights inside the source, 1 where nothing is missing. */
  readonly inside: Float64Array;
  weights: Float64Array;
  stride = 4;
  /** Range of source samples in use: `low` up to but not including `high`; empty when all lies outside. */
  low = 0;
  high = 0;
  /** Whether any output sample lacks some weight. */
  partial = false;

  constructor(length: number) {
    this.length = length;
    this.first = new Int32Array(length);
    this.count = new Int32Array(length);
    this.inside = new Float64Array(length);
    this.weights = new Float64Array(length * this.stride);
  }

  /** Maps `length` output samples onto the source interval from `start` to `start + size` (sample k covers k..k+1). */
  plan(start: number, size: number, sourceLength: number, edge: Edge): void {
    const scale = size / this.length;
    const needed = Math.ceil(Math.max(scale, 1)) + 2;
    if (needed > this.stride) {
      this.stride = needed;
      this.weights = new Float64Array(this.length * needed);
    }
    this.low = sourceLength;
    this.high = 0;
    this.partial = false;
    for (let i = 0; i < this.length; i++) {
      const from = start + i * scale;
      if (scale >= 1) this.#area(i, from, scale, sourceLength, edge);
      else this.#linear(i, from + scale / 2 - 0.5, sourceLength, edge);
    }
    if (this.low > this.high) this.low = this.high;
  }

  #area(i: number, from: number, scale: number, sourceLength: number, edge: Edge): void {
    const to = from + scale;
    const begin = Math.floor(from);
    const end = Math.ceil(to - 1e-9);
    this.#open(i, begin, end, sourceLength, edge);
    for (let k = begin; k < end; k++) {
      this.#add(i, k, (Math.min(k + 1, to) - Math.max(k, from)) / scale, sourceLength, edge);
    }
    this.#close(i);
  }

  #linear(i: number, centre: number, sourceLength: number, edge: Edge): void {
    const left = Math.floor(centre);
    const part = centre - left;
    this.#open(i, left, left + 2, sourceLength, edge);
    this.#add(i, left, 1 - part, sourceLength, edge);
    this.#add(i, left + 1, part, sourceLength, edge);
    this.#close(i);
  }

  #open(i: number, begin: number, end: number, sourceLength: number, edge: Edge): void {
    const last = sourceLength - 1;
    const low = edge === 'repeat' ? Math.min(Math.max(begin, 0), last) : Math.max(begin, 0);
    const high =
      edge === 'repeat' ? Math.max(Math.min(end, sourceLength), low + 1) : Math.min(end, sourceLength);
    this.first[i] = low;
    this.count[i] = Math.max(0, high - low);
    this.inside[i] = 0;
    this.weights.fill(0, i * this.stride, (i + 1) * this.stride);
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
    const index = i * this.stride + at - this.first[i];
    this.weights[index] += weight;
    this.inside[i] += weight;
  }

  #close(i: number): void {
    if (this.inside[i] < 1 - 1e-6) this.partial = true;
  }
}
