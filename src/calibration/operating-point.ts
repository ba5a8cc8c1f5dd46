import { type Condition, type Curve, cosineAt, rateAt } from './curve.ts';
import type { Location } from './location.ts';
import type { SiteCalibration } from './site-file.ts';

/** With fewer people the gallery may make the threshold stricter and never laxer: too few to believe. */
export const ENOUGH_PEOPLE = 10;

/** With so many a gallery that is found to be laxer than the network's own is believed wholly; between the two in part. */
export const SURE_PEOPLE = 50;

/** Standard errors added before a gallery may make the threshold laxer: the upper bound of 95 %, one-sided. */
const UPPER_BOUND = 1.645;

/** No threshold is lower, however few are enrolled and however much can be borne: as for a fixed one. */
const LOWEST = 0.3;

/**
 * Part of the standard error that is added to where the tail was found to begin. With none a rate is met on average, but
 * by a threshold that is as often too lax; a whole one made it five times too strict with twenty people.
 */
const CAUTION = 0.5;

/** Where to believe that the tail begins. */
export function cautious({ value, error }: Pick<Location, 'value' | 'error'>): number {
  return value + CAUTION * error;
}

/** Where the location of the tail came from. */
export type Source = 'model' | 'gallery' | 'site' | 'fixed';

/** The thresholds in force, and what they follow from. */
export interface OperatingPoint {
  readonly source: Source;
  /** What the operator can bear: strangers let pass for each attempt, 0..1. Null with a fixed threshold. */
  readonly fpir: number | null;
  /** References a probe is compared with. */
  readonly references: number;
  /** People whose comparisons the location rests on; 0 when it is the model's own. */
  readonly people: number;
  readonly location: number;
  /** Cosine at least, for each condition of the probe. */
  readonly thresholds: Readonly<Record<Condition, number>>;
  /** Mean luma of the face below which a probe is dark. */
  readonly darkBelow: number;
}

export interface Wanted {
  readonly fpir: number;
  /** The expert's own cosine in place of all this; null without. */
  readonly fixed: number | null;
  readonly references: number;
  /** How the people of the gallery compare with one another; null when there are too few to compare. */
  readonly gallery: Location | null;
  /** What `menshen calibrate` found for this very model; null without. */
  readonly site: SiteCalibration | null;
  /** The site had a calibration that cannot be used: the gallery may make the threshold stricter alone. */
  readonly siteLost?: boolean;
}

/** A search of N references finds a stranger with 1 - (1 - rate)^N: the rate of one comparison for a rate of the search. */
export function comparisonRate(fpir: number, references: number): number {
  return -Math.expm1(Math.log1p(-fpir) / Math.max(1, references));
}

/** The rate of a search for the rate of one comparison. */
export function searchRate(rate: number, references: number): number {
  return -Math.expm1(Math.max(1, references) * Math.log1p(-Math.min(rate, 1 - 1e-12)));
}

/** The thresholds that keep to what is wanted. */
export function operatingPoint(curve: Curve, wanted: Wanted): OperatingPoint {
  const { fixed, fpir, references } = wanted;
  const { masked, dark, darkBelow } = curve.conditions;
  const { source, location, people } = locate(curve, wanted);
  const common = { references, people, location, darkBelow };
  if (fixed !== null) {
    return {
      ...common,
      source: 'fixed',
      fpir: null,
      thresholds: { bare: fixed, masked: fixed, dark: fixed },
    };
  }
  const raised = { ...curve, knots: raisedKnots(curve, wanted.site) };
  const bare = within(cosineAt(raised, location, comparisonRate(fpir, references)));
  const thresholds = { bare, masked: within(bare + masked), dark: within(bare + dark) };
  return { ...common, source, fpir, thresholds };
}

/** What a score is worth at an operating point. */
export interface Worth {
  /** Impostor comparisons that score as high, 0..1. */
  readonly falseMatchRate: number;
  /** Strangers that score as high with anybody in the gallery, 0..1. */
  readonly falsePositiveRate: number;
  /** Decimal logarithm of the likelihood ratio: 3 is a thousand times likelier for this person than for a stranger. */
  readonly logLikelihoodRatio: number;
}

export function worthOf(curve: Curve, point: OperatingPoint, condition: Condition, score: number): Worth {
  const above = condition === 'bare' ? 0 : curve.conditions[condition];
  const bare = score - above;
  const falseMatchRate = rateAt(curve, point.location, bare);
  const { slope, offset } = curve.likelihood;
  return {
    falseMatchRate,
    falsePositiveRate: searchRate(falseMatchRate, point.references),
    logLikelihoodRatio: slope * (bare - point.location) + offset,
  };
}

function within(cosine: number): number {
  return Math.min(1, Math.max(LOWEST, cosine));
}

function locate(
  curve: Curve,
  { gallery, site, siteLost = false }: Wanted,
): { readonly source: Source; readonly location: number; readonly people: number } {
  if (site !== null) {
    // People who came since may look more alike than those the site was calibrated with.
    const known = gallery === null ? site.location : Math.max(site.location, gallery.value - gallery.error);
    return known > site.location && gallery !== null
      ? { source: 'gallery', location: known, people: gallery.people }
      : { source: 'site', location: site.location, people: site.people };
  }
  const own =
    gallery === null ? curve.location : siteLost ? cautious(gallery) : located(gallery, curve.location);
  if (gallery === null || own === curve.location || (siteLost && own < curve.location)) {
    return { source: 'model', location: curve.location, people: 0 };
  }
  return { source: 'gallery', location: own, people: gallery.people };
}

/**
 * Where the tail begins by the people enrolled: at once where they look more alike than those of the network's own curve; lower
 * only as far as the upper bound allows, and by parts as people come. A few people of many populations look unlike one another
 * and say little about strangers who look like one of them.
 */
function located(gallery: Location, network: number): number {
  const own = cautious(gallery);
  if (own >= network) return own;
  const believed = (gallery.people - ENOUGH_PEOPLE) / (SURE_PEOPLE - ENOUGH_PEOPLE);
  const part = Math.min(1, Math.max(0, believed));
  const upper = gallery.value + UPPER_BOUND * gallery.error;
  return network - part * Math.max(0, network - upper);
}

/** A tail that was seen at the site counts where it reaches higher than the model's; a lower one may be chance. */
function raisedKnots(curve: Curve, site: SiteCalibration | null): Curve['knots'] {
  if (site === null) return curve.knots;
  let highest = Number.NEGATIVE_INFINITY;
  return curve.knots.map(({ rate, excess }) => {
    const seen = site.tail.find((knot) => knot.rate === rate)?.excess ?? Number.NEGATIVE_INFINITY;
    highest = Math.max(highest + 1e-6, excess, seen);
    return { rate, excess: highest };
  });
}
