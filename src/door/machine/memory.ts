import type { ErrorCode } from '../../common/index.ts';
import type {
  DoorAlarm,
  DoorFault,
  DoorLine,
  DoorPosition,
  DoorState,
  HoldCause,
  HoldKind,
  PassCause,
} from '../types.ts';

/** Somebody may pass. Times are milliseconds of one monotonic clock. */
export interface Pass {
  /** An opening before this time belongs to it. */
  readonly until: number;
  /** The relay unlocks up to here: to the end, or for a pulse; null when that is over. */
  readonly relayUntil: number | null;
}

/** The door remains open. */
export interface Hold {
  readonly cause: HoldCause;
  /** When it ends by itself; null for never. */
  readonly until: number | null;
}

/** All that a door remembers between two inputs. */
export interface DoorMemory {
  /** The relay is to unlock. */
  readonly unlocked: boolean;
  /** Of the last grants and remote openings; null when there is none running. */
  readonly grant: Pass | null;
  /** Of the last press of the exit button. */
  readonly rex: Pass | null;
  /** Since when the exit button is pressed. */
  readonly rexSince: number | null;
  /** The pressed button keeps the door unlocked: not stuck, and not ended by `release`. */
  readonly rexHolds: boolean;
  /** One of each kind at most. */
  readonly holds: readonly Hold[];
  /** Suspends every hold but that of an emergency. */
  readonly lockdown: boolean;
  readonly contact: DoorPosition | null;
  /** Since when the door is open, as far as the contact was ever readable; null when last seen closed. */
  readonly openedAt: number | null;
  /** When the open door becomes an alarm. */
  readonly heldOpenAt: number | null;
  /** The warning before that alarm was given. */
  readonly warned: boolean;
  /** Up to here an opening belongs to the last unlock although the door is locked. */
  readonly passUntil: number;
  /** Up to here an opening gets the extended held-open time. */
  readonly extendedUntil: number;
  /** Unlocks in a row in which the door, seen closed at their beginning, never opened. */
  readonly unopened: number;
  /** Stays until the door is seen closed, or it is cleared. */
  readonly alarm: DoorAlarm | null;
  readonly faults: readonly DoorFault[];
}

export type DoorInput =
  | { readonly type: 'unlock'; readonly cause: PassCause; readonly extended: boolean }
  /** `forMs`: it ends by itself after so long; null for never. */
  | { readonly type: 'hold'; readonly cause: HoldCause; readonly forMs: number | null }
  | { readonly type: 'end_hold'; readonly kind: HoldKind }
  | { readonly type: 'lockdown'; readonly active: boolean }
  | { readonly type: 'clear_alarm'; readonly by: string }
  | { readonly type: 'contact'; readonly position: DoorPosition }
  | { readonly type: 'rex'; readonly pressed: boolean }
  | { readonly type: 'tick' }
  | {
      readonly type: 'line_fault';
      readonly line: DoorLine;
      readonly code: ErrorCode;
      readonly message: string;
    }
  | { readonly type: 'line_ok'; readonly line: DoorLine }
  /** Ends every unlock at once, that of a pressed button too, and every hold but that of an emergency. */
  | { readonly type: 'release' };

/** A door just started: locked, nothing known of contact and button. */
export const INITIAL_MEMORY: DoorMemory = {
  unlocked: false,
  grant: null,
  rex: null,
  rexSince: null,
  rexHolds: false,
  holds: [],
  lockdown: false,
  contact: null,
  openedAt: null,
  heldOpenAt: null,
  warned: false,
  passUntil: Number.NEGATIVE_INFINITY,
  extendedUntil: Number.NEGATIVE_INFINITY,
  unopened: 0,
  alarm: null,
  faults: [],
};

/** The holds that keep the door unlocked now. */
export function actingHolds(memory: DoorMemory): readonly Hold[] {
  return memory.holds.filter(({ cause }) => cause.kind === 'emergency' || !memory.lockdown);
}

/** An opening at this moment is in order without the grace. */
export function mayOpen({ unlocked, grant, rex }: DoorMemory): boolean {
  return unlocked || grant !== null || rex !== null;
}

/** The state told to the outside. An alarm outranks a fault, a fault outranks the rest. */
export function stateOf(memory: DoorMemory): DoorState {
  if (memory.alarm !== null) return memory.alarm;
  if (memory.faults.length > 0) return 'fault';
  if (actingHolds(memory).length > 0) return 'remain_open';
  if (memory.contact === 'open') return 'open';
  return memory.unlocked ? 'unlocked' : 'locked';
}
