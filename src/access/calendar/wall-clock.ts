/** A moment as the clock on the site's wall shows it. */
export interface WallTime {
  /** Days since 1970-01-01 of the date on the wall. */
  readonly day: number;
  /** 0 is Monday. */
  readonly weekday: number;
  /** YYYY-MM-DD. */
  readonly date: string;
  /** Minutes since midnight on the wall, 0..1439. */
  readonly minute: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** The date on the wall of a day number. */
export function dateOf(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** 1970-01-01 was a Thursday. */
export function weekdayOf(day: number): number {
  return (((day + 3) % 7) + 7) % 7;
}

/**
 * Reads the wall clock of an IANA zone at a moment (milliseconds since 1970, UTC). ICU's own zone data tell the
 * offset, whatever daylight saving does. The answer for the last minute asked about is kept: asking ICU takes
 * microseconds, and one decision asks about many schedules.
 * @throws RangeError for a zone that ICU does not know
 */
export function wallClock(zone: string): (at: number) => WallTime {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  let known: WallTime | null = null;
  let knownMinute = Number.NaN;
  return (at) => {
    const minute = Math.floor(at / MINUTE_MS);
    if (known === null || minute !== knownMinute) {
      known = read(format, minute * MINUTE_MS);
      knownMinute = minute;
    }
    return known;
  };
}

function read(format: Intl.DateTimeFormat, at: number): WallTime {
  const figures: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(at)) figures[type] = Number(value);
  const { year = 0, month = 1, day: date = 1, hour = 0, minute = 0 } = figures;
  const day = Date.UTC(year, month - 1, date) / DAY_MS;
  return { day, weekday: weekdayOf(day), date: dateOf(day), minute: hour * 60 + minute };
}
