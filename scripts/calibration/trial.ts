import {
  type Curve,
  cautious,
  cosineAt,
  ENOUGH_PEOPLE,
  type Location,
  operatingPoint,
  type SiteCalibration,
} from '../../src/calibration/index.ts';
import { cosine, mulberry32 } from '../../src/common/index.ts';
import { locationOf } from '../../src/evaluate/gate-threshold.ts';
import { type Bounds, bootstrapPairRate } from '../../src/evaluate/statistics/bootstrap.ts';
import type { Person } from './people.ts';

/** False match rates asked for. */
export const RATES = [1e-2, 1e-3, 1e-4] as const;

const DRAWS = 60;

/** Whom a draw enrols and who comes as a stranger. */
export type Draw = (random: () => number) => {
  readonly enrolled: readonly Person[];
  readonly strangers: readonly Person[];
};

export interface TrialOptions {
  readonly curve: Curve;
  /** Where the tail begins in the population that everything was measured by before. */
  readonly before: number;
  readonly draw: Draw;
  /** The gate is told of nobody enrolled: it has the network's own threshold. */
  readonly unknown?: boolean;
  /** Ten people lower the threshold as far as they look unlike: what was done before a gallery was believed by parts. */
  readonly atOnce?: boolean;
}

/** What came out, over all draws. */
export interface TrialResult {
  /** Mean cosine for FMR 1e-3. */
  readonly threshold: number;
  /** False match rates in parts of those asked for. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** Bounds over people of `after`. */
  readonly bounds: readonly Bounds[];
  /** Different comparisons made. */
  readonly comparisons: number;
  /** At FMR 1e-3, 0..1. */
  readonly missedBefore: number;
  readonly missedAfter: number;
  /** At FPIR 1e-2, in parts of it. */
  readonly positive: number;
}

/**
 * What a threshold lets through: fixed as it was fitted on LFW (before), and as the gate finds it with those enrolled
 * (after). Sixty draws, the same each time.
 */
export function trial(
  { curve, before, draw, unknown = false, atOnce = false }: TrialOptions,
  seed: number,
): TrialResult {
  const random = mulberry32(seed);
  const tally = new Tally();
  for (let n = 0; n < DRAWS; n++) {
    const { enrolled, strangers } = draw(random);
    const references = enrolled.map((person) => person.references[0]);
    const gallery = unknown ? null : locationOf(references, curve.deviations);
    const site = atOnce ? followed(gallery) : null;
    const at = (fpir: number, references: number) =>
      operatingPoint(curve, { fpir, fixed: null, references, gallery, site }).thresholds.bare;
    // One reference, at the rate asked for: the rate of a comparison.
    const now = RATES.map((rate) => at(rate, 1));
    const then = RATES.map((rate) => cosineAt(curve, before, rate));
    tally.threshold += now[1] / DRAWS;
    tally.strangers(enrolled, strangers, { now, then, searched: at(1e-2, references.length) });
    tally.genuine(enrolled, { now, then });
  }
  return tally.result();
}

function followed(gallery: Location | null): SiteCalibration | null {
  if (gallery === null || gallery.people < ENOUGH_PEOPLE) return null;
  const { people, pairs, error } = gallery;
  const made = { version: 1, sha256: '', madeAt: '', from: '', tail: [] } as const;
  return { ...made, tail: [], people, pairs, error, location: cautious(gallery) };
}

interface Thresholds {
  readonly now: readonly number[];
  readonly then: readonly number[];
}

class Tally {
  threshold = 0;
  readonly #before = RATES.map(() => 0);
  readonly #after = RATES.map(() => 0);
  readonly #shares = new Map<string, { trials: number; events: number[] }>();
  readonly #pairs = new Set<string>();
  #comparisons = 0;
  #different = 0;
  #missed = { before: 0, after: 0, trials: 0 };
  #searches = { positive: 0, trials: 0 };

  strangers(
    enrolled: readonly Person[],
    strangers: readonly Person[],
    { now, then, searched }: Thresholds & { readonly searched: number },
  ): void {
    for (const stranger of strangers) {
      for (const person of enrolled) this.#meet(stranger, person);
      for (const probe of stranger.probes) {
        let best = -1;
        for (const person of enrolled) {
          const score = cosine(person.references[0], probe);
          best = Math.max(best, score);
          this.#compare(stranger.name, person.name, score, { now, then });
        }
        this.#searches.trials += 1;
        if (best >= searched) this.#searches.positive += 1;
      }
    }
  }

  genuine(enrolled: readonly Person[], { now, then }: Thresholds): void {
    for (const { references, probes } of enrolled) {
      for (const probe of probes.slice(1)) {
        const score = cosine(references[0], probe);
        this.#missed.trials += 1;
        if (score < then[1]) this.#missed.before += 1;
        if (score < now[1]) this.#missed.after += 1;
      }
    }
  }

  result(): TrialResult {
    const part = (counts: readonly number[]) => RATES.map((rate, i) => counts[i] / this.#comparisons / rate);
    const shares = [...this.#shares.values()];
    return {
      threshold: this.threshold,
      before: part(this.#before),
      after: part(this.#after),
      bounds: RATES.map((rate, i) => {
        const { low, high } = bootstrapPairRate(
          shares.map(({ trials, events }) => ({ trials, events: events[i] ?? 0 })),
        );
        return { low: low / rate, high: high / rate };
      }),
      comparisons: this.#different,
      missedBefore: this.#missed.before / this.#missed.trials,
      missedAfter: this.#missed.after / this.#missed.trials,
      positive: this.#searches.positive / this.#searches.trials / 1e-2,
    };
  }

  /** A stranger's pictures with a reference are other comparisons than the other way round. */
  #meet(stranger: Person, person: Person): void {
    const pair = `${stranger.name}\n${person.name}`;
    if (this.#pairs.has(pair)) return;
    this.#pairs.add(pair);
    this.#different += stranger.probes.length;
  }

  #compare(stranger: string, person: string, score: number, { now, then }: Thresholds): void {
    this.#comparisons += 1;
    const own = [this.#share(stranger), this.#share(person)];
    for (const share of own) share.trials += 1;
    for (const i of RATES.keys()) {
      if (score >= then[i]) this.#before[i] += 1;
      if (score < now[i]) continue;
      this.#after[i] += 1;
      for (const share of own) share.events[i] += 1;
    }
  }

  #share(name: string): { trials: number; events: number[] } {
    const share = this.#shares.get(name) ?? { trials: 0, events: RATES.map(() => 0) };
    this.#shares.set(name, share);
    return share;
  }
}
