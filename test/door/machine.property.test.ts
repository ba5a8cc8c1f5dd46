import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DoorInput, type DoorMemory, INITIAL_MEMORY, stateOf, step } from '../../src/door/machine.ts';
import type { DoorSettings } from '../../src/door/settings.ts';
import type { DoorEvent, HoldCause } from '../../src/door/types.ts';
import { observe, type Timed, unlocks } from './naive-door.ts';

const RUNS = Number(process.env.DOOR_RUNS ?? 400);

const holdCause = fc.constantFrom<HoldCause>(
  { kind: 'schedule', schedule: 'day' },
  { kind: 'remote', by: 'x' },
  { kind: 'firstPerson', decisionId: 'd1', personId: 'p1' },
  { kind: 'emergency', by: 'fire' },
);
const line = fc.constantFrom('relay' as const, 'contact' as const, 'rex' as const);
const input: fc.Arbitrary<DoorInput> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .boolean()
      .map((extended): DoorInput => ({ type: 'unlock', cause: { kind: 'remote', by: 'x' }, extended })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(holdCause, fc.option(fc.integer({ min: 1, max: 20 })))
      .map(([cause, forMs]): DoorInput => ({ type: 'hold', cause, forMs })),
  },
  { weight: 2, arbitrary: holdCause.map(({ kind }): DoorInput => ({ type: 'end_hold', kind })) },
  { weight: 1, arbitrary: fc.boolean().map((active): DoorInput => ({ type: 'lockdown', active })) },
  { weight: 1, arbitrary: fc.constant<DoorInput>({ type: 'clear_alarm', by: 'guard' }) },
  {
    weight: 8,
    arbitrary: fc.constantFrom<DoorInput>(
      { type: 'contact', position: 'open' },
      { type: 'contact', position: 'closed' },
    ),
  },
  {
    weight: 5,
    arbitrary: fc.constantFrom<DoorInput>({ type: 'rex', pressed: true }, { type: 'rex', pressed: false }),
  },
  { weight: 1, arbitrary: fc.constant<DoorInput>({ type: 'release' }) },
  { weight: 1, arbitrary: fc.constant<DoorInput>({ type: 'tick' }) },
  {
    weight: 1,
    arbitrary: line.map(
      (name): DoorInput => ({
        type: 'line_fault',
        line: name,
        code: 'GPIO_UNAVAILABLE',
        message: name,
      }),
    ),
  },
  { weight: 1, arbitrary: line.map((name): DoorInput => ({ type: 'line_ok', line: name })) },
);

const history = fc.array(fc.record({ wait: fc.nat({ max: 14 }), input }), { maxLength: 30 }).map((list) => {
  let at = 0;
  return list.map(({ wait, input }): Timed => {
    at += wait;
    return { at, input };
  });
});

const settings: fc.Arbitrary<DoorSettings> = fc.record({
  door: fc.constant('front'),
  unlockMs: fc.integer({ min: 1, max: 20 }),
  extendedUnlockMs: fc.integer({ min: 20, max: 30 }),
  pulseMs: fc.constantFrom(0, 0, 3),
  relockOnOpen: fc.boolean(),
  heldOpenMs: fc.constantFrom(0, 5, 15),
  extendedHeldOpenMs: fc.constantFrom(15, 25),
  heldOpenWarningLeadMs: fc.constantFrom(0, 3),
  stuckAfter: fc.constantFrom(0, 1, 2),
  rexStuckMs: fc.constantFrom(0, 4, 25),
  openGraceMs: fc.nat({ max: 4 }),
  rexRetryMs: fc.integer({ min: 1, max: 12 }),
});

interface Trace {
  readonly at: number;
  /** Inputs given so far. */
  readonly seen: number;
  readonly lock: 'unlocked' | 'locked';
  readonly state: string;
  readonly events: readonly DoorEvent[];
}

/** Runs the machine over the history, waking it exactly when it asks to be (or never, if `ticks` is off). */
function run(list: readonly Timed[], until: number, conf: DoorSettings, ticks = true): Trace[] {
  let memory: DoorMemory = INITIAL_MEMORY;
  let wakeAt: number | null = null;
  const traces: Trace[] = [];
  const give = (at: number, given: DoorInput, seen: number) => {
    const result = step(memory, given, at, conf);
    ({ memory, wakeAt } = result);
    traces.push({ at, seen, lock: result.lock, state: stateOf(memory), events: result.events });
  };
  const wakeUpTo = (limit: number, seen: number) => {
    while (ticks && wakeAt !== null && wakeAt <= limit) give(wakeAt, { type: 'tick' }, seen);
  };
  list.forEach((timed, index) => {
    wakeUpTo(timed.at, index);
    give(timed.at, timed.input, index + 1);
  });
  wakeUpTo(until, list.length);
  return traces;
}

const endOf = (list: readonly Timed[]) => (list.at(-1)?.at ?? 0) + 60;

