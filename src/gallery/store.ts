import Database from 'better-sqlite3';
import { MenshenError } from '../common/index.ts';
import type { RowCipher } from './cipher.ts';
import { type Db, forReader, guarded } from './database.ts';
import { Everybody, type Taker } from './everybody.ts';
import { type Read, RowReader, type StoredPicture, type StoredReference, usable } from './row-reader.ts';
import { MetaRowSchema } from './rows.ts';
import { inSlices } from './slices.ts';
import type { GalleryFault, Pass, Person } from './types.ts';
import { GalleryWriter } from './writer.ts';

export interface Meta {
  /** Counts the writing transactions. */
  readonly generation: number;
  /** Counts those that took something away. */
  readonly removals: number;
  readonly keyCheck: Uint8Array | null;
}

/** Rows newer than a generation and, when asked for, the ids of all rows there are. */
export interface Delta extends Meta {
  readonly people: readonly Person[];
  readonly passes: readonly Pass[];
  readonly references: readonly StoredReference[];
  readonly faults: readonly GalleryFault[];
  readonly ids: {
    readonly people: ReadonlySet<string>;
    readonly passes: ReadonlySet<string>;
    readonly references: ReadonlySet<string>;
  } | null;
}

/** Rows that are taken over at once: some milliseconds. */
const SMALL_ROWS = 64;

/** The gallery's tables: opens what is sealed, checks every row, and names the rows it cannot use instead of failing on them. */
export class GalleryStore {
  readonly #db: Db;
  readonly #path: string;
  readonly #cipher: RowCipher;
  readonly #reader: RowReader;
  readonly #everybody: Everybody;

  constructor(db: Db, path: string, cipher: RowCipher) {
    this.#db = db;
    this.#path = path;
    this.#cipher = cipher;
    this.#reader = new RowReader(cipher);
    this.#everybody = new Everybody(db, cipher);
  }

