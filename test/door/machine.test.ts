import { describe, expect, it } from 'vitest';
import { type DoorInput, type DoorMemory, INITIAL_MEMORY, stateOf, step } from '../../src/door/machine.ts';
import type { DoorSettings } from '../../src/door/settings.ts';
import type { DoorEvent, HoldCause, PassCause } from '../../src/door/types.ts';

const SETTINGS: DoorSettings = {
  door: 'front',
  unlockMs: 5000,
  extendedUnlockMs: 15_000,
  pulseMs: 0,
  relockOnOpen: true,
  heldOpenMs: 30_000,
  extendedHeldOpenMs: 60_000,
  heldOpenWarningLeadMs: 0,
  stuckAfter: 3,
  rexStuckMs: 60_000,
  openGraceMs: 1000,
  rexRetryMs: 3000,
};
const GRANT: PassCause = { kind: 'grant', decisionId: 'd1', personId: 'p1' };
const grant: DoorInput = { type: 'unlock', cause: GRANT, extended: false };
const open: DoorInput = { type: 'contact', position: 'open' };
const closed: DoorInput = { type: 'contact', position: 'closed' };
const press: DoorInput = { type: 'rex', pressed: true };
const letGo: DoorInput = { type: 'rex', pressed: false };
const tick: DoorInput = { type: 'tick' };
const release: DoorInput = { type: 'release' };
const fault = (line: 'relay' | 'contact' | 'rex'): DoorInput => ({
  type: 'line_fault',
  line,
  code: 'GPIO_UNAVAILABLE',
  message: `${line} gone`,
});
const hold = (cause: HoldCause, forMs: number | null = null): DoorInput => ({ type: 'hold', cause, forMs });
const endHold = (kind: HoldCause['kind']): DoorInput => ({ type: 'end_hold', kind });
const lockdown = (active: boolean): DoorInput => ({ type: 'lockdown', active });
const SCHEDULE: HoldCause = { kind: 'schedule', schedule: 'office hours' };
const FIRST: HoldCause = { kind: 'firstPerson', decisionId: 'd1', personId: 'p1' };
const GUARD: HoldCause = { kind: 'remote', by: 'guard' };
const FIRE: HoldCause = { kind: 'emergency', by: 'fire-panel' };
const extendedGrant: DoorInput = { type: 'unlock', cause: GRANT, extended: true };
const ok = (line: 'relay' | 'contact' | 'rex'): DoorInput => ({ type: 'line_ok', line });

/** A door driven by hand; `at` gives one input and returns what came of it. */
class Bench {
  memory: DoorMemory = INITIAL_MEMORY;
  readonly settings: DoorSettings;

  constructor(settings: Partial<DoorSettings> = {}) {
    this.settings = { ...SETTINGS, ...settings };
  }

  at(now: number, input: DoorInput) {
    const { memory, lock, events, wakeAt } = step(this.memory, input, now, this.settings);
    this.memory = memory;
    return { state: stateOf(memory), lock, wakeAt, types: events.map(({ type }) => type), events };
  }
}

const types = (...list: DoorEvent['type'][]) => list;

