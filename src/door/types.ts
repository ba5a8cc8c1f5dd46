import type { ErrorCode } from '../common/index.ts';

/** States of a door. */
export const DOOR_STATES = [
  'locked',
  'unlocked',
  'remain_open',
  'open',
  'held_open',
  'forced_open',
  'fault',
] as const;
export type DoorState = (typeof DOOR_STATES)[number];

/** Position told by the door contact. */
export type DoorPosition = 'open' | 'closed';

/** Alarm of a door; it stands until the door is seen closed, or somebody clears it. */
export type DoorAlarm = 'held_open' | 'forced_open';

/** A line that the machine of a door is told about. */
export type DoorLine = 'relay' | 'contact' | 'rex';

/** What can fail at a door: a line, the exit button (pressed for too long), or the door (it never opens when unlocked). */
export type FaultSource = DoorLine | 'rex_button' | 'door';

/** Something at a door that does not work at present. */
export interface DoorFault {
  readonly source: FaultSource;
  readonly code: ErrorCode;
  readonly message: string;
}

/** Somebody ordered it from afar. `command`: the event of the order, where there is one. */
export interface RemoteCause {
  readonly kind: 'remote';
  readonly by: string;
  readonly command?: string;
}

/** Why somebody may pass once. */
export type PassCause =
  | { readonly kind: 'grant'; readonly decisionId: string; readonly personId: string }
  | { readonly kind: 'rex' }
  | RemoteCause;

/** Why a door remains open until told otherwise. `by` of an emergency is the id of the fire input, or who raised it. */
export type HoldCause =
  | { readonly kind: 'schedule'; readonly schedule: string }
  | RemoteCause
  | { readonly kind: 'firstPerson'; readonly decisionId: string; readonly personId: string }
  | { readonly kind: 'emergency'; readonly by: string };
export type HoldKind = HoldCause['kind'];

/** Why the door was unlocked. A closed list: no unlock without one of these. */
export type UnlockCause = PassCause | HoldCause;

/** Why a hold ended: told to (`endHold`), its time was over, `release`, or a lockdown. */
export type HoldEnd = 'ended' | 'time' | 'released' | 'lockdown';

/** A door at one moment. */
export interface DoorStatus {
  readonly door: string;
  readonly state: DoorState;
  /** What the relay is told to do with the lock. */
  readonly lock: 'locked' | 'unlocked';
  /** Whether the relay is energised for that; which of the two it is depends on the wiring. */
  readonly relay: 'on' | 'off';
  /** Null without a contact, or while it cannot be read. */
  readonly contact: DoorPosition | null;
  /** The door has been open for so long that the held-open alarm is near. */
  readonly heldOpenWarning: boolean;
  /** What makes the door remain open; a lockdown suspends all but an emergency. */
  readonly holds: readonly HoldCause[];
  readonly lockdown: boolean;
  readonly faults: readonly DoorFault[];
}

/** What happened at a door; becomes an event in the journal. */
export type DoorEvent =
  | {
      readonly type: 'unlocked';
      readonly door: string;
      readonly cause: UnlockCause;
      /** Milliseconds that the relay unlocks, counted from the cause; a further cause extends it, the opening of the door may end it, a button held down outlasts it. Null for a hold: until it ends. */
      readonly relayMs: number | null;
      /** The extended unlock time was asked for. */
      readonly extended: boolean;
      /** When the relay was switched, milliseconds of CLOCK_MONOTONIC; when this cause came, if it was switched already. */
      readonly relayAt: number;
    }
  | { readonly type: 'locked'; readonly door: string }
  | { readonly type: 'opened'; readonly door: string }
  | { readonly type: 'closed'; readonly door: string }
  | { readonly type: 'held_open_warning'; readonly door: string; readonly openForMs: number }
  | { readonly type: 'held_open'; readonly door: string; readonly openForMs: number }
  | { readonly type: 'forced_open'; readonly door: string }
  | {
      readonly type: 'alarm_cleared';
      readonly door: string;
      readonly alarm: DoorAlarm;
      /** Who cleared it; null when the door was closed. */
      readonly by: string | null;
    }
  | {
      readonly type: 'hold';
      readonly door: string;
      readonly cause: HoldCause;
      /** Milliseconds after which it ends by itself; null for never. */
      readonly forMs: number | null;
    }
  | { readonly type: 'hold_ended'; readonly door: string; readonly kind: HoldKind; readonly why: HoldEnd }
  | { readonly type: 'rex'; readonly door: string }
  | { readonly type: 'fault'; readonly door: string; readonly code: ErrorCode; readonly message: string }
  | { readonly type: 'fault_cleared'; readonly door: string };
