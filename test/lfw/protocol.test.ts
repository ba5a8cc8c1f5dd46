import { describe, expect, it } from 'vitest';
import { parsePairs, personOf } from '../../scripts/lfw/pairs.ts';
import { reportOf } from '../../scripts/lfw/report.ts';
import type { Template } from '../../scripts/lfw/templates.ts';
import { fnmrAt } from '../../scripts/lfw/verification.ts';
import { thresholdAt } from '../../src/evaluate/statistics/errors.ts';
import { bestThreshold, crossValidate } from '../../src/evaluate/statistics/folds.ts';

const TEXT = [
  '2\t1',
  'Ann_Lee\t1\t4',
  'Ann_Lee\t2\tBob_Ray\t13',
  'Cy_Orr\t1\t2',
  'Bob_Ray\t1\tCy_Orr\t3',
  '',
].join('\n');

describe('the pairs of LFW', () => {
  it('are read with their folds and their files', () => {
    const pairs = parsePairs(TEXT, '/lfw');
    expect(pairs.map(({ same, fold }) => [same, fold])).toEqual([
      [true, 0],
      [false, 0],
      [true, 1],
      [false, 1],
    ]);
    expect(pairs[1].one).toBe('/lfw/images/Ann_Lee/Ann_Lee_0002.jpg');
    expect(pairs[1].other).toBe('/lfw/images/Bob_Ray/Bob_Ray_0013.jpg');
    expect(personOf(pairs[1].other)).toBe('Bob_Ray');
  });

  it('are refused when lines are missing or malformed', () => {
    expect(() => parsePairs('2\t1\nAnn_Lee\t1\t4\n', '/lfw')).toThrow(/2 folds of 2 x 1 pairs; 1 lines/);
    expect(() => parsePairs(TEXT.replace('Cy_Orr\t1\t2', 'Cy_Orr 1 2'), '/lfw')).toThrow(/Line 4/);
  });
});

describe('verification', () => {
  const comparison = (score: number | null, same: boolean, fold = 0) => ({ score, same, fold });

  it('takes the threshold in the middle of the widest gap that makes the fewest errors', () => {
    const scores = [
      comparison(0.1, false),
      comparison(0.2, false),
      comparison(0.6, true),
      comparison(0.9, true),
    ];
    expect(bestThreshold(scores)).toBeCloseTo(0.4, 9);
    expect(
      bestThreshold([comparison(0.5, true), comparison(0.6, false), comparison(0.9, true)]),
    ).toBeLessThan(0.5);
  });

  it('judges a fold by the threshold of the others, a face not found being an error', () => {
    const comparisons = [
      ...[comparison(0.1, false, 0), comparison(0.7, true, 0)],
      ...[
        comparison(0.5, false, 1),
        comparison(0.8, true, 1),
        comparison(null, true, 1),
        comparison(null, false, 1),
      ],
    ];
    const [first, second] = crossValidate(comparisons);
    expect(first).toEqual({ fold: 0, threshold: (0.5 + 0.8) / 2, accuracy: 1, pairs: 2 });
    // At 0.4, between 0.1 and 0.7, the 0.5 of two strangers passes.
    expect(second.threshold).toBeCloseTo(0.4, 9);
    expect(second.accuracy).toBe(0.25);
  });

  it('lets no more impostors pass than the rate allows', () => {
    const impostors = Float64Array.from({ length: 1000 }, (_, i) => i / 1000);
    for (const fmr of [0, 0.001, 0.01, 0.5]) {
      const threshold = thresholdAt(fmr, impostors);
      expect(impostors.filter((score) => score >= threshold).length).toBe(fmr * 1000);
    }
    expect(fnmrAt(0.5, [0.4, 0.5, 0.6, null])).toBe(0.5);
  });

  it('reports every kind of comparison over given templates', () => {
    const template = (...values: number[]): Template => ({
      probe: Float32Array.from(values),
      reference: Float32Array.from(values),
    });
    const pairs = parsePairs(TEXT, '/lfw');
    const directions: Record<string, number[]> = {
      Ann_Lee: [1, 0, 0],
      Bob_Ray: [0, 1, 0],
      Cy_Orr: [0, 0, 1],
    };
    const templates = new Map<string, Template | null>();
    for (const path of pairs.flatMap(({ one, other }) => [one, other]))
      templates.set(path, template(...directions[personOf(path)]));
    templates.set(pairs[0].one, null);
    const report = reportOf(pairs, templates);
    expect(report.detectionFailures).toEqual([pairs[0].one]);
    expect(report.kinds.map(({ accuracy }) => accuracy)).toEqual([0.75, 0.75, 0.75]);
    expect(report.kinds[0].points[0].fnmr).toBe(0.5);
  });
});
