import type { DoorEvent, PassCause } from './types.ts';

/** What a lane remembers between two events of its door. */
export interface TurnstileMemory {
  /** Unlocks that nobody has used yet, oldest first. */
  readonly unused: readonly PassCause[];
  /** Somebody is in the lane. */
  readonly passing: boolean;
  /** The door remains open: everybody may pass. */
  readonly holds: number;
  /** What the last passage was for. */
  readonly last: PassCause | null;
}

export type TurnstileFinding =
  /** Somebody passed for this cause. */
  | { readonly type: 'passage'; readonly cause: PassCause }
  /** Somebody passed for whom nothing was unlocked; `after` is what the one before was let through by. */
  | { readonly type: 'tailgating'; readonly after: PassCause | null };

/** `late`: whoever was to pass before the door was locked has not come. */
export type TurnstileInput = DoorEvent | { readonly type: 'late' };

export const EMPTY_LANE: TurnstileMemory = { unused: [], passing: false, holds: 0, last: null };

/**
 * One step of a lane whose passage sensor stands in the place of the door contact: one passage for each unlock, and a
 * second one in the same unlock is a tailgater. Pure.
 */
export function turnstile(
  memory: TurnstileMemory,
  input: TurnstileInput,
): { readonly memory: TurnstileMemory; readonly found: TurnstileFinding | null } {
  const become = (change: Partial<TurnstileMemory>) => ({ memory: { ...memory, ...change }, found: null });
  switch (input.type) {
    case 'unlocked':
      return isPass(input.cause) ? become({ unused: [...memory.unused, input.cause] }) : become({});
    case 'hold':
      return become({ holds: memory.holds + 1 });
    case 'hold_ended':
      return become({ holds: Math.max(0, memory.holds - 1) });
    case 'opened':
    case 'forced_open':
      return passes(memory);
    case 'closed':
      return become({ passing: false });
    case 'late':
      return become({ unused: [] });
    default:
      return become({});
  }
}

/** Nobody else is let in while somebody passes, or is about to. */
export function laneIsBusy({ passing, unused }: TurnstileMemory): boolean {
  return passing || unused.length > 0;
}

function passes(memory: TurnstileMemory) {
  const [cause, ...unused] = memory.unused;
  if (cause !== undefined) {
    const found = { type: 'passage', cause } as const;
    return { memory: { ...memory, unused, passing: true, last: cause }, found };
  }
  const found = memory.holds > 0 ? null : ({ type: 'tailgating', after: memory.last } as const);
  return { memory: { ...memory, passing: true }, found };
}

function isPass(cause: (DoorEvent & { type: 'unlocked' })['cause']): cause is PassCause {
  return cause.kind === 'grant' || cause.kind === 'rex' || cause.kind === 'remote';
}
