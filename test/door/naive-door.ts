import type { DoorInput } from '../../src/door/machine.ts';
import type { DoorSettings } from '../../src/door/settings.ts';
import type { HoldKind } from '../../src/door/types.ts';

/** An input and its time, a whole number of milliseconds. */
export interface Timed {
  readonly at: number;
  readonly input: DoorInput;
}

/**
 * The door told a second time, the slow way: every answer is worked out of the whole history by looking
 * backward through it, one millisecond after the other; little but the history is remembered. Shares no
 * code with the machine.
 */

const isCause = (history: readonly Timed[], index: number): boolean => {
  const input = history[index]?.input;
  if (input?.type === 'unlock') return true;
  return input?.type === 'rex' && input.pressed && !pressed(history.slice(0, index));
};

/** The button is pressed, as far as its line has told. */
function pressed(history: readonly Timed[]): boolean {
  const last = history.findLast(
    ({ input }) => input.type === 'rex' || (input.type === 'line_fault' && input.line === 'rex'),
  );
  return last?.input.type === 'rex' && last.input.pressed;
}

/** Position last told, unless the contact failed since. */
export function position(history: readonly Timed[]): 'open' | 'closed' | null {
  const last = history.findLast(
    ({ input }) => input.type === 'contact' || (input.type === 'line_fault' && input.line === 'contact'),
  );
  return last?.input.type === 'contact' ? last.input.position : null;
}

const opensAt = (history: readonly Timed[], index: number): boolean => {
  const input = history[index]?.input;
  return (
    input?.type === 'contact' && input.position === 'open' && position(history.slice(0, index)) === 'closed'
  );
};

const closesAt = (history: readonly Timed[], index: number): boolean => {
  const input = history[index]?.input;
  return (
    input?.type === 'contact' && input.position === 'closed' && position(history.slice(0, index)) === 'open'
  );
};

function lockdown(history: readonly Timed[]): boolean {
  const last = history.findLast(({ input }) => input.type === 'lockdown')?.input;
  return last?.type === 'lockdown' && last.active;
}

/** Somebody may pass: an unlock of the past still counts. `part`: for the whole unlock time, or as far as the relay unlocks. */
function passRuns(
  history: readonly Timed[],
  now: number,
  settings: DoorSettings,
  part: 'pass' | 'relay',
): boolean {
  return history.some(({ at, input }, index) => {
    if (!isCause(history, index)) return false;
    const whole = input.type === 'unlock' && input.extended ? settings.extendedUnlockMs : settings.unlockMs;
    const ms = part === 'relay' && settings.pulseMs > 0 ? Math.min(settings.pulseMs, whole) : whole;
    if (now >= at + ms) return false;
    return history.every((entry, later) => {
      if (later <= index) return true;
      if (entry.input.type === 'release' || (settings.relockOnOpen && opensAt(history, later))) return false;
      if (input.type !== 'rex' && closesAt(history, later)) return false;
      const locksDown =
        entry.input.type === 'lockdown' && entry.input.active && !lockdown(history.slice(0, later));
      if (input.type !== 'rex' && locksDown) return false;
      if (entry.input.type !== 'line_fault' || entry.input.line !== 'relay') return true;
      // Somebody who pressed the exit button may still be waiting a little later; nobody else is.
      return input.type === 'rex' && now < entry.at + settings.rexRetryMs;
    });
  });
}

/** The door is held by an order of this kind. */
function held(history: readonly Timed[], now: number, kind: HoldKind): boolean {
  const mayNotOutlast = kind === 'remote' || kind === 'firstPerson';
  const index = history.findLastIndex(
    ({ input }, at) =>
      input.type === 'hold' &&
      input.cause.kind === kind &&
      !(mayNotOutlast && lockdown(history.slice(0, at))),
  );
  const order = history[index];
  if (order?.input.type !== 'hold') return false;
  if (order.input.forMs !== null && now >= order.at + order.input.forMs) return false;
  return history.slice(index + 1).every(({ input }) => {
    if (input.type === 'end_hold') return input.kind !== kind;
    if (input.type === 'release') return kind === 'emergency';
    return !(input.type === 'lockdown' && input.active && mayNotOutlast);
  });
}

