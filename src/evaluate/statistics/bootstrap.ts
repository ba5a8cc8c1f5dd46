/** Draws of the bootstrap: enough for bounds of 95 % to be steady in the second digit (Efron and Tibshirani 1993). */
const DRAWS = 1000;

/** Bounds of 95 % of a figure. */
export interface Bounds {
  readonly low: number;
  readonly high: number;
}

/**
 * Bounds of a ratio of sums over people by drawing people, not comparisons (ISO/IEC 19795-1, 8.6): comparisons of one
 * person depend on each other. `groups`: events and trials of each person. The same groups give the same bounds.
 */
export function bootstrapRate(
  groups: readonly { readonly events: number; readonly trials: number }[],
): Bounds {
  if (groups.length === 0) return { low: Number.NaN, high: Number.NaN };
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
  draws.sort();
  return { low: draws[Math.floor(0.025 * DRAWS)] ?? 0, high: draws[Math.ceil(0.975 * DRAWS) - 1] ?? 1 };
}

/** Numbers in 0..1 (mulberry32): the same for the same seed, so that a report can be made again. */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
