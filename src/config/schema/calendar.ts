import { z } from 'zod';
import { id } from './common.ts';

/** Days in the order of ISO 8601: Monday first. */
export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** Schedules that are there without being configured. */
export const BUILT_IN_SCHEDULES = ['always', 'never'] as const;

const SPAN = /^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$/;
const DATE = /^(\d{4}-)?(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;

const spans = z
  .array(
    z
      .string()
      .regex(SPAN, 'use HH:MM-HH:MM, from 00:00 to 24:00')
      .refine(
        (text) => text.slice(0, 5) !== text.slice(6),
        'ends when it begins; a whole day is 00:00-24:00',
      ),
  )
  .max(64);

const date = z
  .string()
  .regex(DATE, 'use YYYY-MM-DD, or MM-DD for every year')
  .refine(isDate, 'there is no such day');

const HolidaySchema = z
  .strictObject({
    id: id.describe('Name of the holiday, for the schedules'),
    from: date.describe('First day, YYYY-MM-DD, or MM-DD for every year'),
    to: date.optional().describe('Last day, in the form of the first; by default the first'),
  })
  .refine((holiday) => holiday.to === undefined || holiday.to.length === holiday.from.length, {
    message: 'from and to must both name a year, or neither',
    path: ['to'],
  })
  .refine(
    ({ from, to }) => to === undefined || from.length === 5 || to.length !== from.length || from <= to,
    { message: 'must not be before from', path: ['to'] },
  )
  .describe('A holiday, or several days of it');

const ScheduleSchema = z
  .strictObject({
    id: id
      .refine(
        (name) => !BUILT_IN_SCHEDULES.some((other) => other === name),
        'is built in; choose another name',
      )
      .describe('Name of the schedule; "always" and "never" are built in'),
    weekly: z
      .array(
        z.strictObject({
          days: z
            .array(z.enum(WEEKDAYS))
            .min(1)
            .default([...WEEKDAYS])
            .describe('The days on which these spans begin'),
          spans: spans.describe(
            'Local times HH:MM-HH:MM, the end excluded; an end that is not after the beginning lies on the next day',
          ),
        }),
      )
      .max(64)
      .default([])
      .describe('Spans of an ordinary week'),
    holidays: z
      .array(
        z.strictObject({
          on: z
            .array(id)
            .optional()
            .describe('Holidays by name; without it every holiday that no entry before has named'),
          spans: spans.describe('Spans that begin on such a day; an empty list is none'),
        }),
      )
      .max(1024)
      .default([])
      .describe(
        'Spans that hold on holidays in place of the weekly ones; the first entry that names a holiday of the day counts, and without one there is no span on a holiday',
      ),
    ignoreHolidays: z.boolean().default(false).describe('Holidays are days like all others to this schedule'),
  })
  .describe('A schedule: when something holds');
export type ScheduleConfig = z.infer<typeof ScheduleSchema>;

export const CalendarSchema = z
  .strictObject({
    schedules: z.array(ScheduleSchema).max(1024).default([]).describe('Schedules, in the zone of the site'),
    holidays: z.array(HolidaySchema).max(1024).default([]).describe('Holidays'),
  })
  .superRefine(({ schedules, holidays }, context) => {
    const problem = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    for (const [key, list] of [
      ['schedules', schedules],
      ['holidays', holidays],
    ] as const) {
      const seen = new Set<string>();
      for (const [index, entry] of list.entries()) {
        if (seen.has(entry.id)) problem([key, index, 'id'], `"${entry.id}" is used twice`);
        seen.add(entry.id);
      }
    }
    const known = new Set(holidays.map((holiday) => holiday.id));
    for (const [at, schedule] of schedules.entries()) {
      for (const [entry, { on }] of schedule.holidays.entries()) {
        for (const [index, name] of (on ?? []).entries()) {
          if (!known.has(name))
            problem(['schedules', at, 'holidays', entry, 'on', index], `there is no holiday "${name}"`);
        }
      }
    }
  })
  .describe('Schedules and holidays');
export type CalendarConfig = z.infer<typeof CalendarSchema>;

/** 02-29 is a day, of every fourth year. */
function isDate(text: string): boolean {
  const full = text.length === 5 ? `2024-${text}` : text;
  const time = Date.parse(`${full}T00:00:00Z`);
  return Number.isFinite(time) && new Date(time).toISOString().startsWith(full);
}
