import type { Shadows } from './input-raiser.ts';

/** Of the frames in a row in which nobody is found, the first and then every eighth is looked at a second time: some twice a second at 15 fps. */
export const EVERY = 8;

/** From this part of a picture in shadow on faces are looked for there, ... */
const SHADOWED = 0.1;
/** ... and from this one on in noise as well. */
const DARK = 0.9;

/**
 * How a frame is looked at again: with a margin around it, for faces cut by the border or too near; its shadows raised; its shadows
 * raised and smoothed.
 */
export type SecondWay = 'wider' | 'raised' | 'smoothed';

/** Decides which frames are looked at a second time, and how: one way after the other, and the one that found somebody as long as it does. */
export class SecondLook {
  /** Frames in a row in which nobody was found. */
  #empty = 0;
  #turn = 0;
  #found = false;

  /** Whether a frame in which the first look found nobody is looked at again. */
  get due(): boolean {
    return this.#empty % EVERY === 0;
  }

  /** How, by the light of the frame. */
  way({ part }: Shadows): SecondWay {
    const ways = waysFor(part);
    return ways[this.#turn % ways.length];
  }

  /** What the second look came to. A way that found somebody has another try before it is the next one's turn. */
  looked(found: boolean): void {
    if (!found && !this.#found) this.#turn++;
    this.#found = found;
  }

  /** What the frame came to after all looks. */
  frame(found: boolean): void {
    this.#empty = found ? 0 : this.#empty + 1;
  }
}

/** The ways that take turns at a picture of which this part lies in shadow. The shadows raised stand in the same place, so that their turn stays theirs at the border of both. */
export function waysFor(part: number): readonly SecondWay[] {
  if (part >= DARK) return ['smoothed', 'raised'];
  return part >= SHADOWED ? ['wider', 'raised'] : ['wider'];
}
