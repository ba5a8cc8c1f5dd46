/** Where clients known to work take their eop-date from, although it ends in Z. */
export const EOP_ZONE = 'Asia/Shanghai';
/** The manual names no limit; 15 minutes either way is what services of this kind allow, and what the server remembers request ids for. */
export const EOP_WINDOW_MS = 15 * 60_000;
/** Both readings are in use: Beijing time in most clients, UTC in those that take the Z at its word. */
const READINGS = [EOP_ZONE, 'UTC'] as const;

const FORM = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/;
const DAY_MS = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** `yyyymmddTHHMMSSZ`: the wall clock of an IANA zone at this moment. Throws a RangeError when there is no such zone. */
export function eopDate(now: Date, zone: string = EOP_ZONE): string {
  const parts = new Map(
    format(zone)
      .formatToParts(now)
      .map(({ type, value }) => [type, value]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? '';
  const date = `${part('year').padStart(4, '0')}${part('month')}${part('day')}`;
  return `${date}T${part('hour')}${part('minute')}${part('second')}Z`;
}

export type EopDateCheck =
  | {
      readonly ok: true;
      readonly zone: string;
      /** The client's clock less ours. */
      readonly skewMs: number;
      /** Until then the same request could be sent again and be fresh in one of the readings: remember its id as long. */
      readonly freshUntil: Date;
    }
  | { readonly ok: false; readonly reason: 'malformed' }
  /** `skewMs` of the nearest reading: negative when the date lies in the past. */
  | { readonly ok: false; readonly reason: 'stale'; readonly skewMs: number };

/** Whether an eop-date is within `windowMs` of `now`, read as the wall clock of any of `zones` (default Beijing and UTC). */
export function checkEopDate(options: {
  readonly eopDate: string;
  readonly now: Date;
  readonly zones?: readonly string[];
  readonly windowMs?: number;
}): EopDateCheck {
  const { now, zones = READINGS, windowMs = EOP_WINDOW_MS } = options;
  const moments = zones.flatMap((zone) => moment(options.eopDate, zone).map((time) => ({ zone, time })));
  const away = (time: number): number => Math.abs(time - now.getTime());
  const nearest = moments.toSorted((a, b) => away(a.time) - away(b.time))[0];
  if (nearest === undefined) return { ok: false, reason: 'malformed' };
  const skewMs = nearest.time - now.getTime();
  if (Math.abs(skewMs) > windowMs) return { ok: false, reason: 'stale', skewMs };
  const last = Math.max(...moments.map(({ time }) => time));
  return { ok: true, zone: nearest.zone, skewMs, freshUntil: new Date(last + windowMs) };
}

/**
 * Our clock less the endpoint's, by the Date header of its answer (whole seconds); undefined when that is no date.
 * `now` is the moment between sending and receiving.
 */
export function clockSkewMs(dateHeader: string | null | undefined, now: Date): number | undefined {
  const theirs = Date.parse(dateHeader ?? '');
  return Number.isNaN(theirs) ? undefined : now.getTime() - theirs;
}

/** The moments at which the clock of a zone shows this: none, one, or two where clocks are set back. */
function moment(text: string, zone: string): readonly number[] {
  const wall = wallClock(text);
  if (wall === null) return [];
  const guesses = [wall - DAY_MS, wall + DAY_MS].map((time) => wall - offset(time, zone));
  return [...new Set(guesses)].filter((time) => eopDate(new Date(time), zone) === text);
}

/** Milliseconds that the wall clock of a zone is ahead of UTC. */
function offset(time: number, zone: string): number {
  const wall = wallClock(eopDate(new Date(time), zone));
  return wall === null ? 0 : wall - Math.floor(time / 1000) * 1000;
}

/** The date taken for UTC; null when it is malformed or names a day or an hour that does not exist. */
function wallClock(text: string): number | null {
  const match = FORM.exec(text);
  if (match === null) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  const again = date.toISOString().replace(/[-:]|\.000/g, '');
  return again === text ? date.getTime() : null;
}

function format(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US-u-ca-gregory-nu-latn', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  formats.set(zone, made);
  return made;
}
