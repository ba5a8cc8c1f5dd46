import type { DoorConfig } from '../config/index.ts';

/** What the state machine needs to know of a door; times in milliseconds. */
export interface DoorSettings {
  readonly door: string;
  readonly unlockMs: number;
  /** Not below `unlockMs`. */
  readonly extendedUnlockMs: number;
  /** The relay unlocks for this long at each cause, and the door may be opened for the unlock time; 0: it unlocks for all of that time. */
  readonly pulseMs: number;
  readonly relockOnOpen: boolean;
  /** 0 is off. */
  readonly heldOpenMs: number;
  /** Held-open time of an opening with the extended unlock time; not below `heldOpenMs`, 0 is off. */
  readonly extendedHeldOpenMs: number;
  /** The warning comes this long before the held-open alarm; 0 is off. */
  readonly heldOpenWarningLeadMs: number;
  /** After so many unlocks in a row in which the door never opened, the next one is a fault; 0 is off. */
  readonly stuckAfter: number;
  /** 0 is off. */
  readonly rexStuckMs: number;
  /** For this long after the door was locked, or after it fell closed, an opening still belongs to the unlock before. */
  readonly openGraceMs: number;
  /** For this long (1 or more) after the relay failed, a press of the exit button that is over still wants it. */
  readonly rexRetryMs: number;
}

/**
 * A hand that pulled the handle in the last moment of the unlock time moves the contact a little later,
 * and a door that falls shut rebounds; both took less than a second in use, and neither is a break-in.
 */
const OPEN_GRACE_MS = 1000;

/** Long enough for three tries (after 250, 750 and 1750 ms); whoever pressed has then seen that the door stays locked. */
const REX_RETRY_MS = 3000;

/** The machine's settings out of a door's configuration. */
export function doorSettings(config: DoorConfig): DoorSettings {
  const { heldOpenMs, extended } = config;
  const warningMs = config.heldOpenWarningMs ?? Math.round((heldOpenMs * 2) / 3);
  return {
    door: config.id,
    unlockMs: config.unlockMs,
    extendedUnlockMs: Math.max(config.unlockMs, extended.unlockMs),
    pulseMs: config.relay.pulseMs,
    relockOnOpen: config.relockOnOpen,
    heldOpenMs,
    extendedHeldOpenMs: heldOpenMs === 0 ? 0 : Math.max(heldOpenMs, extended.heldOpenMs),
    heldOpenWarningLeadMs: warningMs === 0 ? 0 : Math.max(0, heldOpenMs - warningMs),
    stuckAfter: config.contact === undefined ? 0 : config.stuckAfter,
    rexStuckMs: config.rex?.stuckMs ?? 0,
    openGraceMs: OPEN_GRACE_MS + (config.contact?.debounceMs ?? 0),
    rexRetryMs: REX_RETRY_MS,
  };
}
