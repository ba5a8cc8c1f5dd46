import { cosine } from '../../src/common/index.ts';
import type { AnalysedSet } from './sets.ts';

/** Rates at which the tail is read off; beyond the last it is taken to be exponential. */
export const KNOTS = [0.5, 0.2, 0.1, 0.03, 0.01, 0.003, 0.001] as const;

const DEVIATIONS = 1.3;

/** Cosines of every reference with every probe of other people, sorted. */
export function impostorsOf(references: AnalysedSet, probes: AnalysedSet): Float64Array {
  return scoresOf(
    references,
    probes,
    (one, other) => references.items[one]?.label !== probes.items[other]?.label,
  );
}

/** Cosines of every reference with every other picture of the same person, sorted. */
export function genuineOf(set: AnalysedSet): Float64Array {
  return scoresOf(
    set,
    set,
    (one, other) => one !== other && set.items[one]?.label === set.items[other]?.label,
  );
}

function scoresOf(
  references: AnalysedSet,
  probes: AnalysedSet,
  wanted: (reference: number, probe: number) => boolean,
): Float64Array {
  const scores = new Float64Array(references.items.length * probes.items.length);
  let count = 0;
  for (const [i, { reference }] of references.analysed.entries()) {
    if (reference === null) continue;
    for (const [j, { probe }] of probes.analysed.entries()) {
      if (probe !== null && wanted(i, j)) scores[count++] = cosine(reference, probe);
    }
  }
  return scores.slice(0, count).sort();
}

/** Mean and 1.3 standard deviations: where the tail begins. */
export function locationOf(scores: Float64Array): number {
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const square = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / scores.length;
  return mean + DEVIATIONS * Math.sqrt(square);
}

/** How far beyond the location the scores reach, at each rate that at least 30 of them exceed. */
export function tailOf(scores: Float64Array): Map<number, number> {
  const location = locationOf(scores);
  const seen = KNOTS.filter((rate) => rate * scores.length >= 30);
  return new Map(seen.map((rate) => [rate, scores[Math.floor(scores.length * (1 - rate))] - location]));
}

/**
 * Decimal logarithm of the likelihood ratio as a line over the score less the location, fitted by logistic regression
 * with both kinds weighing the same (Brümmer and du Preez 2006), by Newton's method.
 */
export function fitLikelihood(
  populations: readonly {
    readonly bare: AnalysedSet;
    readonly scores: Float64Array;
    readonly location: number;
  }[],
): { slope: number; offset: number } {
  const genuine = populations.flatMap(({ bare, location }) =>
    Array.from(genuineOf(bare), (score) => score - location),
  );
  const impostor = populations.flatMap(({ scores, location }) =>
    Array.from(
      { length: 5000 },
      (_, i) => (scores[Math.floor(((i + 0.5) / 5000) * scores.length)] ?? 0) - location,
    ),
  );
  const points = [
    ...genuine.map((x) => ({ x, y: 1, weight: 1 / genuine.length })),
    ...impostor.map((x) => ({ x, y: 0, weight: 1 / impostor.length })),
  ];
  let [a, b] = [10, 0];
  for (let step = 0; step < 30; step++) {
    const sums = { ga: 0, gb: 0, aa: 1e-9, ab: 0, bb: 1e-9 };
    for (const { x, y, weight } of points) {
      const p = 1 / (1 + Math.exp(-(a * x + b)));
      const curvature = weight * p * (1 - p);
      sums.ga += weight * (y - p) * x;
      sums.gb += weight * (y - p);
      sums.aa += curvature * x * x;
      sums.ab += curvature * x;
      sums.bb += curvature;
    }
    const determinant = sums.aa * sums.bb - sums.ab ** 2;
    a += (sums.bb * sums.ga - sums.ab * sums.gb) / determinant;
    b += (sums.aa * sums.gb - sums.ab * sums.ga) / determinant;
  }
  return { slope: Number((a / Math.LN10).toFixed(3)), offset: Number((b / Math.LN10).toFixed(3)) };
}
