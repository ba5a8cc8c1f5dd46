import type { Database, Statement } from 'better-sqlite3';
import { z } from 'zod';
import { type DeviceKey, MenshenError } from '../common/index.ts';
import { Chain } from './chain.ts';
import { CountSchema, EventRowSchema, type SealedPicture, SealedPictureSchema } from './schema.ts';
import type { JournalEvent, Range } from './types.ts';

/** Highest number ever given: of the newest row, or, when the newest rows were deleted, as remembered then. */
const LAST_SEQ_SQL = `SELECT max(
  coalesce((SELECT max(seq) FROM events), 0),
  coalesce((SELECT value FROM meta WHERE key = 'last_seq'), 0))`;

const NumberedRowSchema = z.looseObject({ seq: z.number() });

/** Shortest beginning of an id that is looked up. */
const MIN_PREFIX = 4;

/** Digits alone are a number of the journal up to this length; longer ones are the beginning of an id. */
const MAX_SEQ_DIGITS = 7;

/** The reading half of one open database. `onUnreadable` is told the numbers of rows that cannot be read back. */
export class EventReader {
  readonly #db: Database;
  readonly #onUnreadable: (seq: number) => void;

  constructor(db: Database, onUnreadable: (seq: number) => void = () => {}) {
    this.#db = db;
    this.#onUnreadable = onUnreadable;
  }

  bySeq(seq: number): JournalEvent | undefined {
    return this.#one(this.#db.prepare('SELECT * FROM events WHERE seq = ?').get(seq));
  }

  byId(id: string): JournalEvent | undefined {
    return this.#one(this.#db.prepare('SELECT * FROM events WHERE id = ?').get(id));
  }

  /** By number, by id, or by the beginning of an id (4 characters or more). Throws USAGE when several match. */
  find(key: string): JournalEvent | undefined {
    const wanted = key.trim().toLowerCase();
    if (/^\d+$/.test(wanted) && wanted.length <= MAX_SEQ_DIGITS) {
      return this.bySeq(Number(wanted));
    }
    if (!/^[0-9a-f-]+$/.test(wanted) || wanted.length < MIN_PREFIX) {
      return undefined;
    }
    // "g" follows every character of a UUID.
    const rows = this.#db
      .prepare('SELECT * FROM events WHERE id >= ? AND id < ? ORDER BY id LIMIT 2')
      .all(wanted, `${wanted}g`);
    if (rows.length > 1) {
      throw new MenshenError(
        'USAGE',
        `Several events have an id that begins with "${wanted}". Give more of it.`,
      );
    }
    return this.#one(rows[0]);
  }

  range({ after, limit }: Range): JournalEvent[] {
    return this.#take(this.#db.prepare('SELECT * FROM events WHERE seq > ? ORDER BY seq'), limit, after);
  }

  /** The newest `n`, oldest of them first. */
  latest(n: number): JournalEvent[] {
    return this.#take(this.#db.prepare('SELECT * FROM events ORDER BY seq DESC'), n).reverse();
  }

  /** What is in the outbox, in order, numbered above `after`. */
  pending(limit: number, after: number): JournalEvent[] {
    const statement = this.#db.prepare(
      'SELECT events.* FROM outbox JOIN events USING (seq) WHERE outbox.seq > ? ORDER BY outbox.seq',
    );
    return this.#take(statement, limit, after);
  }

  /** Highest number in the outbox recorded before `at` (UTC, ISO 8601 with milliseconds); 0 when there is none. */
  newestPendingBefore(at: string): number {
    const sql =
      'SELECT outbox.seq FROM outbox JOIN events USING (seq) WHERE at < ? ORDER BY outbox.seq DESC LIMIT 1';
    return CountSchema.parse(this.#db.prepare(sql).pluck().get(at) ?? 0);
  }

  pendingCount(): number {
    return CountSchema.parse(this.#db.prepare('SELECT count(*) FROM outbox').pluck().get());
  }

  sealedPicture(eventId: string): SealedPicture | undefined {
    const row = this.#db
      .prepare('SELECT id, nonce, tag, ciphertext FROM pictures JOIN events USING (seq) WHERE id = ?')
      .get(eventId);
    return row === undefined ? undefined : SealedPictureSchema.parse(row);
  }

  #one(row: unknown): JournalEvent | undefined {
    return row === undefined ? undefined : EventRowSchema.parse(row);
  }

  #take(statement: Statement, limit: number, ...parameters: number[]): JournalEvent[] {
    const events: JournalEvent[] = [];
    if (limit < 1) {
      return events;
    }
    for (const row of statement.iterate(...parameters)) {
      const parsed = EventRowSchema.safeParse(row);
      if (parsed.success) {
        events.push(parsed.data);
      } else {
        this.#onUnreadable(NumberedRowSchema.parse(row).seq);
      }
      if (events.length >= limit) {
        break;
      }
    }
    return events;
  }
}

/** One open database with what is needed to write it. Methods throw SQLite's own errors. */
export class EventStore extends EventReader {
  readonly db: Database;
  readonly chain: Chain;
  readonly #insert: Statement;
  readonly #enqueue: Statement;
  readonly #dequeue: Statement;
  readonly #last: Statement;

  /** `key` signs the chain; without one it is not signed. */
  constructor(db: Database, key: DeviceKey | null, onUnreadable: (seq: number) => void) {
    super(db, onUnreadable);
    this.db = db;
    this.chain = new Chain(db, key);
    this.#insert = db.prepare(
      'INSERT INTO events (seq, id, at, gate, type, door, camera, cause, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
    );
    this.#enqueue = db.prepare('INSERT INTO outbox (seq) VALUES (?)');
    this.#dequeue = db.prepare('DELETE FROM outbox WHERE seq = ?');
    this.#last = db.prepare(LAST_SEQ_SQL).pluck();
  }

  /** Highest number ever given, deleted events included; 0 at the beginning. */
  lastSeq(): number {
    return CountSchema.parse(this.#last.get());
  }

  /** Keeps the numbering when the rows it is read from are not, or no longer, there. */
  rememberLastSeq(seq: number): void {
    this.db.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES ('last_seq', ?)").run(seq);
  }

  insert(event: JournalEvent, data: string, outbox: boolean): void {
    const { seq, id, at, gate, type, door, camera, cause } = event;
    this.#insert.run(seq, id, at, gate, type, door, camera, cause, data);
    this.chain.add(event, data);
    if (outbox) {
      this.#enqueue.run(seq);
    }
  }

  /**
   * Takes events out of the outbox. Not synced to disk by itself: a power cut may undo it, and then they are
   * sent once more under the same ids.
   */
  dequeue(seqs: readonly number[]): void {
    this.relaxed(() => {
      for (const seq of seqs) {
        this.#dequeue.run(seq);
      }
    });
  }

  /** Runs a transaction whose loss in a power cut would be harmless: it reaches the disk with the next event. */
  relaxed(work: () => void): void {
    this.db.pragma('synchronous = NORMAL');
    try {
      this.db.transaction(work).immediate();
    } finally {
      this.db.pragma('synchronous = FULL');
    }
  }

  storePicture(seq: number, picture: SealedPicture): void {
    this.relaxed(() => {
      this.db
        .prepare('INSERT OR REPLACE INTO pictures (seq, nonce, tag, ciphertext) VALUES (?, ?, ?, ?)')
        .run(seq, picture.nonce, picture.tag, picture.ciphertext);
    });
  }
}