/** Something makes the door remain open now. */
export function remainsOpen(history: readonly Timed[], now: number): boolean {
  if (held(history, now, 'emergency')) return true;
  if (lockdown(history)) return false;
  return (['schedule', 'remote', 'firstPerson'] as const).some((kind) => held(history, now, kind));
}

/** The relay must unlock at `now`, after all of `history`. */
export function unlocks(history: readonly Timed[], now: number, settings: DoorSettings): boolean {
  return (
    passRuns(history, now, settings, 'relay') ||
    holdsByButton(history, now, settings) ||
    remainsOpen(history, now)
  );
}

/** An opening at `now` is in order. */
function mayOpen(history: readonly Timed[], now: number, settings: DoorSettings): boolean {
  return unlocks(history, now, settings) || passRuns(history, now, settings, 'pass');
}

function holdsByButton(history: readonly Timed[], now: number, settings: DoorSettings): boolean {
  if (!pressed(history)) return false;
  const start = history.findLastIndex(({ input }, index) => input.type === 'rex' && isCause(history, index));
  const since = history[start]?.at ?? Number.NaN;
  const released = history.some(({ input }, index) => index > start && input.type === 'release');
  return !released && (settings.rexStuckMs === 0 || now < since + settings.rexStuckMs);
}

/** The button has been pressed for too long. */
function buttonStuck(history: readonly Timed[], now: number, settings: DoorSettings): boolean {
  const start = history.findLastIndex(({ input }, index) => input.type === 'rex' && isCause(history, index));
  const since = history[start]?.at ?? Number.NaN;
  const released = history.findIndex(({ input }, index) => index > start && input.type === 'release');
  const releasedAt = history[released]?.at ?? Number.POSITIVE_INFINITY;
  const due = since + settings.rexStuckMs;
  return pressed(history) && settings.rexStuckMs > 0 && now >= due && releasedAt >= due;
}

/** The door was unlocked too often without ever opening. */
function doorStuck(history: readonly Timed[], settings: DoorSettings): boolean {
  if (settings.stuckAfter === 0) return false;
  let unlocksInVain = 0;
  let stuck = false;
  history.forEach(({ at, input }, index) => {
    const past = history.slice(0, index);
    if (input.type === 'line_fault' && input.line !== 'rex') unlocksInVain = 0;
    if (input.type === 'contact' && input.position === 'open' && position(past) !== 'open') {
      unlocksInVain = 0;
      stuck = false;
    }
    if (!isCause(history, index) || position(past) !== 'closed' || mayOpen(past, at, settings)) return;
    if (unlocksInVain >= settings.stuckAfter) stuck = true;
    unlocksInVain += 1;
  });
  return stuck;
}

function lineFaults(history: readonly Timed[]): boolean {
  return (['relay', 'contact', 'rex'] as const).some(
    (line) =>
      history.findLast(
        ({ input }) => (input.type === 'line_fault' || input.type === 'line_ok') && input.line === line,
      )?.input.type === 'line_fault',
  );
}

/** What an onlooker with a stopwatch would have written down. */
export interface Observation {
  readonly at: number;
  /** Inputs seen so far. */
  readonly seen: number;
  readonly lock: 'unlocked' | 'locked';
  readonly state: string;
}
export interface Alarm {
  readonly at: number;
  readonly type: 'forced_open' | 'held_open' | 'held_open_warning';
}
export interface Naive {
  readonly observations: readonly Observation[];
  readonly alarms: readonly Alarm[];
}

