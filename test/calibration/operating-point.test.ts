import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  comparisonRate,
  cosineAt,
  embeddingCurve,
  ImpostorSums,
  type Location,
  operatingPoint,
  rateAt,
  type SiteCalibration,
  searchRate,
  worthOf,
} from '../../src/calibration/index.ts';
import { CURVE } from './support.ts';

const rates = fc.double({ min: 1e-9, max: 0.1, noNaN: true });
const sizes = fc.integer({ min: 1, max: 50_000 });
const locations = fc.record({
  people: fc.integer({ min: 3, max: 300 }),
  pairs: fc.integer({ min: 3, max: 44_850 }),
  value: fc.double({ min: -0.2, max: 0.8, noNaN: true }),
  error: fc.double({ min: 0, max: 0.2, noNaN: true }),
});
const wanted = (fpir: number, references: number, gallery: Location | null) => ({
  fpir,
  references,
  gallery,
  fixed: null,
  site: null,
});

describe('a curve', () => {
  it('comes along for the embedding network that comes along, by the digest of its weights', async () => {
    expect((await embeddingCurve(undefined)).curve).not.toBeNull();
  });

  it('leads from a rate to a cosine and back', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-12, max: 0.49, noNaN: true }), locations, (rate, { value }) => {
        expect(Math.log(rateAt(CURVE, value, cosineAt(CURVE, value, rate)))).toBeCloseTo(Math.log(rate), 6);
      }),
    );
  });

  it('reaches what it was fitted to, and falls by ten each decade beyond', () => {
    expect(cosineAt(CURVE, 0.3, 0.001)).toBeCloseTo(0.5, 9);
    expect(cosineAt(CURVE, 0.3, 1e-5)).toBeCloseTo(0.66, 9);
    expect(cosineAt(CURVE, 0.3, 0.01)).toBeCloseTo(0.42, 9);
  });
});

describe('the rate of a comparison', () => {
  it('gives the rate of a search back, and is near its part of it', () => {
    expect(comparisonRate(0.001, 50)).toBeCloseTo(0.001 / 50, 7);
    fc.assert(
      fc.property(rates, sizes, (fpir, references) => {
        expect(searchRate(comparisonRate(fpir, references), references) / fpir).toBeCloseTo(1, 5);
      }),
    );
  });
});

