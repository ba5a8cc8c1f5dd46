import type { CalendarConfig } from '../../../src/config/index.ts';

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/**
 * What a caretaker with a wall clock and a paper calendar would say: the local time is read off as text, each span is
 * walked through minute by minute, and nothing is compiled or kept. Slow, and independent of the calendar on test.
 */
export function naiveHolds(config: CalendarConfig, zone: string, schedule: string, at: number): boolean {
  const text = clockOf(zone).format(at);
  const today = text.slice(0, 10);
  const clock = text.slice(11, 16);
  const yesterday = new Date(Date.parse(`${today}T12:00:00Z`) - 86_400_000).toISOString().slice(0, 10);
  return (
    spansOf(config, schedule, today).some((span) => minutesOf(span).today.has(clock)) ||
    spansOf(config, schedule, yesterday).some((span) => minutesOf(span).tomorrow.has(clock))
  );
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** Sweden writes dates as ISO 8601 does. */
function clockOf(zone: string): Intl.DateTimeFormat {
  const known = clocks.get(zone);
  if (known !== undefined) return known;
  const clock = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
  clocks.set(zone, clock);
  return clock;
}

const walked = new Map<string, { today: Set<string>; tomorrow: Set<string> }>();

/** Every minute of a span as the clock shows it, on the day it begins and on the day after. */
function minutesOf(span: string): { today: Set<string>; tomorrow: Set<string> } {
  const known = walked.get(span);
  if (known !== undefined) return known;
  const [from = '', to = ''] = span.split('-');
  const minutes = { today: new Set<string>(), tomorrow: new Set<string>() };
  let day: 'today' | 'tomorrow' = 'today';
  for (let clock = from; ; ) {
    minutes[day].add(clock);
    let [hour = 0, minute = 0] = clock.split(':').map(Number);
    minute += 1;
    if (minute === 60) [hour, minute] = [hour + 1, 0];
    clock = `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
    if (clock === to) break;
    if (clock === '24:00') {
      clock = '00:00';
      day = 'tomorrow';
      if (clock === to) break;
    }
  }
  walked.set(span, minutes);
  return minutes;
}

function spansOf(config: CalendarConfig, schedule: string, date: string): string[] {
  const found = config.schedules.find(({ id }) => id === schedule);
  if (found === undefined) return [];
  const holidays = config.holidays.filter((holiday) => daysOf(holiday, date.slice(0, 4)).has(date));
  if (holidays.length > 0 && !found.ignoreHolidays) {
    for (const entry of found.holidays) {
      const named = entry.on;
      if (named === undefined || holidays.some(({ id }) => named.includes(id))) return entry.spans;
    }
    return [];
  }
  const weekday = DAYS[(new Date(`${date}T12:00:00Z`).getUTCDay() + 6) % 7] ?? '';
  return found.weekly.filter(({ days }) => days.some((day) => day === weekday)).flatMap(({ spans }) => spans);
}

const listed = new Map<string, Set<string>>();

/** Every day of a holiday in the years about `year`, counted off one by one. */
function daysOf({ from, to = from }: CalendarConfig['holidays'][number], year: string): Set<string> {
  const key = `${from} ${to} ${year}`;
  const known = listed.get(key);
  if (known !== undefined) return known;
  const days = new Set<string>();
  const walk = (first: string, last: string) => {
    for (let at = Date.parse(`${first}T12:00:00Z`); ; at += 86_400_000) {
      const date = new Date(at).toISOString().slice(0, 10);
      if (date > last) break;
      days.add(date);
    }
  };
  if (from.length > 5) walk(from, to);
  else {
    for (const begin of [Number(year) - 1, Number(year)]) {
      walk(`${begin}-${from}`, `${from <= to ? begin : begin + 1}-${to}`);
    }
  }
  listed.set(key, days);
  return days;
}
