import type { ErrorCode } from '../common/index.ts';

/** States of a door. */
export const DOOR_STATES = ['locked', 'unlocked', 'open', 'held_open', 'forced_open', 'fault'] as const;
export type DoorState = (typeof DOOR_STATES)[number];

/** Position told by the door contact. */
export type DoorPosition = 'open' | 'closed';

/** What can fail at a door: one of its lines, or the exit button itself (pressed for too long). */
export type FaultSource = 'relay' | 'contact' | 'rex' | 'rex_button';

/** Something at a door that does not work at present. */
export interface DoorFault {
  readonly source: FaultSource;
  readonly code: ErrorCode;
  readonly message: string;
}

/** A door at one moment. `contact` is null without a contact, or while it cannot be read. */
export interface DoorStatus {
  readonly door: string;
  readonly state: DoorState;
  readonly relay: 'on' | 'off';
  readonly contact: DoorPosition | null;
  readonly faults: readonly DoorFault[];
}

/** Why the relay was energised. A closed list: no unlock without one of these. */
export type UnlockCause =
  | { readonly kind: 'grant'; readonly decisionId: string; readonly personId: string }
  | { readonly kind: 'rex' }
  | { readonly kind: 'remote'; readonly by: string };

/** What happened at a door; becomes an event in the journal. */
export type DoorEvent =
  | {
      readonly type: 'unlocked';
      readonly door: string;
      readonly cause: UnlockCause;
      /** Unlock time in milliseconds, counted from the cause; a further cause extends it, the opening of the door may end it, a button held down outlasts it. */
      readonly relayMs: number;
      /** When the relay was energised, milliseconds of CLOCK_MONOTONIC; when this cause came, if the relay was energised already. */
      readonly relayAt: number;
    }
  | { readonly type: 'locked'; readonly door: string }
  | { readonly type: 'opened'; readonly door: string }
  | { readonly type: 'closed'; readonly door: string }
  | { readonly type: 'held_open'; readonly door: string; readonly openForMs: number }
  | { readonly type: 'forced_open'; readonly door: string }
  | { readonly type: 'rex'; readonly door: string }
  | { readonly type: 'fault'; readonly door: string; readonly code: ErrorCode; readonly message: string }
  | { readonly type: 'fault_cleared'; readonly door: string }
  | { readonly type: 'alarm_cleared'; readonly door: string; readonly alarm: 'held_open' | 'forced_open' };