describe('unlock time', () => {
  it('energises at the cause and releases when the time is over, and not before', () => {
    const door = new Bench();
    door.at(0, closed);
    expect(door.at(100, grant)).toEqual({
      state: 'unlocked',
      lock: 'unlocked',
      wakeAt: 5100,
      types: types('unlocked'),
      events: [
        { type: 'unlocked', door: 'front', cause: GRANT, relayMs: 5000, extended: false, relayAt: 100 },
      ],
    });
    expect(door.at(5099.9, tick)).toMatchObject({ lock: 'unlocked', types: [] });
    expect(door.at(5100, tick)).toMatchObject({
      state: 'locked',
      lock: 'locked',
      wakeAt: null,
      types: ['locked'],
    });
  });

  it('is extended by a grant while unlocked, each cause with its own event', () => {
    const door = new Bench();
    door.at(0, grant);
    expect(
      door.at(3000, { type: 'unlock', cause: { kind: 'remote', by: 'guard' }, extended: false }),
    ).toMatchObject({
      lock: 'unlocked',
      wakeAt: 8000,
      types: ['unlocked'],
    });
    expect(door.at(5000, tick)).toMatchObject({ lock: 'unlocked', types: [] });
    expect(door.at(8000, tick).types).toEqual(['locked']);
  });

  it('ends and begins again when a grant comes after the end that no tick has told yet', () => {
    const door = new Bench();
    door.at(0, grant);
    expect(door.at(9000, grant)).toMatchObject({ lock: 'unlocked', types: ['locked', 'unlocked'] });
  });

  it('ends at once with release', () => {
    const door = new Bench();
    door.at(0, grant);
    expect(door.at(1, release)).toMatchObject({ state: 'locked', lock: 'locked', types: ['locked'] });
    expect(door.at(2, release).types).toEqual([]);
  });

  it('needs no contact', () => {
    const door = new Bench();
    expect(door.at(0, grant).state).toBe('unlocked');
    expect(door.at(5000, tick).state).toBe('locked');
  });
});

describe('opening', () => {
  it('relocks as soon as the door opens', () => {
    const door = new Bench();
    door.at(0, closed);
    door.at(1, grant);
    expect(door.at(1000, open)).toMatchObject({ state: 'open', lock: 'locked', types: ['opened', 'locked'] });
    expect(door.at(4000, closed)).toMatchObject({ state: 'locked', types: ['closed'] });
  });

  it('keeps the relay while the door is open when relockOnOpen is off, and relocks when it closes', () => {
    const door = new Bench({ relockOnOpen: false });
    door.at(0, closed);
    door.at(0, grant);
    expect(door.at(1000, open)).toMatchObject({ state: 'open', lock: 'unlocked', types: ['opened'] });
    expect(door.at(2000, closed)).toMatchObject({
      state: 'locked',
      lock: 'locked',
      wakeAt: null,
      types: ['closed', 'locked'],
    });
  });

  it('ends the unlock time by itself when relockOnOpen is off and the door stays open', () => {
    const door = new Bench({ relockOnOpen: false });
    door.at(0, closed);
    door.at(0, grant);
    door.at(1000, open);
    expect(door.at(5000, tick)).toMatchObject({ state: 'open', lock: 'locked', types: ['locked'] });
  });

  it.each([true, false])(
    'a grant while the door stands open ends when it closes: nobody follows (relockOnOpen %s)',
    (relockOnOpen) => {
      const door = new Bench({ relockOnOpen });
      door.at(0, closed);
      door.at(0, grant);
      door.at(1000, open);
      expect(door.at(2000, grant)).toMatchObject({ state: 'open', lock: 'unlocked', types: ['unlocked'] });
      expect(door.at(2500, closed)).toMatchObject({
        state: 'locked',
        lock: 'locked',
        types: ['closed', 'locked'],
      });
      expect(door.at(4000, open).types).toEqual(['forced_open']);
    },
  );

  it('a closing door keeps what the exit button wants: held, and for its own time', () => {
    const door = new Bench();
    door.at(0, closed);
    door.at(0, grant);
    door.at(1000, open);
    door.at(2000, grant);
    door.at(2100, press);
    expect(door.at(2500, closed)).toMatchObject({ state: 'unlocked', lock: 'unlocked', types: ['closed'] });
    expect(door.at(3000, letGo)).toMatchObject({ lock: 'unlocked', wakeAt: 7100 });
    expect(door.at(7100, tick)).toMatchObject({ lock: 'locked', types: ['locked'] });
  });

  it('a contact that reads open for good (its wire is cut) keeps nobody out', () => {
    const door = new Bench();
    door.at(0, closed);
    expect(door.at(1000, open).types).toEqual(['forced_open']);
    expect(door.at(2000, grant).lock).toBe('unlocked');
    expect(door.at(6999, tick).lock).toBe('unlocked');
    expect(door.at(7000, tick)).toMatchObject({ lock: 'locked', types: ['locked'] });
  });

  it('a contact that becomes readable again and reads closed ends nothing: no closing was seen', () => {
    const door = new Bench();
    door.at(0, open);
    door.at(1000, fault('contact'));
    door.at(20_000, grant);
    door.at(21_000, ok('contact'));
    expect(door.at(21_000, closed)).toMatchObject({ state: 'unlocked', lock: 'unlocked' });
  });

  it.each([
    ['just after the relay was released', 6000],
    ['as the relay is released', 5000],
  ])('belongs to the unlock %s', (_, at) => {
    const door = new Bench();
    door.at(0, closed);
    door.at(0, grant);
    door.at(5000, tick);
    expect(door.at(at, open)).toMatchObject({ state: 'open', types: ['opened'] });
  });

  it('belongs to the passage when the closing door rebounds', () => {
    const door = new Bench();
    door.at(0, closed);
    door.at(0, grant);
    door.at(1000, open);
    door.at(9000, closed);
    expect(door.at(9500, open).types).toEqual(['opened']);
  });
});

