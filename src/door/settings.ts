import type { DoorConfig } from '../config/index.ts';

/** What the state machine needs to know of a door; times in milliseconds. */
export interface DoorSettings {
  readonly door: string;
  readonly unlockMs: number;
  readonly relockOnOpen: boolean;
  /** 0 is off. */
  readonly heldOpenMs: number;
  /** 0 is off. */
  readonly rexStuckMs: number;
  /** For this long after the relay was released, or after the door fell closed, an opening still belongs to the unlock before. */
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
  return {
    door: config.id,
    unlockMs: config.unlockMs,
    relockOnOpen: config.relockOnOpen,
    heldOpenMs: config.heldOpenMs,
    rexStuckMs: config.rex?.stuckMs ?? 0,
    openGraceMs: OPEN_GRACE_MS + (config.contact?.debounceMs ?? 0),
    rexRetryMs: REX_RETRY_MS,
  };
}
