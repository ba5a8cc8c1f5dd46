/** A part of a number of trials, with the bounds of its 95 % confidence interval. */
export interface Rate {
  readonly events: number;
  readonly trials: number;
  /** NaN without trials. */
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

const CONFIDENCE = 0.95;

/** Bisection steps: each halves the interval, so that this many give all the digits of a double. */
const STEPS = 60;

/**
 * The rate with its exact bounds (Clopper and Pearson 1934, as ISO/IEC 19795-1 annex B has them): for independent
 * trials. Without any event the upper bound is 1 - 0.025^(1/n).
 */
export function rateOf(events: number, trials: number): Rate {
  const tail = (1 - CONFIDENCE) / 2;
  return {
    events,
    trials,
    value: events / trials,
    low: events === 0 ? 0 : solve((p) => 1 - atMost(events - 1, trials, p) < tail),
    high: events >= trials ? 1 : solve((p) => atMost(events, trials, p) > tail),
  };
}

/** The largest p for which `holds`, which holds from 0 up to it. */
function solve(holds: (p: number) => boolean): number {
  let low = 0;
  let high = 1;
  for (let i = 0; i < STEPS; i++) {
    const middle = (low + high) / 2;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Probability of at most `events` in `trials`: the regularised incomplete beta function I(1-p; n-k, k+1). */
function atMost(events: number, trials: number, p: number): number {
  return incompleteBeta(1 - p, trials - events, events + 1);
}

/** Regularised incomplete beta function by its continued fraction (DLMF 8.17.22, Lentz's method). */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges fast on this side only; the other is its mirror image (DLMF 8.17.4).
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  return (front * fraction(x, a, b)) / a;
}

const TINY = 1e-300;
const PRECISION = 1e-15;
const MAX_TERMS = 10_000;

function fraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let m = 1; m < MAX_TERMS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / nonZero(1 + even * d);
    c = nonZero(1 + even / c);
    value *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / nonZero(1 + odd * d);
    c = nonZero(1 + odd / c);
    value *= d * c;
    if (Math.abs(d * c - 1) < PRECISION) break;
  }
  return value;
}

function nonZero(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}

/** Lanczos' coefficients for g = 7, n = 9 (Godfrey 2001): good to 15 digits. */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** Logarithm of the gamma function for x >= 0.5. */
function logGamma(x: number): number {
  const y = x - 1;
  const sum = LANCZOS.reduce(
    (total, coefficient, i) => total + (i === 0 ? coefficient : coefficient / (y + i)),
    0,
  );
  const t = y + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (y + 0.5) * Math.log(t) - t + Math.log(sum);
}