describe('alarms', () => {
  it('tells a door forced open, until it is closed', () => {
    const door = new Bench();
    door.at(0, closed);
    expect(door.at(1000, open)).toMatchObject({
      state: 'forced_open',
      lock: 'locked',
      wakeAt: null,
      types: ['forced_open'],
    });
    expect(door.at(2000, grant)).toMatchObject({
      state: 'forced_open',
      lock: 'unlocked',
      types: ['unlocked'],
    });
    expect(door.at(9000, closed)).toMatchObject({
      state: 'locked',
      types: ['locked', 'closed', 'alarm_cleared'],
    });
    // A door that was forced earns no grace.
    expect(door.at(10_100, open).types).toEqual(['forced_open']);
  });

  it('tells a door held open, once, with how long it has been', () => {
    const door = new Bench();
    door.at(0, closed);
    door.at(0, grant);
    expect(door.at(1000, open).wakeAt).toBe(31_000);
    const { state, events } = door.at(31_000, tick);
    expect(state).toBe('held_open');
    expect(events).toEqual([{ type: 'held_open', door: 'front', openForMs: 30_000 }]);
    expect(door.at(99_000, tick).types).toEqual([]);
    expect(door.at(99_001, closed).events).toEqual([
      { type: 'closed', door: 'front' },
      { type: 'alarm_cleared', door: 'front', alarm: 'held_open', by: null },
    ]);
  });

  it('counts the held-open time anew for each person who passes', () => {
    const door = new Bench();
    door.at(0, closed);
    door.at(0, grant);
    door.at(1000, open);
    door.at(20_000, grant);
    expect(door.at(31_000, tick).types).toEqual(['locked']);
    expect(door.at(50_000, tick).types).toEqual(['held_open']);
  });

  it('never alarms for a door held open when heldOpenMs is 0', () => {
    const door = new Bench({ heldOpenMs: 0 });
    door.at(0, closed);
    door.at(0, grant);
    expect(door.at(1000, open).wakeAt).toBeNull();
    expect(door.at(1e9, tick).state).toBe('open');
  });

  it('does not call a door open at start forced, but alarms when it stays open', () => {
    const door = new Bench();
    expect(door.at(0, open)).toMatchObject({ state: 'open', types: [] });
    expect(door.at(30_000, tick).types).toEqual(['held_open']);
    expect(door.at(30_001, closed).types).toEqual(['closed', 'alarm_cleared']);
  });
});