describe('the machine against the naive door', () => {
  it('has the same relay and state after each input and each wake-up, and raises the same alarms at the same time', () => {
    fc.assert(
      fc.property(history, settings, (list, conf) => {
        const naive = observe(list, endOf(list), conf);
        const traces = run(list, endOf(list), conf);
        for (const trace of traces) {
          const expected = naive.observations.find(({ at, seen }) => at === trace.at && seen === trace.seen);
          expect({ lock: trace.lock, state: trace.state }).toEqual({
            lock: expected?.lock,
            state: expected?.state,
          });
        }
        const alarms = traces.flatMap(({ at, events }) =>
          events
            .filter(({ type }) => ['forced_open', 'held_open', 'held_open_warning'].includes(type))
            .map(({ type }) => ({ at, type })),
        );
        expect(alarms).toEqual(naive.alarms);
      }),
      { numRuns: RUNS },
    );
  });

  it('wakes whenever the naive door would change', () => {
    fc.assert(
      fc.property(history, settings, (list, conf) => {
        const traces = run(list, endOf(list), conf);
        let next = 0;
        let current = { lock: 'locked', state: 'locked' };
        for (const { at, seen, lock, state } of observe(list, endOf(list), conf).observations) {
          for (let trace = traces[next]; trace !== undefined; trace = traces[next]) {
            if (trace.at > at || trace.seen > seen) break;
            current = { lock: trace.lock, state: trace.state };
            next += 1;
          }
          // Compared by hand first: there are thousands of them, and `expect` is slow.
          if (current.lock === lock && current.state === state) continue;
          expect({ at, ...current }).toEqual({ at, lock, state });
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('never has the relay on for longer than allowed, even when no tick ever comes', () => {
    fc.assert(
      fc.property(history, settings, (list, conf) => {
        for (const { at, seen, lock } of run(list, endOf(list), conf, false)) {
          expect({ at, on: lock === 'unlocked' }).toEqual({ at, on: unlocks(list.slice(0, seen), at, conf) });
        }
      }),
      { numRuns: RUNS },
    );
  });
});

describe('the events', () => {
  it('give each unlock its cause and its end, and follow the relay', () => {
    fc.assert(
      fc.property(history, settings, (list, conf) => {
        const ended: Timed[] = [
          ...list,
          { at: endOf(list), input: { type: 'end_hold', kind: 'emergency' } },
          { at: endOf(list), input: { type: 'release' } },
        ];
        let unlocked = false;
        for (const { lock, events } of run(ended, endOf(ended), conf)) {
          for (const { type } of events) {
            if (type === 'locked') expect(unlocked).toBe(true);
            if (type === 'unlocked' || type === 'locked') unlocked = type === 'unlocked';
          }
          expect(lock === 'unlocked').toBe(unlocked);
        }
        expect(unlocked).toBe(false);
      }),
      { numRuns: RUNS },
    );
  });

  it('hold no unlock without an input that asks for it in the same step, and name its cause', () => {
    fc.assert(
      fc.property(history, settings, (list, conf) => {
        for (const { seen, events } of run(list, endOf(list), conf, false)) {
          const given = list[seen - 1]?.input;
          const causes = events.flatMap((event) => (event.type === 'unlocked' ? [event.cause] : []));
          if (given?.type === 'unlock') expect(causes).toEqual([given.cause]);
          else if (given?.type === 'rex' && causes.length > 0) expect(causes).toEqual([{ kind: 'rex' }]);
          else if (given?.type === 'hold' && causes.length > 0) expect(causes).toEqual([given.cause]);
          // What a schedule wants, and a lockdown suspended, begins again when that is over.
          else if (given?.type === 'lockdown' && !given.active) {
            expect(causes.filter(({ kind }) => kind !== 'schedule')).toEqual([]);
          } else expect(causes).toEqual([]);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('give each hold its end, and no end to what was not held', () => {
    fc.assert(
      fc.property(history, settings, (list, conf) => {
        const held = new Set<string>();
        for (const event of run(list, endOf(list), conf).flatMap(({ events }) => events)) {
          if (event.type === 'hold') held.add(event.cause.kind);
          if (event.type === 'hold_ended') expect(held.delete(event.kind)).toBe(true);
        }
        const last = list.findLast(({ input }) => input.type === 'release');
        if (last === list.at(-1)) expect([...held].filter((kind) => kind !== 'emergency')).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });

  it('alternate: opened or forced open, then closed; fault, then cleared', () => {
    fc.assert(
      fc.property(history, settings, (list, conf) => {
        let open = false;
        let alarm: string | null = null;
        for (const event of run(list, endOf(list), conf).flatMap(({ events }) => events)) {
          if (event.type === 'opened' || event.type === 'forced_open') {
            expect(open).toBe(false);
            open = true;
          }
          if (event.type === 'closed') open = false;
          if (event.type === 'forced_open' || event.type === 'held_open') {
            expect(alarm).toBeNull();
            alarm = event.type;
          }
          if (event.type === 'alarm_cleared') {
            expect(event.alarm).toBe(alarm);
            alarm = null;
          }
        }
      }),
      { numRuns: RUNS },
    );
  });
});
