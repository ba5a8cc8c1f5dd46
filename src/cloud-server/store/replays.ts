import type { Db } from './database.ts';

const SWEEP_EVERY = 1000;

/** Remembers the request ids of accepted calls, over restarts too, for as long as each could be sent again. */
export class Replays {
  readonly #db: Db;
  #sinceSweep = 0;

  constructor(db: Db) {
    this.#db = db;
  }

  /** False when this id was used before and could still pass as fresh. */
  take(accessKey: string, requestId: string, now: Date, until: Date): boolean {
    if (this.#sinceSweep++ % SWEEP_EVERY === 0) {
      this.#db.prepare('DELETE FROM replays WHERE until < ?').run(now.getTime());
    }
    const { changes } = this.#db
      .prepare('INSERT OR IGNORE INTO replays VALUES (?, ?, ?)')
      .run(accessKey, requestId, until.getTime());
    return changes === 1;
  }
}