describe('exit button', () => {
  it('energises the relay and shunts the forced-open alarm', () => {
    const door = new Bench();
    door.at(0, closed);
    expect(door.at(0, press)).toMatchObject({
      state: 'unlocked',
      lock: 'unlocked',
      types: ['rex', 'unlocked'],
    });
    expect(door.at(100, open).types).toEqual(['opened']);
  });

  it('holds the relay while pressed, past unlock time and opening, and lets it go afterwards', () => {
    const door = new Bench();
    door.at(0, closed);
    door.at(0, press);
    expect(door.at(5000, tick)).toMatchObject({ lock: 'unlocked', types: [] });
    expect(door.at(6000, open)).toMatchObject({ lock: 'unlocked', types: ['opened'] });
    expect(door.at(7000, letGo)).toMatchObject({ lock: 'locked', types: ['locked'] });
  });

  it('keeps the unlock time of a short press', () => {
    const door = new Bench();
    door.at(0, press);
    expect(door.at(200, letGo).lock).toBe('unlocked');
    expect(door.at(5000, tick).lock).toBe('locked');
  });

  it('pressed for too long is a fault and holds the relay no longer; the next press opens again', () => {
    const door = new Bench();
    door.at(0, closed);
    door.at(0, press);
    const stuck = door.at(60_000, tick);
    expect(stuck).toMatchObject({ state: 'fault', lock: 'locked', types: ['fault', 'locked'] });
    expect(stuck.events[0]).toMatchObject({ code: 'REX_STUCK' });
    expect(door.at(62_000, open).types).toEqual(['forced_open']);
    door.at(62_500, closed);
    expect(door.at(63_000, grant)).toMatchObject({ state: 'fault', lock: 'unlocked' });
    expect(door.at(64_000, letGo).types).toEqual(['fault_cleared']);
    expect(door.at(65_000, press)).toMatchObject({ lock: 'unlocked', types: ['rex', 'unlocked'] });
  });

  it('holds the relay as long as it is pressed when stuckMs is 0', () => {
    const door = new Bench({ rexStuckMs: 0 });
    door.at(0, press);
    expect(door.at(1e9, tick)).toMatchObject({ lock: 'unlocked', wakeAt: null });
  });

  it('works with every line at fault', () => {
    const door = new Bench();
    for (const line of ['relay', 'contact', 'rex'] as const) door.at(0, fault(line));
    expect(door.at(1, press)).toMatchObject({ state: 'fault', lock: 'unlocked' });
  });

  it('and contact at rest at start are no events', () => {
    const door = new Bench();
    expect(door.at(0, letGo).types).toEqual([]);
    expect(door.at(0, closed)).toMatchObject({ state: 'locked', types: [] });
  });

  it('pressed at start opens, as a press at any other time', () => {
    expect(new Bench().at(0, press).lock).toBe('unlocked');
  });
});

describe('a relay that cannot be switched', () => {
  it('ends a grant and a remote opening at once: nobody stands there any more when it works again', () => {
    for (const cause of [GRANT, { kind: 'remote', by: 'guard' } as const]) {
      const door = new Bench();
      door.at(0, { type: 'unlock', cause, extended: false });
      expect(door.at(1, fault('relay'))).toMatchObject({
        state: 'fault',
        lock: 'locked',
        wakeAt: null,
        types: ['fault', 'locked'],
      });
      expect(door.at(2000, ok('relay'))).toMatchObject({ lock: 'locked', types: ['fault_cleared'] });
    }
  });

  it('is wanted for as long as the exit button is held, whatever else ended', () => {
    const door = new Bench();
    door.at(0, grant);
    door.at(10, press);
    expect(door.at(11, fault('relay'))).toMatchObject({ lock: 'unlocked' });
    expect(door.at(20_000, fault('relay'))).toMatchObject({ lock: 'unlocked' });
    expect(door.at(20_001, letGo)).toMatchObject({ lock: 'locked', types: ['locked'] });
  });

  it('is wanted for a short press of the exit button for 3 s, however often it fails', () => {
    const door = new Bench();
    door.at(0, press);
    door.at(1, fault('relay'));
    expect(door.at(200, letGo)).toMatchObject({ lock: 'unlocked', wakeAt: 3001 });
    expect(door.at(2000, fault('relay'))).toMatchObject({ lock: 'unlocked', wakeAt: 3001 });
    expect(door.at(3001, tick)).toMatchObject({ lock: 'locked', types: ['locked'] });
  });

  it('is wanted anew for a grant that comes while it is at fault', () => {
    const door = new Bench();
    door.at(0, fault('relay'));
    expect(door.at(1000, grant)).toMatchObject({ lock: 'unlocked', wakeAt: 6000 });
    expect(door.at(1001, fault('relay'))).toMatchObject({ lock: 'locked', types: ['locked'] });
  });
});

