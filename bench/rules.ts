import { quantile } from '../scripts/support/quantile.ts';
import {
  Calendar,
  EntryDesk,
  entryPolicy,
  type Holder,
  Lockout,
  type Presentation,
} from '../src/access/index.ts';
import { AccessSchema, CalendarSchema, DecisionSchema, EntrySchema } from '../src/config/schema.ts';
import type { BenchRow } from './row.ts';

const PEOPLE = 10_000;
const SCHEDULES = 128;
const DECISIONS = 50_000;
const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

const two = (n: number) => String(n).padStart(2, '0');

/**
 * A decision of the rules of entry at a large site: 10,000 people in 100 groups, all of them somewhere; 128
 * schedules of 8 spans on each day, 64 of them named by the ways of the door; 128 holidays; hard anti-passback and
 * an occupancy limit.
 */
export async function benchRules(): Promise<BenchRow[]> {
  const desk = largeSite();
  const people = Array.from({ length: PEOPLE }, (_, n) => holder(n));
  const start = Date.parse('2026-03-02T00:00:00Z');
  const times: number[] = [];
  let granted = 0;
  for (let n = 0; n < DECISIONS + 2000; n++) {
    const person = people[(n * 7919) % PEOPLE];
    if (person === undefined) continue;
    // Seconds apart: each asks the clock on the wall anew now and then.
    const now = { mono: n * 7000, wall: start + n * 7000 };
    const begun = performance.now();
    const { verdict } = desk.present(presentation(person, n), `d${n}`, SITUATION, now);
    const took = performance.now() - begun;
    desk.carriedOut('door', `d${n}`);
    desk.memory.takeChanges();
    if (n < 2000) continue;
    times.push(took);
    granted += verdict.verdict === 'grant' ? 1 : 0;
  }
  times.sort((a, b) => a - b);
  const p99 = quantile(times, 0.99);
  const what = `${PEOPLE} people, ${SCHEDULES} schedules, anti-passback; ${granted} of ${DECISIONS} granted`;
  return [
    { id: 'rules-p99', value: p99, unit: 'ms', bound: 1, holds: p99 < 1, what: `a decision: ${what}` },
    {
      id: 'rules-median',
      value: quantile(times, 0.5),
      unit: 'ms',
      bound: null,
      holds: true,
      what: 'the same',
    },
  ];
}

const SITUATION = {
  lockdown: null,
  isOpen: () => false,
  laneBusy: false,
  alone: false,
  passageIsSeen: false,
};

function presentation(person: Holder, n: number): Presentation {
  const direction = n % 3 === 0 ? 'out' : 'in';
  return { kind: 'card', person, fault: null, duress: false, mask: null, door: 'door', direction };
}

function holder(n: number): Holder {
  return {
    id: `person-${n}`,
    name: `Person ${n}`,
    groups: [`g${n % 100}`, `h${n % 7}`],
    validFrom: '2026-01-01T00:00:00.000Z',
    validUntil: '2036-01-01T00:00:00.000Z',
    antiPassbackExempt: n % 50 === 0,
    extendedTime: false,
  };
}

function largeSite(): EntryDesk {
  const spans = (n: number) =>
    Array.from(
      { length: 8 },
      (_, i) => `${two(i * 3)}:${two(n % 60)}-${two(i * 3 + 2)}:${two((n + 30) % 59)}`,
    );
  const calendar = CalendarSchema.parse({
    holidays: Array.from({ length: 128 }, (_, n) => ({
      id: `h${n}`,
      from: `2026-${two(1 + (n % 12))}-${two(1 + ((n * 2) % 28))}`,
    })),
    schedules: Array.from({ length: SCHEDULES }, (_, n) => ({
      id: `s${n}`,
      weekly: DAYS.map((day, i) => ({ days: [day], spans: spans(n + i) })),
      holidays: [{ spans: spans(n) }],
    })),
  });
  const ways = Array.from({ length: 64 }, (_, n) => ({
    by: ['card', 'face+pin'],
    when: `s${n}`,
    groups: [`g${n}`, `h${n % 7}`],
  }));
  const entry = EntrySchema.parse({ inside: 'site', ways });
  const access = AccessSchema.parse({
    zones: [{ id: 'site', antiPassback: { mode: 'hard' }, maxPeople: PEOPLE }],
  });
  const desk = new EntryDesk(
    entryPolicy([{ id: 'door', entry }], access),
    new Calendar(calendar, 'Asia/Shanghai'),
    new Lockout(DecisionSchema.parse({}).lockout),
  );
  for (let n = 0; n < PEOPLE; n++) {
    desk.memory.places.go(`person-${n}`, n % 2 === 0 ? 'site' : 'outside', n, 'begin');
  }
  return desk;
}
