import { cosine } from '../../src/common/index.ts';
import { sorted, thresholdAt } from '../../src/evaluate/statistics/errors.ts';
import { crossValidate, type FoldComparison, type FoldResult } from '../../src/evaluate/statistics/folds.ts';
import { type Pair, personOf } from './pairs.ts';
import type { Template } from './templates.ts';
import { fnmrAt } from './verification.ts';

/** Which embeddings are compared: plain (as at the door) or averaged with the mirror image (as at enrolment). */
export const COMPARISON_KINDS = {
  'probe-reference': 'probe against reference, as the door does it',
  'probe-probe': 'probe against probe (no mirror image)',
  'reference-reference': 'reference against reference (both mirrored)',
} as const;
export type ComparisonKind = keyof typeof COMPARISON_KINDS;

export interface OperatingPoint {
  readonly fmr: number;
  /** Impostor comparisons that fixed the threshold. */
  readonly impostors: number;
  readonly threshold: number;
  readonly fnmr: number;
}

export interface KindReport {
  readonly kind: ComparisonKind;
  readonly accuracy: number;
  readonly folds: readonly FoldResult[];
  readonly points: readonly OperatingPoint[];
}

/** Everything `npm run eval:lfw` tells. */
export interface LfwReport {
  readonly pictures: number;
  readonly pairs: number;
  readonly detectionFailures: readonly string[];
  readonly kinds: readonly KindReport[];
}

/** Compares the pairs in every kind. A pair with a face not found counts as wrong, and as a non-match when genuine. */
export function reportOf(pairs: readonly Pair[], templates: ReadonlyMap<string, Template | null>): LfwReport {
  const detectionFailures = [...templates].flatMap(([path, template]) => (template === null ? [path] : []));
  const kinds: ComparisonKind[] = ['probe-reference', 'probe-probe', 'reference-reference'];
  return {
    pictures: templates.size,
    pairs: pairs.length,
    detectionFailures,
    kinds: kinds.map((kind) => kindReport(kind, pairs, templates)),
  };
}

function kindReport(
  kind: ComparisonKind,
  pairs: readonly Pair[],
  templates: ReadonlyMap<string, Template | null>,
): KindReport {
  const comparisons: FoldComparison[] = pairs.map(({ one, other, same, fold }) => ({
    score: scoreOf(kind, templates.get(one) ?? null, templates.get(other) ?? null),
    same,
    fold,
  }));
  const folds = crossValidate(comparisons);
  const genuine = comparisons.filter(({ same }) => same).map(({ score }) => score);
  const fromPairs = sorted(comparisons.flatMap(({ same, score }) => (same || score === null ? [] : [score])));
  const crossed = sorted(allImpostors(kind, templates));
  const point = (fmr: number, impostors: Float64Array): OperatingPoint => {
    const threshold = thresholdAt(fmr, impostors);
    return { fmr, impostors: impostors.length, threshold, fnmr: fnmrAt(threshold, genuine) };
  };
  return {
    kind,
    accuracy: folds.reduce((sum, fold) => sum + fold.accuracy, 0) / folds.length,
    folds,
    // The pairs alone allow no false match rate below one in their number; all crossings of different people do.
    points: [point(1e-3, fromPairs), point(1e-3, crossed), point(1e-4, crossed), point(1e-5, crossed)],
  };
}

function scoreOf(kind: ComparisonKind, one: Template | null, other: Template | null): number | null {
  if (one === null || other === null) return null;
  if (kind === 'probe-probe') return cosine(one.probe, other.probe);
  if (kind === 'reference-reference') return cosine(one.reference, other.reference);
  return cosine(one.reference, other.probe);
}

/** Scores of every picture against every other of a person of another name. */
function allImpostors(kind: ComparisonKind, templates: ReadonlyMap<string, Template | null>): Float32Array {
  const known = [...templates].flatMap(([path, template]) =>
    template === null ? [] : [{ name: personOf(path), template }],
  );
  const scores = new Float32Array((known.length * (known.length - 1)) / 2);
  let count = 0;
  for (let i = 0; i < known.length; i++) {
    for (let j = i + 1; j < known.length; j++) {
      if (known[i].name === known[j].name) continue;
      scores[count++] = scoreOf(kind, known[i].template, known[j].template) ?? 0;
    }
  }
  return scores.slice(0, count);
}

/** The report as lines for the terminal. */
export function lines(report: LfwReport): string[] {
  const percent = (part: number) => `${(100 * part).toFixed(2)} %`;
  const out = [
    `LFW, ${report.pairs} pairs of ${report.pictures} pictures; no face found in ${report.detectionFailures.length}`,
  ];
  for (const { kind, accuracy, folds, points } of report.kinds) {
    out.push('', COMPARISON_KINDS[kind], `  accuracy ${percent(accuracy)}`);
    for (const fold of folds) {
      out.push(
        `    fold ${fold.fold + 1}: ${percent(fold.accuracy)} at threshold ${fold.threshold.toFixed(3)}`,
      );
    }
    for (const { fmr, impostors, threshold, fnmr } of points) {
      out.push(
        `  FNMR ${percent(fnmr)} at FMR ${fmr.toExponential(0)} (threshold ${threshold.toFixed(3)}, ${impostors} impostor comparisons)`,
      );
    }
  }
  return out;
}
