import fc from 'fast-check';
import { expect } from 'vitest';
import {
  Calendar,
  EntryDesk,
  entryPolicy,
  type Holder,
  Lockout,
  type Presentation,
} from '../../../src/access/index.ts';
import { AccessSchema, CalendarSchema, DecisionSchema, EntrySchema } from '../../../src/config/schema.ts';
import { type DoorInput, INITIAL_MEMORY, step } from '../../../src/door/machine.ts';
import type { DoorSettings } from '../../../src/door/settings.ts';
import type { DoorEvent } from '../../../src/door/types.ts';
import {
  ask,
  EXEMPT,
  groupOf,
  type Kind,
  type Question,
  type Seen,
  type Setup,
  shownBefore,
  WITHIN_MS,
} from './naive-rules.ts';

const DOORS = [0, 1] as const;
const START = Date.parse('2026-03-02T08:00:00Z');
const UNLOCK_MS = 3000;
const LATE_MS = 1500;
const REX_STUCK_MS = 20_000;
const LOCKOUT = DecisionSchema.parse({}).lockout;

const SETTINGS = (door: number): DoorSettings => ({
  door: `d${door}`,
  unlockMs: UNLOCK_MS,
  extendedUnlockMs: 2 * UNLOCK_MS,
  pulseMs: 0,
  relockOnOpen: door === 0,
  heldOpenMs: 10_000,
  extendedHeldOpenMs: 20_000,
  heldOpenWarningLeadMs: 0,
  stuckAfter: 0,
  rexStuckMs: REX_STUCK_MS,
  openGraceMs: 1000,
  rexRetryMs: 1000,
});

const door = fc.constantFrom(...DOORS);
const way = fc.constantFrom('in' as const, 'out' as const);
const action = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.record({
      type: fc.constant('present' as const),
      who: fc.oneof(
        { weight: 8, arbitrary: fc.nat({ max: 3 }) },
        { weight: 1, arbitrary: fc.constant(null) },
      ),
      kind: fc.constantFrom<Kind>('face', 'card', 'card', 'card', 'pin'),
      door,
      way,
      carriedOut: fc.constantFrom(true, true, true, true, false),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('wait' as const),
      ms: fc.oneof(fc.nat({ max: 4000 }), fc.constantFrom(WITHIN_MS, WITHIN_MS + 1, 31_000, 600_000)),
    }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('contact' as const), door, open: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('rex' as const), door, pressed: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('remote' as const), door }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('fire' as const), on: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('fault' as const),
      door,
      line: fc.constantFrom('relay' as const, 'contact' as const, 'rex' as const),
      over: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('restart' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('reset' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('lockdown' as const),
      exempt: fc.option(fc.uniqueArray(fc.nat({ max: 3 })), { freq: 1 }),
    }),
  },
);
export type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

export const sequence = fc.array(action, { minLength: 15, maxLength: 60 });
export const setup: fc.Arbitrary<Setup> = fc.record({
  ways: fc.tuple(
    fc.constantFrom('card' as const, 'face or card+pin' as const, 'two people' as const),
    fc.constantFrom('card' as const, 'face or card+pin' as const, 'two people' as const),
  ),
  antiPassback: fc.constantFrom(
    'none' as const,
    'hard' as const,
    'hard' as const,
    'soft' as const,
    'timed' as const,
  ),
  forMs: fc.constantFrom(60_000, 5000),
  maxPeople: fc.constantFrom(null, null, 1, 2),
  interlock: fc.boolean(),
});

type Entry =
  | { readonly at: number; readonly door: number; readonly event: DoorEvent }
  | { readonly at: number; readonly type: 'granted'; readonly id: string; readonly door: number }
  | { readonly at: number; readonly type: 'remote'; readonly door: number }
  | { readonly at: number; readonly type: 'fire' | 'started' };

const HOLDERS: readonly Holder[] = [0, 1, 2, 3].map((who) => ({
  id: `p${who}`,
  name: `P${who}`,
  groups: [groupOf(who)],
  validFrom: null,
  validUntil: null,
  antiPassbackExempt: who === EXEMPT,
  extendedTime: false,
}));

const WAYS = {
  card: [{ by: ['card'] }],
  'face or card+pin': [{ by: ['face', 'card+pin'] }],
  'two people': [{ by: ['card'], together: [{ groups: ['a'] }, { groups: ['b'] }] }],
};

