import { setImmediate } from 'node:timers/promises';
import { MenshenError } from '../common/index.ts';
import type { RowCipher } from './cipher.ts';
import { type Db, forReader, guarded } from './database.ts';
import { type Read, RowReader, type StoredPicture, type StoredReference } from './row-reader.ts';
import { IdListSchema, MetaRowSchema } from './rows.ts';
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

/** Who takes the rows of a first load one by one: a million references held at once would be gigabytes. */
export interface Taker {
  person(person: Person): void;
  /** After every person. `of`: how many references there are. */
  reference(reference: StoredReference, of: number): void;
}

/** Rows read between two turns of the event loop: some milliseconds. */
const SLICE_ROWS = 64;

/** The gallery's tables: opens what is sealed, checks every row, and names the rows it cannot use instead of failing on them. */
export class GalleryStore {
  readonly #db: Db;
  readonly #path: string;
  readonly #cipher: RowCipher;
  readonly #reader: RowReader;

  constructor(db: Db, path: string, cipher: RowCipher) {
    this.#db = db;
    this.#path = path;
    this.#cipher = cipher;
    this.#reader = new RowReader(cipher);
  }

  /** Changes whenever another connection, of this or another process, has committed. */
  dataVersion(): number {
    return guarded(this.#path, () => Number(this.#db.pragma('data_version', { simple: true })));
  }

  meta(): Meta {
    return guarded(this.#path, () => readMeta(this.#db));
  }

  /** What changed after generation `known.generation`, as one consistent picture of the file. */
  delta(known: { generation: number; removals: number }, taker: Taker | null = null): Delta {
    return guarded(this.#path, () => this.#db.transaction(() => last(this.#read(known, taker)))());
  }

  /**
   * As `delta`, and the event loop runs now and then: nothing else may be asked of this store until it is done.
   * Rejects with the signal's reason when that is given meanwhile.
   */
  async deltaInSlices(known: Meta, taker: Taker, signal: AbortSignal): Promise<Delta> {
    try {
      this.#db.exec('BEGIN');
      try {
        return await lastInSlices(this.#read(known, taker), signal);
      } finally {
        if (this.#db.inTransaction) this.#db.exec('COMMIT');
      }
    } catch (error) {
      throw forReader(this.#path, error);
    }
  }

  /**
   * Reads within a transaction, row by row: null after each, the delta at last. With a taker nothing is known yet: all people
   * and references go to it and are not in the delta, nor is the list of ids.
   */
  *#read(
    known: { generation: number; removals: number },
    taker: Taker | null,
  ): Generator<Delta | null, void> {
    const meta = readMeta(this.#db);
    // A lower generation means that the file was replaced by an older one: look at everything.
    const since = meta.generation < known.generation ? -1 : known.generation;
    const complete = taker === null && (since < 0 || meta.removals !== known.removals);
    // Reading everything goes faster in the order of the file than by the index.
    const newer = since < 0 ? '+generation > ?' : 'generation > ?';
    const faults: GalleryFault[] = [];
    const people: Person[] = [];
    for (const row of this.#rows(`SELECT id, sealed FROM people WHERE ${newer}`, since, (row) =>
      this.#reader.person(row),
    )) {
      sort(row, faults, (person) => (taker === null ? people.push(person) : taker.person(person)));
      yield null;
    }
    const passes: Pass[] = [];
    for (const row of this.#rows(`SELECT id, sealed FROM passes WHERE ${newer}`, since, (row) =>
      this.#reader.pass(row),
    )) {
      sort(row, faults, (pass) => passes.push(pass));
      yield null;
    }
    const of = taker === null ? 0 : this.#count('refs');
    const references: StoredReference[] = [];
    for (const row of this.#rows(`SELECT * FROM refs WHERE ${newer}`, since, (row) =>
      this.#reader.reference(row),
    )) {
      sort(row, faults, (reference) =>
        taker === null ? references.push(reference) : taker.reference(reference, of),
      );
      yield null;
    }
    const ids = complete
      ? { people: this.#ids('people'), passes: this.#ids('passes'), references: this.#ids('refs') }
      : null;
    yield { ...meta, people, passes, references, faults, ids };
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
    return guarded(this.#path, () =>
      usable(
        this.#rows(sql, personId, (row) => this.#reader.reference(row)),
        faults,
      ),
    );
  }

  /** One person's stored pictures, oldest first; rows that cannot be used go to `faults`. */
  pictures(personId: string, faults: GalleryFault[] = []): StoredPicture[] {
    const sql = 'SELECT * FROM pictures WHERE person_id = ? ORDER BY created_at, id';
    return guarded(this.#path, () =>
      usable(
        this.#rows(sql, personId, (row) => this.#reader.picture(row)),
        faults,
      ),
    );
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

  *#rows<T>(sql: string, argument: string | number, read: (row: unknown) => Read<T>): Generator<Read<T>> {
    for (const row of this.#db.prepare(sql).iterate(argument)) yield read(row);
  }

  #ids(table: 'people' | 'passes' | 'refs'): Set<string> {
    return new Set(IdListSchema.parse(this.#db.prepare(`SELECT id FROM ${table}`).pluck().all()));
  }

  #count(table: 'refs'): number {
    return Number(this.#db.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
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

/** Gives a row that can be used to `take`; the fault of another goes to `faults`. */
function sort<T>(row: Read<T>, faults: GalleryFault[], take: (value: T) => unknown): void {
  if ('fault' in row) faults.push(row.fault);
  else take(row.value);
}

/** The rows that can be used; what is wrong with the others goes to `faults`. */
function usable<T>(rows: Iterable<Read<T>>, faults: GalleryFault[]): T[] {
  const good: T[] = [];
  for (const row of rows) sort(row, faults, (value) => good.push(value));
  return good;
}

function last(steps: Iterable<Delta | null>): Delta {
  for (const delta of steps) if (delta !== null) return delta;
  throw new MenshenError('INTERNAL', 'reading the gallery came to no end');
}

async function lastInSlices(steps: Iterable<Delta | null>, signal: AbortSignal): Promise<Delta> {
  let rows = 0;
  for (const delta of steps) {
    if (delta !== null) return delta;
    if (++rows % SLICE_ROWS > 0) continue;
    await setImmediate();
    signal.throwIfAborted();
  }
  throw new MenshenError('INTERNAL', 'reading the gallery came to no end');
}
