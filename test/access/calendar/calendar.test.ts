import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Calendar } from '../../../src/access/index.ts';
import { type CalendarConfig, CalendarSchema, parseConfig } from '../../../src/config/index.ts';
import { MINIMAL } from '../../config/fixtures.ts';
import { naiveHolds } from './naive-calendar.ts';

const utc = (text: string) => Date.parse(text);
const calendar = (config: unknown, zone = 'Asia/Shanghai') =>
  new Calendar(CalendarSchema.parse(config), zone);

describe('a schedule', () => {
  it('holds in its weekly spans by the clock on the wall, the end excluded', () => {
    const office = calendar({
      schedules: [{ id: 'office', weekly: [{ days: ['mon'], spans: ['08:00-12:00', '13:00-18:00'] }] }],
    });
    // 2026-03-02 is a Monday; Shanghai is 8 hours ahead.
    const holds = (clock: string) => office.holds('office', utc(`2026-03-02T${clock}+08:00`));
    expect(
      ['07:59:59.999', '08:00:00', '11:59:59.999', '12:00:00', '13:00:00', '18:00:00'].map(holds),
    ).toEqual([false, true, true, false, true, false]);
    expect(office.holds('office', utc('2026-03-03T09:00:00+08:00'))).toBe(false);
  });

  it('goes past midnight into the next day, and belongs to the day on which it begins', () => {
    const night = calendar({
      schedules: [{ id: 'night', weekly: [{ days: ['sun'], spans: ['22:00-06:00'] }] }],
      holidays: [{ id: 'h', from: '2026-03-02' }],
    });
    expect(night.holds('night', utc('2026-03-01T22:00:00+08:00'))).toBe(true);
    expect(night.holds('night', utc('2026-03-02T05:59:00+08:00'))).toBe(true);
    expect(night.holds('night', utc('2026-03-02T06:00:00+08:00'))).toBe(false);
    expect(night.holds('night', utc('2026-03-01T05:00:00+08:00'))).toBe(false);
  });

  it('has spans of its own on a holiday, none where none is named, and can ignore holidays', () => {
    const weekly = [{ spans: ['00:00-24:00'] }];
    const site = calendar({
      schedules: [
        { id: 'closed', weekly },
        {
          id: 'own',
          weekly,
          holidays: [{ on: ['spring'], spans: ['10:00-11:00'] }, { spans: ['12:00-13:00'] }],
        },
        { id: 'all', weekly, ignoreHolidays: true },
      ],
      holidays: [
        { id: 'spring', from: '2026-02-16', to: '2026-02-22' },
        { id: 'national', from: '10-01', to: '10-07' },
        { id: 'new-year', from: '12-31', to: '01-01' },
      ],
    });
    const at = (date: string, clock: string) =>
      ['closed', 'own', 'all'].map((id) => site.holds(id, utc(`${date}T${clock}:00+08:00`)));
    expect(at('2026-02-22', '10:30')).toEqual([false, true, true]);
    expect(at('2026-02-23', '10:30')).toEqual([true, true, true]);
    expect(at('2029-10-07', '12:30')).toEqual([false, true, true]);
    expect(at('2029-10-07', '10:30')).toEqual([false, false, true]);
    expect(at('2027-01-01', '12:30')).toEqual([false, true, true]);
    expect(site.holidaysAt(utc('2026-12-31T00:00:00+08:00'))).toEqual(['new-year']);
    expect(site.holidaysAt(utc('2026-12-31T00:00:00+08:00') - 1)).toEqual([]);
  });

  it('loses in spring only the hour that is skipped, and holds twice in the hour that comes twice', () => {
    const config = { schedules: [{ id: 's', weekly: [{ spans: ['02:30-03:30'] }] }] };
    const berlin = calendar(config, 'Europe/Berlin');
    const span = (from: string, minutes: number) =>
      Array.from({ length: minutes }, (_, n) => berlin.holds('s', utc(from) + n * 60_000)).filter(Boolean)
        .length;
    expect(span('2026-03-29T00:00:00Z', 120)).toBe(30);
    expect(berlin.holds('s', utc('2026-03-29T01:00:00Z'))).toBe(true);
    expect(span('2026-10-25T00:00:00Z', 180)).toBe(90);
    expect(span('2026-06-01T00:00:00Z', 180)).toBe(60);
  });

  it('always and never are built in, and one that nobody knows never holds', () => {
    const site = calendar({});
    expect(['always', 'never', 'nobody-knows'].map((id) => site.holds(id, 0))).toEqual([true, false, false]);
  });
});

const clock = fc.integer({ min: 0, max: 1439 }).map((m) => {
  const two = (n: number) => String(n).padStart(2, '0');
  return `${two(Math.floor(m / 60))}:${two(m % 60)}`;
});
const span = fc
  .tuple(clock, fc.oneof(clock, fc.constant('24:00')))
  .filter(([from, to]) => from !== to)
  .map(([from, to]) => `${from}-${to}`);
