import type { CalendarConfig, ScheduleConfig } from '../../config/index.ts';
import { dateOf, wallClock, weekdayOf } from './wall-clock.ts';

/** Minutes since midnight of the day on which it begins; `to` is excluded, and above 1440 on the next day. */
interface Span {
  readonly from: number;
  readonly to: number;
}

interface Schedule {
  /** Spans by weekday, 0 is Monday. */
  readonly weekly: readonly (readonly Span[])[];
  readonly holidays: readonly { readonly on: ReadonlySet<string> | null; readonly spans: readonly Span[] }[];
  readonly ignoreHolidays: boolean;
}

const DAY_MINUTES = 1440;
const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/**
 * Schedules and holidays of a site, compiled once. A span counts by the clock on the wall: in the hour that is
 * skipped in spring nothing is lost but that hour, and in the hour that comes twice in autumn it holds twice. A span past
 * midnight belongs to the day on which it begins, holiday or not.
 */
export class Calendar {
  readonly #wall: ReturnType<typeof wallClock>;
  readonly #schedules: ReadonlyMap<string, Schedule>;
  readonly #holidays: CalendarConfig['holidays'];
  /** Holidays of the last days asked about. */
  readonly #holidaysOf = new Map<number, readonly string[]>();

  /** @param zone IANA name */
  constructor({ schedules, holidays }: CalendarConfig, zone: string) {
    this.#wall = wallClock(zone);
    this.#schedules = new Map(schedules.map((schedule) => [schedule.id, compile(schedule)]));
    this.#holidays = holidays;
  }

  /** True while the schedule holds at the moment `at` (milliseconds since 1970, UTC). A schedule nobody knows never holds. */
  holds(schedule: string, at: number): boolean {
    if (schedule === 'always') return true;
    const compiled = this.#schedules.get(schedule);
    if (compiled === undefined) return false;
    const { day, minute } = this.#wall(at);
    return (
      within(this.#spansOn(compiled, day), minute) ||
      within(this.#spansOn(compiled, day - 1), minute + DAY_MINUTES)
    );
  }

  /** Names of the holidays on which the moment falls. */
  holidaysAt(at: number): readonly string[] {
    return this.#holidaysOn(this.#wall(at).day);
  }

  #spansOn(schedule: Schedule, day: number): readonly Span[] {
    const holidays = schedule.ignoreHolidays ? [] : this.#holidaysOn(day);
    if (holidays.length === 0) return schedule.weekly[weekdayOf(day)] ?? [];
    const entry = schedule.holidays.find(({ on }) => on === null || holidays.some((name) => on.has(name)));
    return entry?.spans ?? [];
  }

  #holidaysOn(day: number): readonly string[] {
    const known = this.#holidaysOf.get(day);
    if (known !== undefined) return known;
    const date = dateOf(day);
    const names = this.#holidays.filter((holiday) => covers(holiday, date)).map(({ id }) => id);
    if (this.#holidaysOf.size >= 4) this.#holidaysOf.clear();
    this.#holidaysOf.set(day, names);
    return names;
  }
}

function covers({ from, to = from }: CalendarConfig['holidays'][number], date: string): boolean {
  if (from.length > 5) return from <= date && date <= to;
  const day = date.slice(5);
  // Every year, and across New Year's Eve when it ends before it begins.
  return from <= to ? from <= day && day <= to : from <= day || day <= to;
}

function within(spans: readonly Span[], minute: number): boolean {
  return spans.some((span) => span.from <= minute && minute < span.to);
}

function compile({ weekly, holidays, ignoreHolidays }: ScheduleConfig): Schedule {
  return {
    weekly: WEEKDAYS.map((name) =>
      weekly.filter(({ days }) => days.includes(name)).flatMap(({ spans }) => spans.map(spanOf)),
    ),
    holidays: holidays.map(({ on, spans }) => ({
      on: on === undefined ? null : new Set(on),
      spans: spans.map(spanOf),
    })),
    ignoreHolidays,
  };
}

function spanOf(text: string): Span {
  const [from = 0, to = 0] = text.split('-').map((time) => {
    const [hours = 0, minutes = 0] = time.split(':').map(Number);
    return hours * 60 + minutes;
  });
  return { from, to: to > from ? to : to + DAY_MINUTES };
}