describe('faults', () => {
  it('are told once each, and cleared when the last is gone', () => {
    const door = new Bench();
    expect(door.at(0, fault('contact'))).toMatchObject({ state: 'fault', types: ['fault'] });
    expect(door.at(1, fault('contact')).types).toEqual([]);
    expect(door.at(2, fault('rex')).types).toEqual(['fault']);
    expect(door.at(3, ok('contact'))).toMatchObject({ state: 'fault', types: [] });
    expect(door.at(4, ok('rex'))).toMatchObject({ state: 'locked', types: ['fault_cleared'] });
    expect(door.at(5, ok('rex')).types).toEqual([]);
  });

  it('of the button ends its hold', () => {
    const door = new Bench();
    door.at(0, press);
    door.at(5000, tick);
    expect(door.at(6000, fault('rex'))).toMatchObject({ lock: 'locked', types: ['fault', 'locked'] });
  });

  it('of the contact leaves its alarm standing until the door is seen closed', () => {
    const door = new Bench();
    door.at(0, closed);
    door.at(2000, open);
    expect(door.at(3000, fault('contact')).state).toBe('forced_open');
    door.at(4000, ok('contact'));
    expect(door.at(4000, closed).types).toEqual(['closed', 'alarm_cleared']);
  });

  it('of the contact do not hide for how long the door has been open', () => {
    const door = new Bench();
    door.at(0, open);
    door.at(10_000, fault('contact'));
    door.at(20_000, ok('contact'));
    door.at(20_000, open);
    expect(door.at(50_000, tick).events).toEqual([{ type: 'held_open', door: 'front', openForMs: 50_000 }]);
  });

  it('of the contact do not make a forced opening out of an open door that comes back', () => {
    const door = new Bench();
    door.at(0, closed);
    door.at(1, fault('contact'));
    door.at(9000, ok('contact'));
    expect(door.at(9000, open)).toMatchObject({ state: 'open', types: [], wakeAt: 39_000 });
  });
});

describe('the extended unlock time', () => {
  it('counts for whoever needs it, and a short one does not cut it short', () => {
    const door = new Bench();
    door.at(0, closed);
    expect(door.at(0, extendedGrant)).toMatchObject({
      wakeAt: 15_000,
      events: [{ type: 'unlocked', relayMs: 15_000, extended: true }],
    });
    door.at(2000, grant);
    expect(door.at(14_999, tick).lock).toBe('unlocked');
    expect(door.at(15_000, tick)).toMatchObject({ lock: 'locked', types: ['locked'] });
  });

  it('comes with the extended held-open time, until the door is closed', () => {
    const door = new Bench({ heldOpenWarningLeadMs: 10_000 });
    door.at(0, closed);
    door.at(0, extendedGrant);
    door.at(1000, open);
    expect(door.at(50_999, tick).types).toEqual([]);
    expect(door.at(51_000, tick).types).toEqual(['held_open_warning']);
    expect(door.at(61_000, tick).types).toEqual(['held_open']);
    door.at(62_000, closed);
    door.at(62_500, open);
    expect(door.at(92_500, tick).types).toEqual(['held_open']);
  });
});

