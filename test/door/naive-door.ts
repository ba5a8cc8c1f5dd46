import type { DoorInput } from '../../src/door/machine.ts';
import type { DoorSettings } from '../../src/door/settings.ts';

/** An input and its time, a whole number of milliseconds. */
export interface Timed {
  readonly at: number;
  readonly input: DoorInput;
}

/**
 * The door told a second time, the slow way: every answer is worked out of the whole history by looking
 * backward through it, one millisecond after the other; nothing but the history is remembered. Shares no
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

/** The relay must be energised at `now`, after all of `history`. */
export function energised(history: readonly Timed[], now: number, settings: DoorSettings): boolean {
  const timed = history.some(({ at, input }, index) => {
    if (!isCause(history, index) || now >= at + settings.unlockMs) return false;
    return history.every((entry, later) => {
      if (later <= index) return true;
      if (entry.input.type === 'release' || (settings.relockOnOpen && opensAt(history, later))) return false;
      if (input.type !== 'rex' && closesAt(history, later)) return false;
      if (entry.input.type !== 'line_fault' || entry.input.line !== 'relay') return true;
      // Somebody who pressed the exit button may still be waiting a little later; nobody else is.
      return input.type === 'rex' && now < entry.at + settings.rexRetryMs;
    });
  });
  return timed || holdsByButton(history, now, settings);
}

function holdsByButton(history: readonly Timed[], now: number, settings: DoorSettings): boolean {
  if (!pressed(history)) return false;
  const start = history.findLastIndex(({ input }, index) => input.type === 'rex' && isCause(history, index));
  const since = history[start]?.at ?? Number.NaN;
  const released = history.some(({ input }, index) => index > start && input.type === 'release');
  return !released && (settings.rexStuckMs === 0 || now < since + settings.rexStuckMs);
}

/** The button has been pressed for too long. */
function stuck(history: readonly Timed[], now: number, settings: DoorSettings): boolean {
  const start = history.findLastIndex(({ input }, index) => input.type === 'rex' && isCause(history, index));
  const since = history[start]?.at ?? Number.NaN;
  const released = history.findIndex(({ input }, index) => index > start && input.type === 'release');
  const releasedAt = history[released]?.at ?? Number.POSITIVE_INFINITY;
  const due = since + settings.rexStuckMs;
  return pressed(history) && settings.rexStuckMs > 0 && now >= due && releasedAt >= due;
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
  readonly relay: 'on' | 'off';
  readonly state: string;
}
export interface Naive {
  readonly observations: readonly Observation[];
  readonly alarms: readonly { readonly at: number; readonly type: 'forced_open' | 'held_open' }[];
}

/** Goes through time millisecond by millisecond, looking before and after each input. */
export function observe(history: readonly Timed[], until: number, settings: DoorSettings): Naive {
  const observations: Observation[] = [];
  const alarms: { at: number; type: 'forced_open' | 'held_open' }[] = [];
  let alarm: 'forced_open' | 'held_open' | null = null;
  let lastOff = Number.NEGATIVE_INFINITY;
  let lastPassage = Number.NEGATIVE_INFINITY;
  let seen = 0;

  const look = (at: number) => {
    const past = history.slice(0, seen);
    const on = energised(past, at, settings);
    if (observations.at(-1)?.relay === 'on' && !on) lastOff = at;
    const due = alarm === null ? heldOpenDue(past, settings) : null;
    if (due !== null && at >= due) {
      alarm = 'held_open';
      alarms.push({ at, type: alarm });
    }
    const broken = lineFaults(past) || stuck(past, at, settings);
    const place = position(past) === 'open' ? 'open' : on ? 'unlocked' : 'locked';
    observations.push({ at, seen, relay: on ? 'on' : 'off', state: alarm ?? (broken ? 'fault' : place) });
  };

  for (let at = 0; at <= until; at += 1) {
    look(at);
    while (history[seen]?.at === at) {
      const past = history.slice(0, seen);
      const input = history[seen]?.input;
      if (opensAt(history, seen)) {
        const caused =
          energised(past, at, settings) || at <= Math.max(lastOff, lastPassage) + settings.openGraceMs;
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
      seen += 1;
      look(at);
    }
  }
  return { observations, alarms };
}

/** When the open door becomes an alarm; null when it is not seen open. */
function heldOpenDue(history: readonly Timed[], settings: DoorSettings): number | null {
  if (settings.heldOpenMs === 0 || position(history) !== 'open') return null;
  const opening = history.findLastIndex(
    ({ input }, index) =>
      input.type === 'contact' && input.position === 'open' && position(history.slice(0, index)) !== 'open',
  );
  const starts = history
    .filter((_, index) => index === opening || (index > opening && isCause(history, index)))
    .map(({ at }) => at);
  return Math.max(...starts) + settings.heldOpenMs;
}
