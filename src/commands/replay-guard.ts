import { chmodSync, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { messageOf } from '../common/index.ts';

/** Orders remembered at a time; a key that sends more than this within its orders' lifetime is slowed down. */
const MAX_LIVE = 10_000;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS used (
    key TEXT NOT NULL, nonce TEXT NOT NULL, expires_at INTEGER NOT NULL, PRIMARY KEY (key, nonce)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS floors (
    one INTEGER PRIMARY KEY CHECK (one = 1), issued_after INTEGER NOT NULL, expires_after INTEGER NOT NULL
  );`;

export type Admission = 'new' | 'repeated' | 'too-old' | 'full' | 'unwritable';

/** What the guard needs to know of an order; times in milliseconds since 1970. */
export interface Ticket {
  readonly key: string;
  readonly nonce: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/**
 * Remembers which orders were carried out, on disk before they are, so that none is carried out twice: not after a
 * restart, not after a power cut, and not when the clock jumps back. An order that was forgotten because it had
 * expired is kept out by the floor: no order is taken any more whose expiry is not later than that of everything
 * forgotten so far. With a new file (the first start, or the old one is lost) no order is taken that was issued
 * before then.
 */
export class ReplayGuard {
  readonly #path: string;
  readonly #skewMs: number;
  #db: Database.Database | null = null;
  #used = new Map<string, number>();
  #floors = { issuedAfter: 0, expiresAfter: 0 };
  #problem = '';

  /** @param skewMs by how much the clock of a sender may be ahead */
  constructor(dataDir: string, skewMs: number) {
    this.#path = join(dataDir, 'commands.sqlite');
    this.#skewMs = skewMs;
    // Until the file could be read: as if there had been none.
    this.#floors.issuedAfter = Date.now() + skewMs;
    this.#open();
  }

  /** Why nothing can be remembered at present; '' when it can. */
  get problem(): string {
    return this.#problem;
  }

  /**
   * Whether this order may be carried out; once, and remembered from now on. `unwritable`: it was not seen before
   * (as far as this process knows), but could not be written down.
   */
  admit(ticket: Ticket, now: number): Admission {
    const id = `${ticket.key} ${ticket.nonce}`;
    if (this.#used.has(id)) return 'repeated';
    if (ticket.issuedAt <= this.#floors.issuedAfter || ticket.expiresAt <= this.#floors.expiresAfter) {
      return 'too-old';
    }
    if (this.#used.size >= MAX_LIVE) this.#forget(now);
    if (this.#used.size >= MAX_LIVE) return 'full';
    this.#used.set(id, ticket.expiresAt);
    return this.#write(ticket, now) ? 'new' : 'unwritable';
  }

  close(): void {
    this.#db?.close();
    this.#db = null;
  }

  #open(): void {
    try {
      this.#openFile();
    } catch (error) {
      this.#failed(error);
      if (!isDamaged(error)) return;
      try {
        renameSync(this.#path, `${this.#path}.damaged`);
        for (const suffix of ['-wal', '-shm']) rmSync(this.#path + suffix, { force: true });
        this.#openFile();
      } catch (again) {
        this.#failed(again);
      }
    }
  }

  #openFile(): void {
    const isNew = !existsSync(this.#path);
    // What a lost file knew is kept out by its date; what this process knows is not in the new one.
    if (isNew) this.#floors.issuedAfter = Date.now() + this.#skewMs;
    const db = new Database(this.#path, { timeout: 500 });
    this.#db = db;
    if (isNew) chmodSync(this.#path, 0o600);
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.exec(SCHEMA);
    db.prepare('INSERT OR IGNORE INTO floors VALUES (1, ?, 0)').run(this.#floors.issuedAfter);
    this.#load(db);
    this.#problem = '';
  }

  #load(db: Database.Database): void {
    const floors = db.prepare('SELECT issued_after, expires_after FROM floors').raw().get();
    const rows = db.prepare('SELECT key, nonce, expires_at FROM used').raw().all();
    const [issued, expires] = Array.isArray(floors) ? floors.map(Number) : [];
    this.#floors = {
      issuedAfter: issued ?? this.#floors.issuedAfter,
      expiresAfter: Math.max(expires ?? 0, this.#floors.expiresAfter),
    };
    for (const row of rows) {
      if (Array.isArray(row)) this.#used.set(`${row[0]} ${row[1]}`, Number(row[2]));
    }
  }

  #write({ key, nonce, expiresAt }: Ticket, now: number): boolean {
    if (this.#db === null) this.#open();
    const db = this.#db;
    if (db === null) return false;
    try {
      db.transaction(() => {
        db.prepare('INSERT OR IGNORE INTO used VALUES (?, ?, ?)').run(key, nonce, expiresAt);
        this.#forget(now);
      })();
      this.#problem = '';
      return true;
    } catch (error) {
      this.#failed(error);
      return false;
    }
  }

  /** Orders that expired so long ago that their sender's clock cannot be the reason. */
  #forget(now: number): void {
    const dead = now - this.#skewMs - 1;
    const expired = [...this.#used].filter(([, expiresAt]) => expiresAt <= dead);
    if (expired.length === 0 || this.#db === null) return;
    const floor = expired.reduce((latest, [, at]) => Math.max(latest, at), this.#floors.expiresAfter);
    this.#db.prepare('UPDATE floors SET expires_after = ?').run(floor);
    this.#db.prepare('DELETE FROM used WHERE expires_at <= ?').run(dead);
    this.#floors.expiresAfter = floor;
    for (const [id] of expired) this.#used.delete(id);
  }

  #failed(error: unknown): void {
    this.#problem = messageOf(error);
    this.close();
  }
}

function isDamaged(error: unknown): boolean {
  return error instanceof Database.SqliteError && /^SQLITE_(CORRUPT|NOTADB)/.test(error.code);
}