describe('an operating point', () => {
  it('is never laxer for a stricter wish or a larger gallery', () => {
    fc.assert(
      fc.property(rates, rates, sizes, sizes, fc.option(locations), (a, b, m, n, gallery) => {
        const at = (fpir: number, references: number) =>
          operatingPoint(CURVE, wanted(fpir, references, gallery)).thresholds.bare;
        expect(at(Math.min(a, b), Math.max(m, n))).toBeGreaterThanOrEqual(
          at(Math.max(a, b), Math.min(m, n)) - 1e-12,
        );
      }),
    );
  });

  it('is never made laxer by fewer than ten people, nor by how few they are', () => {
    fc.assert(
      fc.property(
        rates,
        sizes,
        locations,
        fc.integer({ min: 3, max: 9 }),
        (fpir, references, gallery, people) => {
          const alone = operatingPoint(CURVE, wanted(fpir, references, null)).thresholds.bare;
          const few = operatingPoint(CURVE, wanted(fpir, references, { ...gallery, people })).thresholds.bare;
          expect(few).toBeGreaterThanOrEqual(alone);
        },
      ),
    );
  });

  it('follows people who look more alike at once, half their error added', () => {
    const gallery = { people: 4, pairs: 6, value: 0.4, error: 0.04 };
    const point = operatingPoint(CURVE, wanted(0.001, 1, gallery));
    expect(point).toMatchObject({ source: 'gallery', people: 4 });
    expect(point.location).toBeCloseTo(0.42, 9);
    expect(point.thresholds.bare).toBeCloseTo(0.62, 9);
    expect(point.thresholds.masked).toBeCloseTo(0.64, 9);
    expect(point.thresholds.dark).toBeCloseTo(0.67, 9);
  });

  it('follows people who look less alike by parts, as far as the upper bound of fifty allows', () => {
    const at = (people: number) =>
      operatingPoint(CURVE, wanted(0.001, 1, { people, pairs: 190, value: 0.1, error: 0.02 })).location;
    const upper = 0.1 + 1.645 * 0.02;
    expect(at(10)).toBe(0.35);
    expect(at(30)).toBeCloseTo((0.35 + upper) / 2, 9);
    expect(at(50)).toBeCloseTo(upper, 9);
    expect(at(300)).toBeCloseTo(upper, 9);
  });

  it('is never made laxer by an error that grew, and only stricter where a calibration was lost', () => {
    fc.assert(
      fc.property(rates, locations, fc.double({ min: 0, max: 0.2, noNaN: true }), (fpir, gallery, more) => {
        const at = (error: number, siteLost = false) =>
          operatingPoint(CURVE, { ...wanted(fpir, 1, { ...gallery, error }), siteLost }).thresholds.bare;
        expect(at(gallery.error + more)).toBeGreaterThanOrEqual(at(gallery.error) - 1e-12);
        expect(at(gallery.error, true)).toBeGreaterThanOrEqual(
          operatingPoint(CURVE, wanted(fpir, 1, null)).thresholds.bare,
        );
      }),
    );
  });

  it('takes what the site was calibrated with, until the gallery is surely stricter', () => {
    const site = {
      version: 1 as const,
      sha256: 'a'.repeat(64),
      madeAt: '',
      from: '',
      people: 40,
      pairs: 780,
      location: 0.2,
      error: 0.01,
      tail: [],
    } satisfies SiteCalibration;
    const alike = { people: 60, pairs: 1770, value: 0.2, error: 0.01 };
    expect(operatingPoint(CURVE, { ...wanted(0.001, 1, alike), site })).toMatchObject({
      source: 'site',
      location: 0.2,
    });
    const stricter = { ...alike, value: 0.4 };
    expect(operatingPoint(CURVE, { ...wanted(0.001, 1, stricter), site }).location).toBeCloseTo(0.39, 9);
    const tail = [
      { rate: 0.01, excess: 0.22 },
      { rate: 0.001, excess: 0.1 },
    ];
    const seen = operatingPoint(CURVE, { ...wanted(0.001, 1, alike), site: { ...site, tail } });
    expect(seen.thresholds.bare).toBeCloseTo(0.42, 4);
  });

  it('leaves an expert to it', () => {
    const point = operatingPoint(CURVE, { ...wanted(0.001, 5000, null), fixed: 0.5 });
    expect(point).toMatchObject({
      source: 'fixed',
      fpir: null,
      thresholds: { bare: 0.5, masked: 0.5, dark: 0.5 },
    });
  });

  it('says what a score is worth', () => {
    const point = operatingPoint(CURVE, wanted(0.001, 100, null));
    const worth = worthOf(CURVE, point, 'bare', point.thresholds.bare);
    expect(worth.falsePositiveRate).toBeCloseTo(0.001, 9);
    expect(worthOf(CURVE, point, 'dark', point.thresholds.dark).falsePositiveRate).toBeCloseTo(0.001, 9);
    expect(worth.logLikelihoodRatio).toBeCloseTo(9 * (point.thresholds.bare - 0.35) - 1, 9);
  });
});

describe('the location of the tail', () => {
  const scored = (scores: readonly (readonly [number, number, number])[], people: number) => {
    const sums = new ImpostorSums(people);
    for (const score of scores) sums.add(...score);
    return sums.location(1.3);
  };

  it('is the mean and so many deviations, and its error what leaving people out does', () => {
    const scores = [
      [0, 1, 0.1],
      [0, 2, 0.2],
      [1, 2, 0.3],
      [0, 3, 0.0],
      [1, 3, 0.1],
      [2, 3, 0.5],
    ] as const;
    const direct = (values: readonly number[]) => {
      const mean = values.reduce((a, b) => a + b) / values.length;
      return mean + 1.3 * Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
    };
    const found = scored(scores, 4);
    expect(found).toMatchObject({ people: 4, pairs: 6 });
    expect(found?.value).toBeCloseTo(direct(scores.map(([, , score]) => score)), 9);
    const left = [0, 1, 2, 3].map((who) =>
      direct(scores.filter(([a, b]) => a !== who && b !== who).map(([, , score]) => score)),
    );
    const mean = left.reduce((a, b) => a + b) / 4;
    expect(found?.error).toBeCloseTo(
      Math.sqrt((3 / 4) * left.reduce((sum, l) => sum + (l - mean) ** 2, 0)),
      9,
    );
  });

  it('is not known of two people, and little moved by one enrolled twice', () => {
    expect(scored([[0, 1, 0.2]], 2)).toBeNull();
    const pairs: [number, number, number][] = [];
    for (let one = 0; one < 30; one++)
      for (let other = one + 1; other < 30; other++) pairs.push([one, other, 0.05 * ((one * other) % 5)]);
    const once = scored(pairs, 30)?.value ?? 0;
    pairs[0][2] = 0.99;
    expect((scored(pairs, 30)?.value ?? 0) - once).toBeLessThan(0.01);
  });
});
