import { join } from 'node:path';
import type { Database, Statement } from 'better-sqlite3';
import { z } from 'zod';
import { MenshenError } from '../common/index.ts';
import { CLOUD_APIS, type CloudApi } from './api/index.ts';
import { LEDGER_FILE, openLedger, unusable } from './ledger/database.ts';
import { daysCovered } from './ledger/forecast.ts';

/** Parts of the packages that are left when a warning is due. */
export const WARN_AT = [0.2, 0.05] as const;

/** A package must grow this much above a threshold before falling below it is told again. */
const HYSTERESIS = 1.1;
const DAY_MS = 86_400_000;
/** Single calls are kept this long; the sums by day stay. */
const KEEP_CALLS_MS = 400 * DAY_MS;
/** Days over which the use of a day is averaged. */
const FORECAST_WINDOW = 14;

/** A purchase: so many calls of one API within a span of time. */
export interface CallPackage {
  readonly api: CloudApi;
  /** Calls. */
  readonly size: number;
  readonly validFrom: Date;
  readonly validUntil: Date;
}

export interface PackageState extends CallPackage {
  readonly id: number;
  readonly used: number;
}

/** Where one API stands. */
export interface ApiUsage {
  readonly api: CloudApi;
  /** Calls counted today, by the day of the ledger's time zone. */
  readonly today: number;
  /** Calls left in, and size of, the packages valid now; null without any. */
  readonly remaining: number | null;
  readonly size: number | null;
  /** Days for which the packages last at the rate of the last 14 days; null without packages. */
  readonly forecastDays: number | null;
  /** In the order in which they are used up: that of purchase. */
  readonly packages: readonly PackageState[];
}

export interface QuotaWarning extends Pick<ApiUsage, 'api' | 'forecastDays'> {
  readonly remaining: number;
  readonly size: number;
  /** 0.2 or 0.05. */
  readonly threshold: number;
}

/** A call that was counted. */
export interface Ticket {
  readonly id: number;
  readonly api: CloudApi;
}

export interface LedgerOptions {
  readonly dataDir: string;
  /** IANA zone whose midnight begins a new day. */
  readonly timezone: string;
  readonly onWarning?: (warning: QuotaWarning) => void;
  /** Told once a day when the calls of an API have reached its daily cap; across restarts. */
  readonly onCap?: (api: CloudApi, dailyCap: number) => void;
  readonly now?: () => Date;
}

const PackageRow = z.object({
  id: z.number(),
  api: z.enum(CLOUD_APIS),
  size: z.number(),
  used: z.number(),
  valid_from: z.number(),
  valid_until: z.number(),
});
const CallRow = z.object({ api: z.string(), day: z.string(), package: z.number().nullable() });
const SumRow = z.object({ calls: z.number().nullable(), days: z.number() });

/**
 * What was bought and what was called. A call is counted, on disk, **before** it is sent, and taken back when the
 * network proves that it never was: so a crash at any moment leaves the count too high by the calls under way, never
 * too low, and a gate that crashes and starts again in a loop cannot get past the daily cap. Counting afterwards would
 * lose exactly those calls.
 */
export class QuotaLedger {
  readonly #db: Database;
  readonly #path: string;
  readonly #options: LedgerOptions;
  readonly #dayFormat: Intl.DateTimeFormat;
  readonly #statements = new Map<string, Statement>();

