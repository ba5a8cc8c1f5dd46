import type { InputConfig } from '../config/index.ts';

/** A fire alarm, from the moment its input was active until it is reset. */
export interface FireAlarm {
  /** Id of the fire input. */
  readonly input: string;
  /** UTC, ISO 8601. */
  readonly since: string;
  /** The input is active, as far as it was last told. */
  readonly active: boolean;
}

/** Nobody is let in but the people named; exit buttons work. */
export interface Lockdown {
  /** Who ordered it. */
  readonly by: string;
  /** UTC, ISO 8601. */
  readonly since: string;
  /** Ids of people and names of groups that the rules may let in all the same. */
  readonly exempt: readonly string[];
}

/** What outlasts a restart. */
export interface EmergencyState {
  readonly fires: readonly FireAlarm[];
  readonly lockdown: Lockdown | null;
}

export const CALM: EmergencyState = { fires: [], lockdown: null };

/** The input is active: a new alarm, or the one that stands. */
export function fireRaised(state: EmergencyState, input: string, at: string): EmergencyState {
  const since = state.fires.find((fire) => fire.input === input)?.since ?? at;
  return {
    ...state,
    fires: [...state.fires.filter((fire) => fire.input !== input), { input, since, active: true }],
  };
}

/** The input is at rest: its alarm stands until it is reset. */
export function fireCleared(state: EmergencyState, input: string): EmergencyState {
  return {
    ...state,
    fires: state.fires.map((fire) => (fire.input === input ? { ...fire, active: false } : fire)),
  };
}

/** Without the alarm of one input, or of all. */
export function firesReset(state: EmergencyState, input?: string): EmergencyState {
  return { ...state, fires: input === undefined ? [] : state.fires.filter((fire) => fire.input !== input) };
}

/** The fire alarm that opens this door; an alarm whose input is no longer configured opens all. Null for none. */
export function fireAt(
  state: EmergencyState,
  door: string,
  inputs: readonly InputConfig[],
): FireAlarm | null {
  const opens = ({ input }: FireAlarm) => {
    const doors = inputs.find(({ id, kind }) => id === input && kind === 'fire')?.doors;
    return doors === undefined || doors.includes(door);
  };
  return state.fires.find(opens) ?? null;
}
