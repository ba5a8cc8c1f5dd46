import { z } from 'zod';
import { CLOUD_APIS, type CloudApi } from '../../cloud/index.ts';
import type { Db } from './database.ts';

/** One answered call, without anything of what it was about. */
export interface Call {
  readonly appKey: string;
  readonly api: CloudApi;
  /** `0` for a success, else the error's code. */
  readonly code: string;
  readonly charged: boolean;
  readonly milliseconds: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** Calls of one application and API, as the console of the manual shows them. */
export interface UsageRow {
  readonly appKey: string;
  readonly api: CloudApi;
  readonly calls: number;
  readonly charged: number;
  readonly errors: number;
  readonly meanMilliseconds: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** How often each error came, the most frequent first. */
  readonly codes: readonly { readonly code: string; readonly calls: number }[];
}

const row = z.object({
  app_key: z.string(),
  api: z.enum(CLOUD_APIS),
  code: z.string(),
  calls: z.number(),
  charged: z.number(),
  milliseconds: z.number(),
  bytes_in: z.number(),
  bytes_out: z.number(),
});

/** Counts calls by application, API, hour and outcome. */
export class Usage {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  count(call: Call, now: Date): void {
    this.#db
      .prepare(
        `INSERT INTO usage VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET calls = calls + 1, charged = charged + excluded.charged,
           milliseconds = milliseconds + excluded.milliseconds,
           bytes_in = bytes_in + excluded.bytes_in, bytes_out = bytes_out + excluded.bytes_out`,
      )
      .run(
        call.appKey,
        call.api,
        `${now.toISOString().slice(0, 13)}:00:00.000Z`,
        call.code,
        call.charged ? 1 : 0,
        call.milliseconds,
        call.bytesIn,
        call.bytesOut,
      );
  }

  /** The calls since the full hour of `since`, most called first. */
  since(since: Date): UsageRow[] {
    const rows = z.array(row).parse(
      this.#db
        .prepare(
          `SELECT app_key, api, code, SUM(calls) AS calls, SUM(charged) AS charged,
             SUM(milliseconds) AS milliseconds, SUM(bytes_in) AS bytes_in, SUM(bytes_out) AS bytes_out
           FROM usage WHERE hour >= ? GROUP BY app_key, api, code ORDER BY SUM(calls) DESC, code`,
        )
        .all(`${since.toISOString().slice(0, 13)}:00:00.000Z`),
    );
    return [...groupBy(rows).values()].map(rowOf).sort((a, b) => b.calls - a.calls);
  }
}

type Row = z.output<typeof row>;

function groupBy(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const each of rows) {
    const key = `${each.app_key} ${each.api}`;
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return groups;
}

function rowOf(rows: readonly Row[]): UsageRow {
  const sum = (pick: (each: Row) => number) => rows.reduce((total, each) => total + pick(each), 0);
  const [{ app_key, api }] = rows;
  const calls = sum((each) => each.calls);
  const errors = rows.filter(({ code }) => code !== '0');
  return {
    appKey: app_key,
    api,
    calls,
    charged: sum((each) => each.charged),
    errors: errors.reduce((total, each) => total + each.calls, 0),
    meanMilliseconds: calls === 0 ? 0 : sum((each) => each.milliseconds) / calls,
    bytesIn: sum((each) => each.bytes_in),
    bytesOut: sum((each) => each.bytes_out),
    codes: errors.map(({ code, calls: count }) => ({ code, calls: count })),
  };
}
