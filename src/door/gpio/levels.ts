import type { Level } from './driver.ts';

/** The only place that knows what a level means; docs/reference/door.md shows the wiring. */

/** How the relay of a door is wired. */
export interface RelayWiring {
  /** A low level energises it. */
  readonly activeLow: boolean;
  /** What it does to the lock when it is energised. */
  readonly energised: 'unlocks' | 'locks';
}

/** Whether the relay is energised when the door is unlocked, or locked. */
export function isEnergised(unlocked: boolean, { energised }: RelayWiring): boolean {
  return unlocked === (energised === 'unlocks');
}

/** Level that unlocks the door, and level that locks it. */
export function lockLevel(unlocked: boolean, wiring: RelayWiring): Level {
  return isEnergised(unlocked, wiring) !== wiring.activeLow ? 1 : 0;
}

/**
 * Level of a dry contact between the line and ground, with a pull-up: closed pulls it low. A cut wire
 * reads as an open contact.
 */
export function contactLevel(contact: 'open' | 'closed'): Level {
  return contact === 'closed' ? 0 : 1;
}

/** What the two lines of a changeover contact tell together. */
export type PairState = 'idle' | 'active' | 'short' | 'cut';

/**
 * One contact of a changeover contact is closed and the other open, never both: both low is a short between the
 * wires, both high a cut. `normally` is the contact at `level`; the one at `second` is its opposite.
 */
export function pairState(level: Level, second: Level, normally: 'open' | 'closed'): PairState {
  if (level === second) return level === 0 ? 'short' : 'cut';
  return level === contactLevel(normally) ? 'idle' : 'active';
}
