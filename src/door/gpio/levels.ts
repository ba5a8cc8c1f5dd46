import type { Level } from './driver.ts';

/** The only place that knows what a level means; docs/reference/door.md shows the wiring. */

/** Level that energises the relay, and level that releases it. */
export function relayLevel(energised: boolean, activeLow: boolean): Level {
  return energised !== activeLow ? 1 : 0;
}

/**
 * Level of a dry contact between the line and ground, with a pull-up: closed pulls it low. A cut wire
 * reads as an open contact.
 */
export function contactLevel(contact: 'open' | 'closed'): Level {
  return contact === 'closed' ? 0 : 1;
}