const spans = fc.array(span, { maxLength: 8 });
const day = fc.constantFrom('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun');
const NAMES = ['h0', 'h1', 'h2', 'h3'];
const YEARLY = ['01-01', '02-28', '03-29', '10-25', '12-30'];
const holiday = fc.oneof(
  fc.tuple(fc.nat({ max: 500 }), fc.nat({ max: 9 })).map(([first, days]) => {
    const date = (n: number) => new Date(Date.UTC(2026, 0, 1 + n)).toISOString().slice(0, 10);
    return { from: date(first), to: date(first + days) };
  }),
  fc.tuple(fc.constantFrom(...YEARLY), fc.constantFrom(...YEARLY)).map(([from, to]) => ({ from, to })),
);
const config: fc.Arbitrary<CalendarConfig> = fc
  .record({
    schedules: fc.array(
      fc.record({
        weekly: fc.array(fc.record({ days: fc.uniqueArray(day, { minLength: 1 }), spans }), { maxLength: 4 }),
        holidays: fc.array(fc.record({ on: fc.option(fc.subarray(NAMES), { nil: undefined }), spans }), {
          maxLength: 3,
        }),
        ignoreHolidays: fc.boolean(),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    holidays: fc.array(holiday, { minLength: 4, maxLength: 4 }),
  })
  .map(({ schedules, holidays }) =>
    CalendarSchema.parse({
      schedules: schedules.map((schedule, n) => ({ id: `s${n}`, ...schedule })),
      holidays: holidays.map((entry, n) => ({ id: NAMES[n], ...entry })),
    }),
  );

/** Far apart, with half an hour of daylight saving, changes at midnight, and none at all. */
const ZONES = [
  'Asia/Shanghai',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'America/Santiago',
  'Asia/Kathmandu',
  'Pacific/Apia',
];
/** About a change of the clocks, or anywhere in two years. */
const moment = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(
        '2026-03-29T01:00Z',
        '2026-10-25T01:00Z',
        '2026-03-08T07:00Z',
        '2026-11-01T06:00Z',
        '2026-04-04T15:00Z',
        '2026-10-03T15:30Z',
        '2026-04-05T03:00Z',
        '2026-09-06T04:00Z',
        '2026-12-31T16:00Z',
      ),
      fc.integer({ min: -1500, max: 1500 }),
    )
    .map(([about, minutes]) => utc(about) + minutes * 60_000),
  fc.integer({ min: utc('2026-01-01T00:00Z'), max: utc('2028-01-01T00:00Z') }),
);

describe('the calendar against a caretaker with a wall clock', () => {
  it('agrees at every moment, in every zone', () => {
    fc.assert(
      fc.property(
        config,
        fc.constantFrom(...ZONES),
        fc.array(moment, { minLength: 1, maxLength: 12 }),
        (c, zone, at) => {
          const compiled = new Calendar(c, zone);
          for (const time of at) {
            for (const { id } of c.schedules) {
              // Compared by hand first: `expect` is slow.
              if (compiled.holds(id, time) === naiveHolds(c, zone, id, time)) continue;
              expect({ time, id, holds: compiled.holds(id, time) }).toEqual({
                time,
                id,
                holds: naiveHolds(c, zone, id, time),
              });
            }
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('a large site', () => {
  const two = (n: number) => String(n).padStart(2, '0');
  const eight = (n: number) =>
    Array.from({ length: 8 }, (_, i) => `${two(i * 3)}:${two(n % 60)}-${two(i * 3 + 2)}:${two(n % 59)}`);
  const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
  const yaml = [
    MINIMAL,
    'calendar:',
    '  holidays:',
    ...Array.from(
      { length: 128 },
      (_, n) => `    - { id: h${n}, from: 2026-${two(1 + (n % 12))}-${two(1 + (n % 28))} }`,
    ),
    '  schedules:',
    ...Array.from({ length: 128 }, (_, n) => [
      `    - id: s${n}`,
      '      weekly:',
      ...days.map((name, i) => `        - { days: [${name}], spans: [${eight(n + i).join(', ')}] }`),
      `      holidays: [{ on: [h${n}], spans: [${eight(n).join(', ')}] }]`,
    ]).flat(),
  ].join('\n');

  it('has 128 schedules of 8 spans on each day and 128 holidays in one file', () => {
    const { config: loaded } = parseConfig(yaml, '/etc/menshen.yaml');
    expect(
      loaded.calendar.schedules.flatMap(({ weekly }) => weekly.flatMap(({ spans: s }) => s)),
    ).toHaveLength(7168);
    const site = new Calendar(loaded.calendar, 'Asia/Shanghai');
    let held = 0;
    for (let n = 0; n < 20; n++) {
      for (let s = 0; s < 128; s++)
        held += site.holds(`s${s}`, utc('2026-01-01T00:00Z') + n * 7_200_000) ? 1 : 0;
    }
    expect(held).toBeGreaterThan(100);
  });

  it.each([
    ['spans: [8:00-12:00]', 'use HH:MM-HH:MM'],
    ['spans: [08:00-08:00]', 'ends when it begins'],
    ['spans: [08:00-25:00]', 'use HH:MM-HH:MM'],
  ])('refuses %s, naming the line', (text, message) => {
    const bad = `${MINIMAL}calendar:\n  schedules:\n    - { id: s, weekly: [{ ${text} }] }\n`;
    expect(() => parseConfig(bad, '/m.yaml')).toThrow(message);
    expect(() => parseConfig(bad, '/m.yaml')).toThrow('/m.yaml:9:');
  });

  it.each([
    [{ schedules: [{ id: 'always' }] }, 'is built in'],
    [{ schedules: [{ id: 's' }, { id: 's' }] }, 'is used twice'],
    [{ schedules: [{ id: 's', holidays: [{ on: ['h'], spans: [] }] }] }, 'there is no holiday'],
    [{ holidays: [{ id: 'h', from: '2026-02-29' }] }, 'there is no such day'],
    [{ holidays: [{ id: 'h', from: '2026-02-02', to: '2026-02-01' }] }, 'must not be before from'],
    [{ holidays: [{ id: 'h', from: '2026-02-02', to: '03-01' }] }, 'both name a year'],
  ])('refuses %j', (bad, message) => {
    expect(() => CalendarSchema.parse(bad)).toThrow(message);
  });
});