/** Goes through time millisecond by millisecond, looking before and after each input. */
export function observe(history: readonly Timed[], until: number, settings: DoorSettings): Naive {
  const observations: Observation[] = [];
  const alarms: Alarm[] = [];
  let alarm: 'forced_open' | 'held_open' | null = null;
  let before = { mayOpen: false, remains: false };
  let lastOff = Number.NEGATIVE_INFINITY;
  let lastPassage = Number.NEGATIVE_INFINITY;
  /** The open door began to count here, and which inputs came after that. */
  let counting: { readonly at: number; readonly from: number } | null = null;
  let warnedFor: number | null = null;
  let seen = 0;

  const count = (at: number) => {
    const past = history.slice(0, seen);
    if (position(past) !== 'open' || alarm !== null || remainsOpen(past, at)) return;
    counting = { at, from: seen };
    warnedFor = null;
  };

  const look = (at: number) => {
    const past = history.slice(0, seen);
    const now = { mayOpen: mayOpen(past, at, settings), remains: remainsOpen(past, at) };
    if (before.mayOpen && !now.mayOpen) lastOff = at;
    if (before.remains && !now.remains) count(at);
    if (now.remains || position(past) !== 'open') counting = null;
    before = now;
    const due = alarm === null && counting !== null ? heldOpenDue(past, counting, settings) : null;
    if (due !== null && at >= due) {
      alarm = 'held_open';
      counting = null;
      alarms.push({ at, type: alarm });
    } else if (due !== null && due !== warnedFor && at >= due - settings.heldOpenWarningLeadMs) {
      if (settings.heldOpenWarningLeadMs > 0) alarms.push({ at, type: 'held_open_warning' });
      warnedFor = due;
    }
    const broken = lineFaults(past) || buttonStuck(past, at, settings) || doorStuck(past, settings);
    const on = unlocks(past, at, settings);
    const place = now.remains
      ? 'remain_open'
      : position(past) === 'open'
        ? 'open'
        : on
          ? 'unlocked'
          : 'locked';
    const state = alarm ?? (broken ? 'fault' : place);
    observations.push({ at, seen, lock: on ? 'unlocked' : 'locked', state });
  };

  for (let at = 0; at <= until; at += 1) {
    look(at);
    while (history[seen]?.at === at) {
      const past = history.slice(0, seen);
      const input = history[seen]?.input;
      const opens = input?.type === 'contact' && input.position === 'open' && position(past) !== 'open';
      if (opensAt(history, seen)) {
        const caused =
          mayOpen(past, at, settings) || at <= Math.max(lastOff, lastPassage) + settings.openGraceMs;
        if (!caused) {
          alarm = 'forced_open';
          alarms.push({ at, type: alarm });
        }
      }
      if (input?.type === 'contact' && input.position === 'closed' && position(past) !== 'closed') {
        const wasOpen = past.findLast((entry) => entry.input.type === 'contact')?.input;
        if (wasOpen?.type === 'contact' && wasOpen.position === 'open' && alarm !== 'forced_open') {
          lastPassage = at;
        }
        alarm = null;
      }
      const cleared = input?.type === 'clear_alarm' && alarm !== null;
      if (cleared) alarm = null;
      seen += 1;
      if (opens || cleared) count(at);
      look(at);
    }
  }
  return { observations, alarms };
}

/** When the open door, counted since `start`, becomes an alarm; null for never. */
function heldOpenDue(
  history: readonly Timed[],
  start: { readonly at: number; readonly from: number },
  settings: DoorSettings,
): number | null {
  if (settings.heldOpenMs === 0) return null;
  const deadline = (at: number, extended: boolean) =>
    at + (extended ? settings.extendedHeldOpenMs : settings.heldOpenMs);
  const causes = history.flatMap(({ at, input }, index) =>
    index >= start.from && isCause(history, index)
      ? [deadline(at, input.type === 'unlock' && input.extended)]
      : [],
  );
  return Math.max(
    deadline(start.at, needsLonger(history.slice(0, start.from), start.at, settings)),
    ...causes,
  );
}

/** Whoever opens now was let in with the extended time, and the door was not closed since. */
function needsLonger(history: readonly Timed[], now: number, settings: DoorSettings): boolean {
  return history.some(
    ({ at, input }, index) =>
      input.type === 'unlock' &&
      input.extended &&
      now <= at + settings.extendedUnlockMs + settings.openGraceMs &&
      !history.some((_, later) => later > index && closesAt(history, later)),
  );
}
