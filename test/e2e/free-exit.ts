import { expect } from 'vitest';
import { CONTACT, type Edge, type House, REX } from './house.ts';

export const FIRE = 40;
export const KEY = 41;
/** Behind the configuration of a house: a fire input and the key that resets it. */
export const ALARM_INPUTS = `inputs:
  - { id: panel, kind: fire, line: { driver: simulated, line: ${FIRE} } }
  - { id: key, kind: fire_reset, line: { driver: simulated, line: ${KEY} } }
`;

/** What REX and fire have. */
export const LIMIT_MS = 50;
/** A busy machine's timers and event loop, in a single case; the median must keep the limit itself. */
export const SLACK_MS = 200;

/** Milliseconds from the edge at the input to the relay, both by the clock of the driver. */
export interface Reaction {
  readonly what: 'rex' | 'fire';
  readonly ms: number;
}

/** Presses the exit button, lets it go and waits until the door is locked again. */
export async function pressRex(house: House): Promise<Reaction> {
  await house.released();
  const at = await house.driveAt(REX, 0);
  const on = await house.relay(1, at, 3000);
  house.drive(REX, 1);
  await house.relay(0, on.at, 5000);
  return reaction('rex', at, on);
}

/** Raises a fire alarm, sees that it stays, clears and resets it, and waits until the door is locked again. */
export async function fireAlarm(house: House, unlockMs: number): Promise<Reaction> {
  await house.released();
  const at = await house.driveAt(FIRE, 1);
  const on = await house.relay(1, at, 3000);
  house.drive(FIRE, 0);
  // Opening, closing and the unlock time end nothing.
  house.drive(CONTACT, 1);
  await new Promise((resolve) => setTimeout(resolve, unlockMs + 100));
  house.drive(CONTACT, 0);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(house.edges.filter((edge) => edge.at > on.at)).toEqual([]);
  const key = await house.driveAt(KEY, 0);
  await house.relay(0, key, 3000);
  house.drive(KEY, 1);
  return reaction('fire', at, on);
}

function reaction(what: Reaction['what'], at: number, on: Edge): Reaction {
  const ms = on.at - at;
  expect(ms, `${what} to relay`).toBeGreaterThan(0);
  expect(ms, `${what} to relay`).toBeLessThan(LIMIT_MS + SLACK_MS);
  return { what, ms };
}