/** A gate of two doors: the rules of entry and the machines of the doors, on a clock that the sequence moves. */
class World {
  readonly journal: Entry[] = [];
  readonly story: Seen[] = [];
  readonly #setup: Setup;
  readonly #kept = new Map<string, unknown>();
  #desk: EntryDesk;
  #now = 0;
  #memories = DOORS.map(() => INITIAL_MEMORY);
  #wakeAt: (number | null)[] = DOORS.map(() => null);
  #late: (number | null)[] = DOORS.map(() => null);
  #contacts: ('open' | 'closed')[] = DOORS.map(() => 'closed');
  #pending: { id: string; door: number }[] = [];
  #fire = false;
  #lockdown: readonly number[] | null = null;
  #count = 0;

  constructor(given: Setup) {
    this.#setup = given;
    this.#desk = this.#newDesk();
    this.#begin();
  }

  do(act: Action): void {
    switch (act.type) {
      case 'wait':
        this.#moveTo(this.#now + act.ms);
        break;
      case 'present':
        this.#present(act);
        break;
      case 'contact':
        this.#contacts[act.door] = act.open ? 'open' : 'closed';
        this.#feed(act.door, { type: 'contact', position: act.open ? 'open' : 'closed' });
        break;
      case 'rex':
        this.#feed(act.door, { type: 'rex', pressed: act.pressed });
        break;
      case 'remote':
        this.journal.push({ at: this.#now, type: 'remote', door: act.door });
        this.#feed(act.door, { type: 'unlock', cause: { kind: 'remote', by: 'x' }, extended: false });
        break;
      case 'fire':
        this.#setFire(act.on);
        break;
      case 'fault':
        this.#fault(act);
        break;
      case 'restart':
        this.#restart();
        break;
      case 'reset':
        this.#reset();
        break;
      case 'lockdown':
        this.#lockdown = act.exempt;
        for (const n of DOORS) this.#feed(n, { type: 'lockdown', active: act.exempt !== null });
    }
  }

  #fault({ door: n, line, over }: Action & { type: 'fault' }): void {
    if (over) this.#lineOk(n, line);
    else this.#feed(n, { type: 'line_fault', line, code: 'GPIO_UNAVAILABLE', message: 'x' });
  }

  /** Not between a grant and its passage: nobody can tell then whom to forget. */
  #reset(): void {
    if (this.#pending.length > 0) return;
    this.#desk.reset('lab');
    this.#keep();
    this.story.push({ type: 'reset', at: this.#now });
  }

  /** Everybody lets go, and all that runs comes to its end. */
  end(): void {
    this.#setFire(false);
    for (const n of DOORS) this.#feed(n, { type: 'rex', pressed: false });
    this.#moveTo(this.#now + 3_600_000);
    for (const n of DOORS) expect(this.#memories[n]?.unlocked).toBe(false);
  }

  #present(act: Action & { type: 'present' }): void {
    const { who, kind, door: at, way: direction } = act;
    const moment = { mono: this.#now, wall: START + this.#now };
    const waits = this.#desk.waiting(`d${at}`, moment);
    const isWaiting = who !== null && waits.some(({ id }) => id === `p${who}`);
    const known = kind === 'pin' && !isWaiting ? null : who;
    if (kind === 'face' && known === null) return;
    const person = known === null ? null : (HOLDERS[known] ?? null);
    const fault = person !== null ? null : kind === 'pin' ? 'PIN_UNEXPECTED' : 'CARD_UNKNOWN';
    const presentation: Presentation = {
      kind,
      person,
      fault,
      duress: false,
      mask: null,
      door: `d${at}`,
      direction,
    };
    const other = at === 0 ? 1 : 0;
    const question: Question = {
      at: this.#now,
      who: known,
      kind,
      door: at,
      way: direction,
      lockdown: this.#lockdown,
      otherOpen: this.#isOpen(other),
    };
    if (kind === 'pin' && who !== null) {
      const held = (['face', 'card', 'pin'] as const).some((one) =>
        (['in', 'out'] as const).some((each) =>
          shownBefore(this.story, { ...question, way: each }, who, one),
        ),
      );
      expect(isWaiting).toBe(held);
    }
    const expected = ask(this.story, question, this.#setup);
    const id = `g${this.#count++}`;
    const seen = this.#memories[at]?.contact === 'closed';
    const situation = {
      lockdown: this.#lockdown === null ? null : { exempt: this.#lockdown.map((one) => `p${one}`) },
      isOpen: (name: string) => this.#isOpen(name === 'd0' ? 0 : 1),
      laneBusy: false,
      alone: false,
      passageIsSeen: seen,
    };
    const { verdict } = this.#desk.present(presentation, id, situation, moment);
    const came = {
      verdict: verdict.verdict,
      reason: verdict.reason,
      people: verdict.people.map((one) => Number(one.slice(1))).sort(),
      violation: verdict.violation !== null,
    };
    expect(came).toEqual({ ...expected, people: [...expected.people].sort() });
    this.#took(act, known, verdict.verdict, came.people, id, seen);
  }

  #took(
    { kind, door: at, way: direction, carriedOut }: Action & { type: 'present' },
    who: number | null,
    verdict: 'grant' | 'deny' | 'wait',
    people: number[],
    id: string,
    seen: boolean,
  ): void {
    if (verdict === 'wait' && who !== null) {
      this.story.push({ type: 'waits', at: this.#now, who, kind, door: at, way: direction });
    }
    if (verdict === 'deny' && who === null && kind === 'card' && this.#lockdown === null) {
      this.story.push({ type: 'failed', at: this.#now, door: at });
    }
    this.#keep();
    if (verdict !== 'grant') return;
    this.story.push({ type: 'granted', at: this.#now, people, door: at, way: direction, id });
    this.journal.push({ at: this.#now, type: 'granted', id, door: at });
    if (!carriedOut) {
      this.#desk.notCarriedOut(`d${at}`, id);
      this.story.push({ type: 'given back', at: this.#now, id });
      this.#keep();
      return;
    }
    if (seen) this.#pending.push({ id, door: at });
    this.#feed(at, {
      type: 'unlock',
      cause: { kind: 'grant', decisionId: id, personId: 'p' },
      extended: false,
    });
    this.#desk.carriedOut(`d${at}`, id);
    this.#keep();
  }

  #isOpen(n: number): boolean {
    const memory = this.#memories[n];
    return memory !== undefined && (memory.unlocked || memory.contact === 'open');
  }

  #setFire(on: boolean): void {
    if (on && !this.#fire) this.journal.push({ at: this.#now, type: 'fire' });
    this.#fire = on;
    for (const n of DOORS) this.#feedFire(n);
  }

  #feedFire(n: number): void {
    const cause = { kind: 'emergency', by: 'fire' } as const;
    this.#feed(
      n,
      this.#fire ? { type: 'hold', cause, forMs: null } : { type: 'end_hold', kind: 'emergency' },
    );
  }

  #lineOk(n: number, line: 'relay' | 'contact' | 'rex'): void {
    this.#feed(n, { type: 'line_ok', line });
    if (line === 'contact') this.#feed(n, { type: 'contact', position: this.#contacts[n] ?? 'closed' });
  }

  /** The process is killed: what was kept is all that is left. */
  #restart(): void {
    this.#keep();
    this.#desk = this.#newDesk();
    expect(this.#desk.memory.restore(JSON.parse(JSON.stringify([...this.#kept])))).toEqual([]);
    this.story.push({ type: 'restart', at: this.#now });
    this.#memories = DOORS.map(() => INITIAL_MEMORY);
    this.#wakeAt = DOORS.map(() => null);
    this.#late = DOORS.map(() => null);
    this.#pending = [];
    this.#begin();
  }

  #begin(): void {
    this.journal.push({ at: this.#now, type: 'started' });
    for (const n of DOORS) {
      this.#feed(n, { type: 'lockdown', active: this.#lockdown !== null });
      if (this.#fire) this.#feedFire(n);
      this.#feed(n, { type: 'contact', position: this.#contacts[n] ?? 'closed' });
    }
  }

  #newDesk(): EntryDesk {
    const { ways, antiPassback, forMs, maxPeople, interlock } = this.#setup;
    const doors = DOORS.map((n) => ({
      id: `d${n}`,
      entry: EntrySchema.parse({
        inside: 'lab',
        ways: WAYS[ways[n] ?? 'card'].map((one) => ({ ...one, withinMs: WITHIN_MS })),
      }),
    }));
    const access = AccessSchema.parse({
      zones: [
        {
          id: 'lab',
          ...(antiPassback === 'none' ? {} : { antiPassback: { mode: antiPassback, forMs } }),
          ...(maxPeople === null ? {} : { maxPeople }),
        },
      ],
      interlocks: interlock ? [{ doors: ['d0', 'd1'] }] : [],
    });
    const calendar = new Calendar(CalendarSchema.parse({}), 'Asia/Shanghai');
    return new EntryDesk(entryPolicy(doors, access), calendar, new Lockout(LOCKOUT));
  }

  #keep(): void {
    for (const [key, value] of this.#desk.memory.takeChanges()) {
      if (value === null) this.#kept.delete(key);
      else this.#kept.set(key, value);
    }
  }

  #moveTo(until: number): void {
    for (;;) {
      const due = [...this.#wakeAt, ...this.#late].filter((at) => at !== null).sort((a, b) => a - b)[0];
      if (due === undefined || due > until) break;
      this.#now = Math.max(this.#now, due);
      for (const n of DOORS) {
        const late = this.#late[n] ?? null;
        if (late !== null && late <= this.#now) this.#notPassed(n);
        const wake = this.#wakeAt[n] ?? null;
        if (wake !== null && wake <= this.#now) this.#feed(n, { type: 'tick' });
      }
    }
    this.#now = until;
  }

  #notPassed(n: number): void {
    this.#late[n] = null;
    this.#desk.notPassed(`d${n}`);
    for (const { id } of this.#pending.filter((one) => one.door === n)) {
      this.story.push({ type: 'given back', at: this.#now, id });
    }
    this.#pending = this.#pending.filter((one) => one.door !== n);
    this.#keep();
  }

  #feed(n: number, input: DoorInput): void {
    const memory = this.#memories[n] ?? INITIAL_MEMORY;
    const result = step(memory, input, this.#now, SETTINGS(n));
    this.#memories[n] = result.memory;
    this.#wakeAt[n] = result.wakeAt;
    for (const event of result.events) {
      this.journal.push({ at: this.#now, door: n, event });
      if (event.type === 'opened') {
        this.#late[n] = null;
        this.#desk.passed(`d${n}`);
        this.#pending = this.#pending.filter((one) => one.door !== n);
      }
      if (event.type === 'locked') this.#late[n] = this.#now + LATE_MS;
    }
    this.#check(n);
  }

  /** The door is unlocked if the journal says so, and only as long as a cause in it allows. */
  #check(n: number): void {
    const since = this.journal.findLastIndex((entry) => 'type' in entry && entry.type === 'started');
    const mine = this.journal.slice(since).filter((entry) => 'event' in entry && entry.door === n);
    let told = false;
    let until = Number.NEGATIVE_INFINITY;
    for (const entry of mine) {
      if (!('event' in entry)) continue;
      const { event, at } = entry;
      if (event.type === 'locked') told = false;
      if (event.type !== 'unlocked') continue;
      told = true;
      until = Math.max(until, event.relayMs === null ? Number.POSITIVE_INFINITY : at + UNLOCK_MS);
    }
    const unlocked = this.#memories[n]?.unlocked === true;
    if (unlocked !== told) expect({ unlocked }).toEqual({ unlocked: told });
    if (!unlocked || this.#now <= until) return;
    const rexSince = this.#memories[n]?.rexSince ?? null;
    expect({ held: rexSince !== null && this.#now - rexSince < REX_STUCK_MS }).toEqual({ held: true });
  }
}

/** Plays a sequence; whatever happens, no door is unlocked but by a cause that stands in the journal before. */
export function check(acts: readonly Action[], given: Setup): void {
  const world = new World(given);
  for (const act of acts) world.do(act);
  world.end();
  const before: Entry[] = [];
  const open = new Set<number>();
  for (const entry of world.journal) {
    if ('type' in entry && entry.type === 'started') open.clear();
    if ('event' in entry) {
      const { event, door: n } = entry;
      if (event.type === 'locked') expect(open.delete(n)).toBe(true);
      if (event.type === 'unlocked') {
        open.add(n);
        expect({ event, caused: isCaused(event, n, before) }).toEqual({ event, caused: true });
      }
    }
    before.push(entry);
  }
  expect([...open]).toEqual([]);
}

function isCaused({ cause }: DoorEvent & { type: 'unlocked' }, n: number, before: readonly Entry[]): boolean {
  switch (cause.kind) {
    case 'grant':
      return before.some((entry) => 'id' in entry && entry.id === cause.decisionId && entry.door === n);
    case 'rex':
      return before.some((entry) => 'event' in entry && entry.door === n && entry.event.type === 'rex');
    case 'remote':
      return before.some((entry) => 'type' in entry && entry.type === 'remote' && entry.door === n);
    case 'emergency':
      return before.some((entry) => 'type' in entry && entry.type === 'fire');
    default:
      return false;
  }
}
