import type { ErrorCode } from '../common/index.ts';

/** States of a door. */
export const DOOR_STATES = ['locked', 'unlocked', 'open', 'held_open', 'forced_open', 'fault'] as const;
export type DoorState = (typeof DOOR_STATES)[number];

/** Why the relay was energised. A closed list: no unlock without one of these. */
export type UnlockCause =
  | { readonly kind: 'grant'; readonly decisionId: string; readonly personId: string }
  | { readonly kind: 'rex' }
  | { readonly kind: 'remote'; readonly by: string };

/** What happened at a door; becomes an event in the journal. */
export type DoorEvent =
  | { readonly type: 'unlocked'; readonly door: string; readonly cause: UnlockCause; readonly relayMs: number }
  | { readonly type: 'locked'; readonly door: string }
  | { readonly type: 'opened'; readonly door: string }
  | { readonly type: 'closed'; readonly door: string }
  | { readonly type: 'held_open'; readonly door: string; readonly openForMs: number }
  | { readonly type: 'forced_open'; readonly door: string }
  | { readonly type: 'rex'; readonly door: string }
  | { readonly type: 'fault'; readonly door: string; readonly code: ErrorCode; readonly message: string }
  | { readonly type: 'fault_cleared'; readonly door: string }
  | { readonly type: 'alarm_cleared'; readonly door: string; readonly alarm: 'held_open' | 'forced_open' };
