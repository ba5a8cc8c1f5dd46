import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { incompleteBeta, rateOf } from '../../src/evaluate/statistics/binomial.ts';
import { bootstrapPairRate, bootstrapRate } from '../../src/evaluate/statistics/bootstrap.ts';
import {
  below,
  detCurve,
  equalErrorRate,
  sorted,
  thresholdAt,
} from '../../src/evaluate/statistics/errors.ts';

describe('a rate and its exact bounds', () => {
  // R: binom.test(x, n)$conf.int
  it.each([
    [0, 150, 0, 0.0242928],
    [5, 100, 0.0164319, 0.1128349],
    [10, 20, 0.2719578, 0.7280422],
    [20, 20, 0.8315665, 1],
    [3, 1_000_000, 6.18672e-7, 8.76727e-6],
  ])('%i of %i', (events, trials, low, high) => {
    const rate = rateOf(events, trials);
    expect(rate.low).toBeCloseTo(low, low < 1e-4 ? 10 : 6);
    expect(rate.high).toBeCloseTo(high, high < 1e-4 ? 9 : 6);
  });

  it('hold the rate between them, and mirror each other', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (trials, part) => {
          const events = Math.round(part * trials);
          const rate = rateOf(events, trials);
          const other = rateOf(trials - events, trials);
          expect(rate.low).toBeLessThanOrEqual(rate.value);
          expect(rate.high).toBeGreaterThanOrEqual(rate.value);
          expect(rate.low).toBeCloseTo(1 - other.high, 9);
        },
      ),
    );
  });

  it('come from an incomplete beta function that sums the binomial distribution', () => {
    const choose = (n: number, k: number) =>
      Array.from({ length: k }, (_, i) => (n - i) / (i + 1)).reduce((a, b) => a * b, 1);
    for (const [n, k, p] of [
      [10, 3, 0.2],
      [30, 15, 0.6],
      [25, 0, 0.05],
    ] as const) {
      const sum = Array.from({ length: k + 1 }, (_, i) => choose(n, i) * p ** i * (1 - p) ** (n - i)).reduce(
        (a, b) => a + b,
        0,
      );
      expect(incompleteBeta(1 - p, n - k, k + 1)).toBeCloseTo(sum, 12);
    }
  });
});

describe('bounds over people', () => {
  it('are wider than those over comparisons when the errors are all of one person', () => {
    const groups = Array.from({ length: 50 }, (_, i) => ({ events: i === 0 ? 20 : 0, trials: 20 }));
    const bounds = bootstrapRate(groups);
    const exact = rateOf(20, 1000);
    expect(bounds.low).toBeLessThan(exact.low);
    expect(bounds.high).toBeGreaterThan(exact.high);
    expect(bootstrapRate(groups)).toEqual(bounds);
  });
});

describe('errors at thresholds', () => {
  const scores = fc
    .array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 200 })
    .map(sorted);

  it('count as a plain filter counts', () => {
    fc.assert(
      fc.property(scores, fc.double({ min: -1, max: 1, noNaN: true }), (list, at) => {
        expect(below(at, list)).toBe(list.filter((score) => score < at).length);
      }),
    );
  });

  it('let no more pass than the rate asked for', () => {
    fc.assert(
      fc.property(scores, fc.double({ min: 0, max: 1, noNaN: true }), (list, part) => {
        const at = thresholdAt(part, list);
        expect(list.filter((score) => score >= at).length).toBeLessThanOrEqual(
          Math.floor(part * list.length + 1e-9),
        );
      }),
    );
  });

  it('meet at the equal error rate, and what gave no score is never a match', () => {
    const genuine = sorted(Array.from({ length: 1000 }, (_, i) => 0.3 + i / 2000));
    const impostor = sorted(Array.from({ length: 1000 }, (_, i) => i / 2000));
    expect(equalErrorRate(genuine, impostor, 0)).toBeCloseTo(0.2, 2);
    const curve = detCurve(genuine, impostor, 1000);
    expect(Math.min(...curve.map(({ falseNonMatch }) => falseNonMatch))).toBeGreaterThanOrEqual(0.5);
    const rising = curve.map(({ falseMatch }) => falseMatch);
    expect(rising).toEqual([...rising].sort((a, b) => a - b));
  });
});

describe('bounds over people of comparisons between them', () => {
  const crowd = (events: (person: number) => number) =>
    Array.from({ length: 40 }, (_, person) => ({ events: events(person), trials: 39 }));

  it('are wide where a few people make the errors, and narrow where all make them alike', () => {
    const alike = bootstrapPairRate(crowd(() => 4));
    const few = bootstrapPairRate(crowd((person) => (person < 4 ? 40 : 0)));
    const rate = 4 / 39;
    expect(alike.high - alike.low).toBeLessThan(1e-9);
    expect(few.low).toBeLessThan(rate / 2);
    expect(few.high).toBeGreaterThan(rate * 1.5);
  });

  it('never leave 0..1, and are none without a trial', () => {
    const { low, high } = bootstrapPairRate(crowd((person) => (person === 0 ? 20 : 0.5)));
    expect(low).toBeGreaterThanOrEqual(0);
    expect(high).toBeLessThanOrEqual(1);
    expect(bootstrapPairRate([]).low).toBeNaN();
  });
});