  /** Changes whenever another connection, of this or another process, has committed. */
  dataVersion(): number {
    return guarded(this.#path, () => Number(this.#db.pragma('data_version', { simple: true })));
  }

  meta(): Meta {
    return guarded(this.#path, () => readMeta(this.#db));
  }

  /** Whether so little has changed since that whoever takes it over at once holds up nobody. */
  isSmallSince({ generation, removals }: Pick<Meta, 'generation' | 'removals'>): boolean {
    const meta = this.meta();
    if (meta.generation < generation || meta.removals !== removals) return false;
    const newer = ['people', 'refs', 'passes'].map((table) => this.#newer(table, generation));
    return newer.reduce((sum, rows) => sum + rows, 0) <= SMALL_ROWS;
  }

  /** The same tables over a connection of its own, for reading: to be closed after use. */
  beside(): GalleryStore {
    return guarded(this.#path, () => {
      const timeout = Number(this.#db.pragma('busy_timeout', { simple: true }));
      const db = new Database(this.#path, { readonly: true, fileMustExist: true, timeout });
      return new GalleryStore(db, this.#path, this.#cipher);
    });
  }

  /** What changed after generation `known.generation`, as one consistent picture of the file. */
  delta(known: { generation: number; removals: number }): Delta {
    return guarded(this.#path, () => this.#db.transaction(() => last(this.#changes(known)))());
  }

  /** As `delta`, in slices as `allInSlices`. */
  deltaInSlices(known: { generation: number; removals: number }, signal: AbortSignal): Promise<Delta> {
    return this.#inSlices(this.#changes(known), signal);
  }

  /** All there is: people and references go to the taker, the rest is in the delta, without ids. */
  all(taker: Taker): Delta {
    return guarded(this.#path, () => this.#db.transaction(() => last(this.#all(taker)))());
  }

  /**
   * As `all`, and the event loop runs now and then: nothing else may be asked of this store until it is done.
   * Rejects with the signal's reason when that is given meanwhile.
   */
  allInSlices(taker: Taker, signal: AbortSignal): Promise<Delta> {
    return this.#inSlices(this.#all(taker), signal);
  }

  async #inSlices(steps: Iterable<Delta | null>, signal: AbortSignal): Promise<Delta> {
    try {
      this.#db.exec('BEGIN');
      try {
        return await lastInSlices(steps, signal);
      } finally {
        if (this.#db.inTransaction) this.#db.exec('COMMIT');
      }
    } catch (error) {
      throw forReader(this.#path, error);
    }
  }

  /** Reads what changed row by row: null after each, the delta at last. */
  *#changes(known: { generation: number; removals: number }): Generator<Delta | null, void> {
    const meta = readMeta(this.#db);
    // A lower generation means that the file was replaced by an older one: look at everything.
    const since = meta.generation < known.generation ? -1 : known.generation;
    const complete = since < 0 || meta.removals !== known.removals;
    const faults: GalleryFault[] = [];
    const newer = (columns: string, table: string) =>
      `SELECT ${columns} FROM ${table} WHERE generation > ${since}`;
    const people = yield* this.#usable(newer('id, sealed', 'people'), this.#person, faults);
    const passes = yield* this.#usable(newer('id, sealed', 'passes'), this.#pass, faults);
    const references = yield* this.#usable(newer('*', 'refs'), this.#reference, faults);
    const ids = complete
      ? {
          people: yield* this.#ids('people'),
          passes: yield* this.#ids('passes'),
          references: yield* this.#ids('refs'),
        }
      : null;
    yield { ...meta, people, passes, references, faults, ids };
  }

  /** Reads all step by step: null after each, the delta at last. */
  *#all(taker: Taker): Generator<Delta | null, void> {
    const meta = readMeta(this.#db);
    const faults: GalleryFault[] = [];
    const passes = usable(this.#rows('SELECT id, sealed FROM passes', [], this.#pass), faults);
    for (const _ of this.#everybody.read(taker, faults)) yield null;
    yield { ...meta, people: [], passes, references: [], faults, ids: null };
  }

  /** The record of a person; null when there is none that can be used. */
  person(id: string): Person | null {
    const row = guarded(this.#path, () =>
      this.#db.prepare('SELECT id, sealed FROM people WHERE id = ?').get(id),
    );
    const read = row === undefined ? null : this.#reader.person(row);
    return read !== null && 'value' in read ? read.value : null;
  }

  /** One person's references with their embeddings, oldest first; rows that cannot be used go to `faults`. */
  references(personId: string, faults: GalleryFault[] = []): StoredReference[] {
    const sql = 'SELECT * FROM refs WHERE person_id = ? ORDER BY created_at, id';
    return guarded(this.#path, () => usable(this.#rows(sql, [personId], this.#reference), faults));
  }

  /** One person's stored pictures, oldest first; rows that cannot be used go to `faults`. */
  pictures(personId: string, faults: GalleryFault[] = []): StoredPicture[] {
    const sql = 'SELECT * FROM pictures WHERE person_id = ? ORDER BY created_at, id';
    return guarded(this.#path, () => usable(this.#rows(sql, [personId], this.#picture), faults));
  }

  /** JPEG of one reference; of another of the person's where that one has none, the newest first. Null without any that can be used. */
  pictureOf(personId: string, referenceId: string): Uint8Array | null {
    const sql = `SELECT pictures.* FROM pictures LEFT JOIN refs ON refs.picture_id = pictures.id AND refs.id = ?
      WHERE pictures.person_id = ? ORDER BY refs.id IS NULL, pictures.created_at DESC, pictures.id`;
    return guarded(this.#path, () => {
      for (const row of this.#db.prepare(sql).iterate(referenceId, personId)) {
        const read = this.#reader.picture(row);
        if ('value' in read) return read.value.jpeg;
      }
      return null;
    });
  }

  /** Runs `action` in one transaction: all of it is written, or nothing. */
  write<T>(action: (writer: GalleryWriter) => T): T {
    return guarded(this.#path, () =>
      this.#db.transaction(() => action(new GalleryWriter(this.#db, this.#cipher))).immediate(),
    );
  }

  /**
   * Moves the write-ahead log into the database and empties it, so that nothing removed stays behind in it.
   * False when another process was reading all the while; it is worth another try then.
   */
  emptyLog(): boolean {
    const result = guarded(this.#path, () => this.#db.pragma('wal_checkpoint(TRUNCATE)', { simple: true }));
    return result === 0;
  }

  close(): void {
    this.#db.close();
  }

  readonly #person = (row: unknown) => this.#reader.person(row);
  readonly #pass = (row: unknown) => this.#reader.pass(row);
  readonly #reference = (row: unknown) => this.#reader.reference(row);
  readonly #picture = (row: unknown) => this.#reader.picture(row);

  *#rows<T>(sql: string, bound: readonly string[], read: (row: unknown) => T): Generator<T> {
    for (const row of this.#db.prepare(sql).iterate(...bound)) yield read(row);
  }

  /** The rows that can be used, null after each; what is wrong with the others goes to `faults`. */
  *#usable<T>(sql: string, read: (row: unknown) => Read<T>, faults: GalleryFault[]): Generator<null, T[]> {
    const found: T[] = [];
    for (const row of this.#rows(sql, [], read)) {
      found.push(...usable([row], faults));
      yield null;
    }
    return found;
  }

  /** The ids of a table; null after each. */
  *#ids(table: 'people' | 'passes' | 'refs'): Generator<null, Set<string>> {
    const ids = new Set<string>();
    for (const id of this.#db.prepare(`SELECT id FROM ${table}`).pluck().iterate()) {
      ids.add(String(id));
      yield null;
    }
    return ids;
  }

  /** Rows newer than a generation, counted no further than it matters. */
  #newer(table: string, generation: number): number {
    const rows = `SELECT 1 FROM ${table} WHERE generation > ? LIMIT ${SMALL_ROWS + 1}`;
    return guarded(this.#path, () =>
      Number(this.#db.prepare(`SELECT count(*) FROM (${rows})`).pluck().get(generation)),
    );
  }
}

/** Also used before the key is known. */
export function readMeta(db: Db): Meta {
  const row = MetaRowSchema.safeParse(db.prepare('SELECT generation, removals, key_check FROM meta').get());
  if (!row.success) {
    throw new MenshenError(
      'GALLERY_CORRUPT',
      'The table "meta" of the gallery is damaged. Restore the gallery from an export.',
    );
  }
  return { generation: row.data.generation, removals: row.data.removals, keyCheck: row.data.key_check };
}

function last(steps: Iterable<Delta | null>): Delta {
  for (const delta of steps) if (delta !== null) return delta;
  throw new MenshenError('INTERNAL', 'reading the gallery came to no end');
}

async function lastInSlices(steps: Iterable<Delta | null>, signal: AbortSignal): Promise<Delta> {
  const delta = await inSlices(steps, signal);
  if (delta !== null) return delta;
  throw new MenshenError('INTERNAL', 'reading the gallery came to no end');
}