describe('a pulse', () => {
  it('unlocks for its time, and the door may be opened for the whole unlock time', () => {
    const door = new Bench({ pulseMs: 500 });
    door.at(0, closed);
    expect(door.at(0, grant)).toMatchObject({ wakeAt: 500, events: [{ type: 'unlocked', relayMs: 500 }] });
    expect(door.at(500, tick)).toMatchObject({ lock: 'locked', wakeAt: 5000, types: ['locked'] });
    expect(door.at(4900, open).types).toEqual(['opened']);
    expect(door.at(5500, closed)).toMatchObject({ types: ['closed'] });
    expect(door.at(6501, open).types).toEqual(['forced_open']);
  });

  it('keeps the grace after the unlock time, not after the pulse', () => {
    const door = new Bench({ pulseMs: 500 });
    door.at(0, closed);
    door.at(0, grant);
    door.at(500, tick);
    door.at(5000, tick);
    expect(door.at(6000, open).types).toEqual(['opened']);
  });

  it('goes on for as long as the exit button is pressed, or the door is held', () => {
    const door = new Bench({ pulseMs: 500 });
    door.at(0, press);
    expect(door.at(3000, tick).lock).toBe('unlocked');
    door.at(3100, hold(SCHEDULE));
    expect(door.at(3200, letGo).lock).toBe('unlocked');
    expect(door.at(99_000, endHold('schedule')).lock).toBe('locked');
  });
});

describe('the warning before the held-open alarm', () => {
  it('comes once, shows until the alarm or the closing, and begins anew for the next who passes', () => {
    const door = new Bench({ heldOpenWarningLeadMs: 10_000 });
    door.at(0, closed);
    door.at(0, grant);
    expect(door.at(1000, open).wakeAt).toBe(21_000);
    expect(door.at(21_000, tick)).toMatchObject({
      state: 'open',
      wakeAt: 31_000,
      events: [{ type: 'held_open_warning', openForMs: 20_000 }],
    });
    expect(door.memory.warned).toBe(true);
    door.at(22_000, grant);
    expect(door.memory.warned).toBe(false);
    door.at(27_000, tick);
    expect(door.at(42_000, tick).types).toEqual(['held_open_warning']);
    expect(door.at(52_000, tick).types).toEqual(['held_open']);
    expect(door.memory.warned).toBe(false);
  });

  it('is skipped when the alarm is due already', () => {
    const door = new Bench({ heldOpenWarningLeadMs: 10_000 });
    door.at(0, open);
    expect(door.at(40_000, tick).types).toEqual(['held_open']);
  });
});

