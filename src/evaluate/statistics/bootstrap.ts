import { mulberry32 } from '../../common/index.ts';
import { rateOf } from './binomial.ts';

/** Draws of the bootstrap: enough for bounds of 95 % to be steady in the second digit (Efron and Tibshirani 1993). */
const DRAWS = 1000;

/** Of fewer people nothing can be drawn. */
const FEWEST_PEOPLE = 5;

const NONE: Bounds = { low: Number.NaN, high: Number.NaN };

/** Bounds of 95 % of a figure. */
export interface Bounds {
  readonly low: number;
  readonly high: number;
}

/**
 * Bounds of a ratio of sums over people by drawing people, not comparisons (ISO/IEC 19795-1, 8.6): comparisons of one
 * person depend on each other. The same people give the same bounds; NaN for fewer than five.
 */
export function bootstrapRate(everybody: readonly Share[]): Bounds {
  const groups = everybody.filter(({ trials }) => trials > 0);
  if (groups.length < FEWEST_PEOPLE) return NONE;
  const extreme = withoutErrors(groups, groups.length);
  if (extreme !== null) return { low: extreme.low, high: extreme.high };
  const random = mulberry32(1);
  const draws = new Float64Array(DRAWS);
  for (let draw = 0; draw < DRAWS; draw++) {
    let events = 0;
    let trials = 0;
    for (let i = 0; i < groups.length; i++) {
      const group = groups[Math.floor(random() * groups.length)];
      events += group.events;
      trials += group.trials;
    }
    draws[draw] = trials === 0 ? 0 : events / trials;
  }
  return quantiles(draws);
}

/**
 * Where nobody or everybody erred, drawing people says nothing: the exact bounds for so many independent people. Null
 * otherwise.
 */
function withoutErrors(groups: readonly Share[], independent: number): Bounds | null {
  if (groups.every(({ events }) => events === 0)) return rateOf(0, independent);
  if (groups.every(({ events, trials }) => events === trials)) return rateOf(independent, independent);
  return null;
}

function quantiles(draws: Float64Array): Bounds {
  draws.sort();
  return { low: draws[Math.floor(0.025 * DRAWS)] ?? 0, high: draws[Math.ceil(0.975 * DRAWS) - 1] ?? 1 };
}

/** Events and trials that a person takes part in. */
export interface Share {
  readonly events: number;
  readonly trials: number;
}

/** Every person's part in trials of one person each. */
export function sharesOf<T extends { readonly person: string | number }>(
  trials: readonly T[],
  isEvent: (trial: T) => boolean,
): Share[] {
  const people = new Map<string | number, Share>();
  for (const trial of trials) {
    const own = people.get(trial.person) ?? { events: 0, trials: 0 };
    people.set(trial.person, {
      events: own.events + (isEvent(trial) ? 1 : 0),
      trials: own.trials + 1,
    });
  }
  return [...people.values()];
}

/**
 * Bounds of a rate over comparisons of two people each, by drawing people: a comparison counts as often as the one and
 * as the other were drawn, less one (the bootstrap of a U-statistic in first order, Arcones and Giné 1992), so that
 * each person's own shares suffice. The same shares give the same bounds; NaN for fewer than five people.
 */
export function bootstrapPairRate(everybody: readonly Share[]): Bounds {
  const people = everybody.filter(({ trials }) => trials > 0);
  if (people.length < FEWEST_PEOPLE) return NONE;
  // Pairs that share nobody are independent.
  const extreme = withoutErrors(people, Math.floor(people.length / 2));
  if (extreme !== null) return { low: extreme.low, high: extreme.high };
  const all = people.reduce(
    (sum, { events, trials }) => ({ events: sum.events + events / 2, trials: sum.trials + trials / 2 }),
    { events: 0, trials: 0 },
  );
  const random = mulberry32(1);
  const draws = Float64Array.from({ length: DRAWS }, () => {
    let events = -all.events;
    let trials = -all.trials;
    for (let i = 0; i < people.length; i++) {
      const person = people[Math.floor(random() * people.length)];
      events += person.events;
      trials += person.trials;
    }
    return trials <= 0 ? 0 : Math.min(1, Math.max(0, events / trials));
  });
  return quantiles(draws);
}
