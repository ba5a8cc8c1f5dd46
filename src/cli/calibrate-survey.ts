import { type Curve, cautious, cosineAt, ImpostorSums, type Location } from '../calibration/index.ts';
import { MenshenError } from '../common/index.ts';

/** Comparisons of different people of a site: person, other person, cosine. */
export interface SiteScores {
  /** What they are of, in words. */
  readonly from: string;
  readonly people: number;
  readonly comparisons: readonly (readonly [number, number, number])[];
}

export interface Survey {
  readonly location: Location;
  /** The tail as far as at least 30 comparisons lie beyond it. */
  readonly tail: { readonly rate: number; readonly excess: number }[];
  readonly lines: readonly string[];
}

/** A rate is known within some 30 % from 30 errors on (Doddington et al. 2000). */
const RULE_OF_30 = 30;
/** Without any error in n trials a rate is below 3/n, with 95 % confidence (Louis 1981). */
const RULE_OF_3 = 3;

const SHOWN = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6] as const;

/**
 * What the comparisons of a site's people say of its thresholds, and how far that can be believed.
 * @throws MenshenError CALIBRATION_TOO_LITTLE for fewer than three people
 */
export function surveyed(curve: Curve, { from, people, comparisons }: SiteScores): Survey {
  const sums = new ImpostorSums(people);
  for (const comparison of comparisons) sums.add(...comparison);
  const location = sums.location(curve.deviations);
  if (location === null) {
    throw new MenshenError(
      'CALIBRATION_TOO_LITTLE',
      'Fewer than three people can be compared: there is nothing to calibrate with.',
    );
  }
  const scores = Float64Array.from(comparisons, ([, , score]) => score).sort();
  const bound = cautious(location);
  const tail = curve.knots
    .filter(({ rate }) => rate < 0.5 && rate * scores.length >= RULE_OF_30)
    .map(({ rate }) => ({
      rate,
      excess: (scores[Math.floor(scores.length * (1 - rate))] ?? 1) - location.value,
    }));
  return { location, tail, lines: linesOf(curve, from, location, bound, scores) };
}

function linesOf(
  curve: Curve,
  from: string,
  location: Location,
  bound: number,
  scores: Float64Array,
): string[] {
  const factor = 10 ** (location.error / curve.decade);
  const pairs = scores.length;
  return [
    `${from}: ${pairs} comparisons of different people.`,
    `Strangers' scores begin to tail off at ${bound.toFixed(3)} (${location.value.toFixed(3)}, standard error ${location.error.toFixed(3)}); without this the network's own figure is ${curve.location.toFixed(3)}.`,
    `By that error a false match rate can be wrong by a factor of ${factor.toFixed(1)}.`,
    ...SHOWN.map((rate) => {
      const at = cosineAt(curve, bound, rate);
      const above = pairs - below(scores, at);
      return `  FMR ${rate.toExponential(0)}: cosine ${Math.min(1, at).toFixed(3)}; ${seen(rate, above, pairs)}`;
    }),
    `${seenDirectly(pairs)}; for 1e-4 that takes ${Math.ceil(RULE_OF_30 / 1e-4).toLocaleString('en')} comparisons, some ${peopleFor(1e-4)} people. Below, the shape of the tail is the network's, and its place is yours.`,
  ];
}

function seenDirectly(pairs: number): string {
  return pairs < RULE_OF_30
    ? 'No rate is seen directly, for which 30 comparisons beyond the threshold are needed'
    : `Seen directly (30 comparisons beyond the threshold) are rates down to ${(RULE_OF_30 / pairs).toPrecision(1)}`;
}

function seen(rate: number, above: number, pairs: number): string {
  const expected = rate * pairs;
  if (expected >= RULE_OF_30)
    return `${above} of ${pairs} comparisons reach it, ${expected.toFixed(0)} expected`;
  if (pairs * rate >= RULE_OF_3)
    return `${above} of ${pairs} reach it, ${expected.toFixed(1)} expected: too few to confirm`;
  return `too few comparisons to see (with none beyond it ${pairs} say no more than "below ${(RULE_OF_3 / pairs).toPrecision(1)}")`;
}

/** People with one picture each whose comparisons suffice for a rate. */
function peopleFor(rate: number): number {
  return Math.ceil(Math.sqrt((2 * RULE_OF_30) / rate) / 10) * 10;
}

function below(scores: Float64Array, at: number): number {
  const first = scores.findIndex((score) => score >= at);
  return first < 0 ? scores.length : first;
}