describe('a hold', () => {
  it('keeps the door unlocked through opening, closing and standing open, with its cause and its end', () => {
    const door = new Bench();
    door.at(0, closed);
    expect(door.at(0, hold(SCHEDULE))).toMatchObject({
      state: 'remain_open',
      lock: 'unlocked',
      wakeAt: null,
      events: [
        { type: 'hold', cause: SCHEDULE, forMs: null },
        { type: 'unlocked', cause: SCHEDULE, relayMs: null },
      ],
    });
    expect(door.at(1000, open)).toMatchObject({ state: 'remain_open', types: ['opened'], wakeAt: null });
    expect(door.at(900_000, tick).types).toEqual([]);
    expect(door.at(900_001, closed)).toMatchObject({ lock: 'unlocked', types: ['closed'] });
    expect(door.at(900_002, endHold('schedule'))).toMatchObject({
      state: 'locked',
      events: [{ type: 'hold_ended', kind: 'schedule', why: 'ended' }, { type: 'locked' }],
    });
    expect(door.at(900_003, endHold('schedule')).types).toEqual([]);
  });

  it('is one however often it is ordered; another order of its kind takes its place', () => {
    const door = new Bench();
    door.at(0, hold(SCHEDULE));
    expect(door.at(1, hold(SCHEDULE)).types).toEqual([]);
    const other = { kind: 'schedule', schedule: 'night' } as const;
    expect(door.at(2, hold(other)).types).toEqual(['hold', 'unlocked']);
    expect(door.at(3, endHold('schedule')).types).toEqual(['hold_ended', 'locked']);
  });

  it('ends by itself after its time, and others go on', () => {
    const door = new Bench();
    door.at(0, hold(GUARD, 60_000));
    door.at(1000, hold(SCHEDULE));
    expect(door.at(60_000, tick)).toMatchObject({
      lock: 'unlocked',
      events: [{ type: 'hold_ended', kind: 'remote', why: 'time' }],
    });
    expect(door.at(70_000, endHold('schedule')).lock).toBe('locked');
  });

  it('that ends leaves the exit button and a grant their time', () => {
    const door = new Bench();
    door.at(0, hold(SCHEDULE));
    door.at(1000, grant);
    expect(door.at(2000, endHold('schedule'))).toMatchObject({ lock: 'unlocked', wakeAt: 6000 });
    expect(door.at(6000, tick).lock).toBe('locked');
  });

  it('that ends gives an open door its held-open time from then on', () => {
    const door = new Bench();
    door.at(0, closed);
    door.at(0, hold(SCHEDULE));
    door.at(1000, open);
    expect(door.at(500_000, endHold('schedule'))).toMatchObject({ state: 'open', wakeAt: 530_000 });
    expect(door.at(530_000, tick).types).toEqual(['held_open']);
  });

  it('outlasts a relay that fails: it is a standing order', () => {
    const door = new Bench();
    door.at(0, hold(SCHEDULE));
    expect(door.at(1, fault('relay'))).toMatchObject({ lock: 'unlocked', types: ['fault'] });
    expect(door.at(9000, ok('relay'))).toMatchObject({ lock: 'unlocked', types: ['fault_cleared'] });
  });

  it('ends with release, all but that of an emergency', () => {
    const door = new Bench();
    for (const cause of [SCHEDULE, GUARD, FIRST, FIRE]) door.at(0, hold(cause));
    door.at(0, press);
    expect(door.at(1, release)).toMatchObject({
      lock: 'unlocked',
      types: ['hold_ended', 'hold_ended', 'hold_ended'],
    });
    expect(door.at(2, endHold('emergency')).lock).toBe('locked');
  });
});

describe('a lockdown', () => {
  it('ends grants and the holds of people, suspends the schedule, and leaves the exit button', () => {
    const door = new Bench();
    for (const cause of [SCHEDULE, GUARD, FIRST]) door.at(0, hold(cause));
    door.at(0, grant);
    door.at(0, press);
    expect(door.at(1, lockdown(true))).toMatchObject({
      state: 'unlocked',
      events: [
        { type: 'hold_ended', kind: 'remote', why: 'lockdown' },
        { type: 'hold_ended', kind: 'firstPerson', why: 'lockdown' },
      ],
    });
    expect(door.at(6000, letGo)).toMatchObject({ state: 'locked', types: ['locked'] });
    expect(door.at(6001, press).lock).toBe('unlocked');
    door.at(6002, letGo);
    door.at(20_000, tick);
    expect(door.at(30_000, lockdown(false))).toMatchObject({
      state: 'remain_open',
      events: [{ type: 'unlocked', cause: SCHEDULE }],
    });
  });

  it('refuses what people order, and keeps what a schedule orders for afterwards', () => {
    const door = new Bench();
    door.at(0, lockdown(true));
    expect(door.at(1, hold(GUARD)).types).toEqual([]);
    expect(door.at(1, hold(FIRST)).types).toEqual([]);
    expect(door.at(1, hold(SCHEDULE))).toMatchObject({ lock: 'locked', types: ['hold'] });
    expect(door.at(2, endHold('schedule')).types).toEqual(['hold_ended']);
    expect(door.at(3, lockdown(false))).toMatchObject({ lock: 'locked', types: [] });
  });

  it('is outranked by an emergency', () => {
    const door = new Bench();
    door.at(0, lockdown(true));
    expect(door.at(1, hold(FIRE))).toMatchObject({ state: 'remain_open', lock: 'unlocked' });
    door.at(2, lockdown(false));
    expect(door.at(3, lockdown(true)).lock).toBe('unlocked');
    expect(door.at(4, endHold('emergency')).lock).toBe('locked');
  });

  it('counts the held-open time of a door that a schedule held open', () => {
    const door = new Bench();
    door.at(0, closed);
    door.at(0, hold(SCHEDULE));
    door.at(0, open);
    expect(door.at(100_000, lockdown(true))).toMatchObject({ state: 'open', wakeAt: 130_000 });
  });
});