  /** Opens `cloud.sqlite` in the data directory. Throws MenshenError CLOUD_LEDGER_UNUSABLE. */
  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#path = join(options.dataDir, LEDGER_FILE);
    this.#dayFormat = new Intl.DateTimeFormat('en-CA', {
      timeZone: options.timezone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
    });
    this.#db = openLedger(options.dataDir);
    this.#guard(() => this.#sql('DELETE FROM calls WHERE at < ?').run(this.#now() - KEEP_CALLS_MS));
  }

  /**
   * Counts one call, to be sent now; null when the API's calls of today have reached `dailyCap`. Throws
   * CLOUD_LEDGER_UNUSABLE when it cannot be written: then the call must not be made.
   */
  count(api: CloudApi, dailyCap: number): Ticket | null {
    const now = this.#now();
    const day = this.#dayFormat.format(now);
    const ticket = this.#write(() => {
      if (this.#countedOn(api, day) >= dailyCap) return null;
      const use = this.#packages(api).find((one) => isValid(one, now) && one.used < one.size)?.id ?? null;
      if (use !== null) this.#sql('UPDATE packages SET used = used + 1 WHERE id = ?').run(use);
      this.#sql(
        `INSERT INTO days (api, day, counted) VALUES (?, ?, 1)
         ON CONFLICT (api, day) DO UPDATE SET counted = counted + 1`,
      ).run(api, day);
      const { lastInsertRowid } = this.#sql(
        'INSERT INTO calls (api, at, day, package) VALUES (?, ?, ?, ?)',
      ).run(api, now, day, use);
      return { id: Number(lastInsertRowid), api };
    });
    if (ticket !== null) this.#warn(api, now);
    if (dailyCap > 0) this.#tellCap(api, day, dailyCap);
    return ticket;
  }

  /** Takes a call back that the network never carried out: the manual does not charge for it. Once; again is nothing. */
  release(ticket: Ticket): void {
    this.#write(() => {
      const row = this.#sql('SELECT api, day, package FROM calls WHERE id = ?').get(ticket.id);
      if (row === undefined) return;
      const { api, day, package: used } = CallRow.parse(row);
      this.#sql('DELETE FROM calls WHERE id = ?').run(ticket.id);
      this.#sql('UPDATE days SET counted = counted - 1 WHERE api = ? AND day = ?').run(api, day);
      if (used !== null) this.#sql('UPDATE packages SET used = used - 1 WHERE id = ?').run(used);
    });
  }

  /** Enters a purchase; returns its number. Throws CLOUD_PACKAGE_INVALID, CLOUD_LEDGER_UNUSABLE. */
  addPackage(bought: CallPackage): number {
    const [from, until] = [bought.validFrom.getTime(), bought.validUntil.getTime()];
    if (!Number.isSafeInteger(bought.size) || bought.size < 1 || !(until > from)) {
      throw new MenshenError(
        'CLOUD_PACKAGE_INVALID',
        `A package of ${bought.size} calls of ${bought.api}, valid from ${from} until ${until}, is none: size 1 or more, end after beginning.`,
      );
    }
    const { lastInsertRowid } = this.#write(() =>
      this.#sql('INSERT INTO packages (api, size, valid_from, valid_until) VALUES (?, ?, ?, ?)').run(
        bought.api,
        bought.size,
        from,
        until,
      ),
    );
    return Number(lastInsertRowid);
  }

  /** Takes a purchase out (returned, or entered by mistake); false when there is none of this number. */
  removePackage(id: number): boolean {
    return this.#write(() => {
      this.#sql('UPDATE calls SET package = NULL WHERE package = ?').run(id);
      return this.#sql('DELETE FROM packages WHERE id = ?').run(id).changes === 1;
    });
  }

  /** Where an API stands. Throws CLOUD_LEDGER_UNUSABLE. */
  usage(api: CloudApi): ApiUsage {
    return this.#guard(() => {
      const now = this.#now();
      const packages = this.#packages(api);
      const valid = packages.filter((one) => isValid(one, now));
      const stocks = packages.map((one) => ({
        remaining: one.size - one.used,
        validFrom: one.validFrom.getTime(),
        validUntil: one.validUntil.getTime(),
      }));
      return {
        api,
        today: this.#countedOn(api, this.#dayFormat.format(now)),
        remaining: valid.length === 0 ? null : sum(valid.map((one) => one.size - one.used)),
        size: valid.length === 0 ? null : sum(valid.map((one) => one.size)),
        forecastDays: daysCovered(stocks, this.#callsPerDay(api, now), now),
        packages,
      };
    });
  }

  close(): void {
    this.#db.close();
  }

  #tellCap(api: CloudApi, day: string, dailyCap: number): void {
    if (this.#countedOn(api, day) < dailyCap) return;
    const news = this.#guard(() =>
      this.#sql('INSERT OR IGNORE INTO capped (api, day) VALUES (?, ?)').run(api, day),
    );
    if (news.changes === 1) this.#options.onCap?.(api, dailyCap);
  }

  /** Tells of each threshold once, when the packages fall to it; across restarts. */
  #warn(api: CloudApi, now: number): void {
    const valid = this.#packages(api).filter((one) => isValid(one, now));
    const size = sum(valid.map((one) => one.size));
    if (size === 0) return;
    const remaining = size - sum(valid.map((one) => one.used));
    const part = remaining / size;
    for (const threshold of WARN_AT) {
      if (part > threshold * HYSTERESIS) {
        const told = this.#sql('SELECT 1 FROM warned WHERE api = ? AND threshold = ?').get(api, threshold);
        if (told !== undefined)
          this.#sql('DELETE FROM warned WHERE api = ? AND threshold = ?').run(api, threshold);
      } else if (part <= threshold) {
        const news = this.#sql('INSERT OR IGNORE INTO warned (api, threshold) VALUES (?, ?)').run(
          api,
          threshold,
        );
        if (news.changes === 1) {
          const { forecastDays } = this.usage(api);
          this.#options.onWarning?.({ api, remaining, size, threshold, forecastDays });
        }
      }
    }
  }

  #packages(api: CloudApi): PackageState[] {
    return this.#sql('SELECT * FROM packages WHERE api = ? ORDER BY id')
      .all(api)
      .map((row) => {
        const { valid_from, valid_until, ...rest } = PackageRow.parse(row);
        return { ...rest, validFrom: new Date(valid_from), validUntil: new Date(valid_until) };
      });
  }

  #countedOn(api: CloudApi, day: string): number {
    const row = this.#sql('SELECT counted FROM days WHERE api = ? AND day = ?').get(api, day);
    return row === undefined ? 0 : z.object({ counted: z.number() }).parse(row).counted;
  }

  /** Mean over the last 14 days, or over the days since the first call when those are fewer. */
  #callsPerDay(api: CloudApi, now: number): number {
    const since = this.#dayFormat.format(now - (FORECAST_WINDOW - 1) * DAY_MS);
    const today = this.#dayFormat.format(now);
    const row = this.#sql(
      `SELECT SUM(counted) AS calls, 1 + julianday(?) - julianday(COALESCE(MIN(day), ?)) AS days
       FROM days WHERE api = ? AND day BETWEEN ? AND ?`,
    ).get(today, today, api, since, today);
    const { calls, days } = SumRow.parse(row);
    return (calls ?? 0) / days;
  }

  #now(): number {
    return (this.#options.now?.() ?? new Date()).getTime();
  }

  #sql(text: string): Statement {
    const known = this.#statements.get(text);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(text);
    this.#statements.set(text, statement);
    return statement;
  }

  #write<T>(work: () => T): T {
    return this.#guard(() => this.#db.transaction(work).immediate());
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof MenshenError) throw error;
      throw unusable(this.#path, error);
    }
  }
}

function isValid(one: CallPackage, now: number): boolean {
  return one.validFrom.getTime() <= now && now < one.validUntil.getTime();
}

function sum(list: readonly number[]): number {
  return list.reduce((total, one) => total + one, 0);
}
