import { setImmediate } from 'node:timers/promises';
import { MenshenError } from '../common/index.ts';
import type { RowCipher } from './cipher.ts';
import { type Db, forReader, guarded } from './database.ts';
import { Everybody, type Taker } from './everybody.ts';
import { RowReader, readRows, type StoredPicture, type StoredReference, usable } from './row-reader.ts';
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

/** Time between two turns of the event loop while all is read, ms. */
const SLICE_MS = 5;

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

  /** What changed after generation `known.generation`, as one consistent picture of the file. */
  delta(known: { generation: number; removals: number }): Delta {
    return guarded(this.#path, () => this.#db.transaction(() => this.#changes(known))());
  }

  /** All there is: people and references go to the taker, the rest is in the delta, without ids. */
  all(taker: Taker): Delta {
    return guarded(this.#path, () => this.#db.transaction(() => last(this.#all(taker)))());
  }

  /**
   * As `all`, and the event loop runs now and then: nothing else may be asked of this store until it is done.
   * Rejects with the signal's reason when that is given meanwhile.
   */
  async allInSlices(taker: Taker, signal: AbortSignal): Promise<Delta> {
    try {
      this.#db.exec('BEGIN');
      try {
        return await lastInSlices(this.#all(taker), signal);
      } finally {
        if (this.#db.inTransaction) this.#db.exec('COMMIT');
      }
    } catch (error) {
      throw forReader(this.#path, error);
    }
  }

  #changes(known: { generation: number; removals: number }): Delta {
    const meta = readMeta(this.#db);
    // A lower generation means that the file was replaced by an older one: look at everything.
    const since = meta.generation < known.generation ? -1 : known.generation;
    const complete = since < 0 || meta.removals !== known.removals;
    const faults: GalleryFault[] = [];
    const [people, passes, references] = [
      usable(this.#rows('SELECT id, sealed FROM people WHERE generation > ?', [since], this.#person), faults),
      usable(this.#rows('SELECT id, sealed FROM passes WHERE generation > ?', [since], this.#pass), faults),
      usable(this.#rows('SELECT * FROM refs WHERE generation > ?', [since], this.#reference), faults),
    ];
    const ids = complete
      ? { people: this.#ids('people'), passes: this.#ids('passes'), references: this.#ids('refs') }
      : null;
    return { ...meta, people, passes, references, faults, ids };
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

  #rows<T>(sql: string, bound: readonly (string | number)[], read: (row: unknown) => T): Generator<T> {
    return readRows(this.#db, sql, bound, read);
  }

  #ids(table: 'people' | 'passes' | 'refs'): Set<string> {
    return new Set(IdListSchema.parse(this.#db.prepare(`SELECT id FROM ${table}`).pluck().all()));
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
  let begun = performance.now();
  for (const delta of steps) {
    if (delta !== null) return delta;
    if (performance.now() - begun < SLICE_MS) continue;
    await setImmediate();
    signal.throwIfAborted();
    begun = performance.now();
  }
  throw new MenshenError('INTERNAL', 'reading the gallery came to no end');
}