describe('an alarm that is cleared by somebody', () => {
  const clear: DoorInput = { type: 'clear_alarm', by: 'guard' };

  it('is over although the door is open, which alarms again when it stays so', () => {
    const door = new Bench();
    door.at(0, closed);
    door.at(2000, open);
    expect(door.at(3000, clear)).toMatchObject({
      state: 'open',
      wakeAt: 33_000,
      events: [{ type: 'alarm_cleared', alarm: 'forced_open', by: 'guard' }],
    });
    expect(door.at(33_000, tick).types).toEqual(['held_open']);
    expect(door.at(34_000, closed).types).toEqual(['closed', 'alarm_cleared']);
  });

  it('was one: else nothing happens', () => {
    expect(new Bench().at(0, clear).types).toEqual([]);
  });
});

describe('a door that never opens when it is unlocked', () => {
  const unlockInVain = (door: Bench, from: number, times: number) => {
    for (let n = 0; n < times; n += 1) {
      door.at(from + n * 10_000, grant);
      door.at(from + n * 10_000 + 5000, tick);
    }
  };

  it('is a fault at the next unlock, is unlocked all the same, and is well when it opens', () => {
    const door = new Bench({ stuckAfter: 3 });
    door.at(0, closed);
    unlockInVain(door, 0, 3);
    const fourth = door.at(30_000, grant);
    expect(fourth).toMatchObject({ state: 'fault', lock: 'unlocked', types: ['fault', 'unlocked'] });
    expect(fourth.events[0]).toMatchObject({ code: 'DOOR_STUCK' });
    door.at(35_000, tick);
    expect(door.at(40_000, grant).types).toEqual(['unlocked']);
    expect(door.at(41_000, open).types).toEqual(['fault_cleared', 'opened', 'locked']);
    door.at(45_000, closed);
    unlockInVain(door, 50_000, 3);
    expect(door.at(80_000, grant).types).toEqual(['fault', 'unlocked']);
  });

  it('is no fault while it opens now and then, while it is open, without a contact, or with the check off', () => {
    const opening = new Bench({ stuckAfter: 3 });
    opening.at(0, closed);
    unlockInVain(opening, 0, 3);
    opening.at(25_500, open);
    opening.at(26_000, closed);
    unlockInVain(opening, 30_000, 3);
    expect(opening.memory.faults).toEqual([]);

    const wedged = new Bench({ stuckAfter: 1, heldOpenMs: 0 });
    wedged.at(0, open);
    unlockInVain(wedged, 0, 5);
    expect(wedged.memory.faults).toEqual([]);

    const bare = new Bench({ stuckAfter: 1 });
    unlockInVain(bare, 0, 5);
    expect(bare.memory.faults).toEqual([]);

    const off = new Bench({ stuckAfter: 0 });
    off.at(0, closed);
    unlockInVain(off, 0, 20);
    expect(off.memory.faults).toEqual([]);
  });

  it('is not blamed for a relay or a contact that failed meanwhile', () => {
    for (const line of ['relay', 'contact'] as const) {
      const door = new Bench({ stuckAfter: 2 });
      door.at(0, closed);
      unlockInVain(door, 0, 2);
      door.at(15_500, fault(line));
      door.at(15_600, ok(line));
      door.at(15_600, closed);
      expect(door.at(20_000, grant).types).toEqual(['unlocked']);
    }
  });
});
