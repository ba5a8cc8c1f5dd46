import { z } from 'zod';
import type { CloudApi } from '../../cloud/index.ts';
import type { Db } from './database.ts';

/** From which package a call was taken, or why there is none to take it from, in the gateway's codes. */
export type Charge =
  | { readonly charged: true; readonly packageId: number }
  | { readonly charged: false; readonly code: '51001' | '51002' | '51003' };

const row = z.object({ valid_until: z.string(), used: z.number(), size: z.number() });

/** Takes calls from the packages of applications. */
export class Packages {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  /** Takes one call from the oldest package that is valid and not used up. */
  charge(appKey: string, api: CloudApi, now: Date): Charge {
    const time = now.toISOString();
    const taken = this.#db
      .prepare(
        `UPDATE packages SET used = used + 1 WHERE id = (
           SELECT id FROM packages
           WHERE app_key = ? AND api = ? AND used < size AND valid_from <= ? AND valid_until > ?
           ORDER BY id LIMIT 1)
         RETURNING id`,
      )
      .get(appKey, api, time, time);
    return taken === undefined
      ? { charged: false, code: this.#whyNot(appKey, api, time) }
      : { charged: true, packageId: z.object({ id: z.number() }).parse(taken).id };
  }

  /** Gives a call back that was not begun. */
  refund(packageId: number): void {
    this.#db.prepare('UPDATE packages SET used = used - 1 WHERE id = ? AND used > 0').run(packageId);
  }

  #whyNot(appKey: string, api: CloudApi, time: string): '51001' | '51002' | '51003' {
    const rows = z
      .array(row)
      .parse(
        this.#db
          .prepare('SELECT valid_until, used, size FROM packages WHERE app_key = ? AND api = ?')
          .all(appKey, api),
      );
    if (rows.length === 0) return '51002';
    return rows.some(({ valid_until }) => valid_until > time) ? '51003' : '51001';
  }
}
