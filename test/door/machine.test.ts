import { describe, expect, it } from 'vitest';
import { type DoorInput, type DoorMemory, INITIAL_MEMORY, stateOf, step } from '../../src/door/machine.ts';
import type { DoorSettings } from '../../src/door/settings.ts';
import type { DoorEvent, UnlockCause } from '../../src/door/types.ts';

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
const GRANT: UnlockCause = { kind: 'grant', decisionId: 'd1', personId: 'p1' };
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
