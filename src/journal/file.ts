import { basename } from 'node:path';
import { type DeviceKey, type Logger, MenshenError, messageOf, openDeviceKey } from '../common/index.ts';
import { closeAfterWriting, journalPath, openForWriting } from './database.ts';
import { isDamage, isDiskFault, needsReopening, writeFailed } from './faults.ts';
import { NumberMarkFile } from './number-mark.ts';
import { restore, type Salvage, salvage } from './salvage.ts';
import { setAside } from './set-aside.ts';
import { EventStore } from './store.ts';

/** A disk that damages one new journal after the other must not be filled with them. */
const MIN_MS_BETWEEN_REPLACEMENTS = 60_000;

/** What is told when a damaged journal was replaced. */
export interface Replacement {
  readonly code: 'JOURNAL_CORRUPT';
  /** Name of the file set aside, without its folder. */
  readonly file: string;
  /** Number after which the numbering goes on; null when nothing told it and it begins again. */
  readonly continuedAfter: number | null;
  /** Undelivered events carried over. */
  readonly carriedOver: number;
}

export interface JournalFileOptions {
  readonly dataDir: string;
  readonly log: Logger;
  readonly now: () => Date;
  readonly onReplaced: (replacement: Replacement) => void;
}

/**
 * The journal's file, held open for writing as long as the disk allows. After a disk fault it is opened again
 * with the next use; when it is damaged it is set aside and a new one begun.
 */
export class JournalFile {
  readonly #options: JournalFileOptions;
  readonly #path: string;
  readonly #numbers: NumberMarkFile;
  #store: EventStore | undefined;
  #key: DeviceKey | null = null;
  #replacedAt = Number.NEGATIVE_INFINITY;
  #closed = false;
  /** Highest number seen in this process, for the case that the file no longer tells it. */
  #lastSeq: number | null = null;
  /** What a new file must be given first; waits here while the disk refuses. */
  #salvaged: { readonly pending: Salvage['pending']; readonly lastSeq: number | null } | null = null;

  constructor(options: JournalFileOptions) {
    this.#options = options;
    this.#path = journalPath(options.dataDir);
    this.#numbers = new NumberMarkFile(options.dataDir, options.log);
  }

  /**
   * Runs `work` on the open database; once more on a new one when the old proves damaged. Throws
   * JOURNAL_WRITE_FAILED and JOURNAL_TOO_NEW instead of SQLite's errors, and whatever else `work` throws.
   */
  use<T>(work: (store: EventStore) => T): T {
    if (this.#closed) {
      throw new MenshenError('INTERNAL', 'The journal was used after it was closed.');
    }
    try {
      return this.#attempt(work);
    } catch (error) {
      if (!isDamage(error)) {
        throw error;
      }
      if (performance.now() - this.#replacedAt < MIN_MS_BETWEEN_REPLACEMENTS) {
        throw writeFailed(this.#path, error);
      }
      this.#replace(error);
      return this.#attempt(work);
    }
  }

  /** To be called, within the same `use`, before `count` more numbers are given. */
  reserve(store: EventStore, count: number): void {
    this.#numbers.reserve(store.lastSeq(), count);
  }

  close(): void {
    if (!this.#closed && this.#store !== undefined && this.#lastSeq !== null) {
      this.#seal(this.#store);
      this.#numbers.settle(this.#lastSeq);
    }
    this.#closed = true;
    this.#release(closeAfterWriting);
  }

  #seal(store: EventStore): void {
    try {
      store.relaxed(() => store.chain.seal());
    } catch (error) {
      this.#options.log.warn(`The end of the journal ${this.#path} is not signed: ${messageOf(error)}`);
    }
  }

  #attempt<T>(work: (store: EventStore) => T): T {
    try {
      this.#store ??= this.#openWhole();
      const result = work(this.#store);
      this.#lastSeq = this.#store.lastSeq();
      return result;
    } catch (error) {
      if (!isDiskFault(error)) {
        throw error;
      }
      if (needsReopening(error)) {
        this.#release();
      }
      throw writeFailed(this.#path, error);
    }
  }

  /** Opens the file; a new one is given what was salvaged of the one before. */
  #openWhole(): EventStore {
    const store = this.#open();
    try {
      if (this.#salvaged !== null) {
        restore(store, this.#salvaged.pending, this.#salvaged.lastSeq);
        this.#salvaged = null;
      }
      this.#checkNumbering(store);
      return store;
    } catch (error) {
      store.db.close();
      throw error;
    }
  }

  /** A file that went missing, or was replaced by an older one, must not make numbers come twice. */
  #checkNumbering(store: EventStore): void {
    const { mark } = this.#numbers;
    const last = store.lastSeq();
    const given = this.#lastSeq ?? mark?.given ?? 0;
    if (last >= given) {
      return;
    }
    const after = this.#lastSeq ?? mark?.reserved ?? given;
    store.rememberLastSeq(after);
    this.#options.log.error(
      { code: 'JOURNAL_CORRUPT' },
      `The journal ${this.#path} ends at ${last}, but ${given} was given before: it was replaced or lost. The numbering goes on after ${after}.`,
    );
  }

  #open(): EventStore {
    return new EventStore(openForWriting(this.#path), this.#deviceKey(), (seq) => {
      const message = `Event ${seq} in ${this.#path} cannot be read and was passed over.`;
      this.#options.log.error({ code: 'JOURNAL_CORRUPT', seq }, message);
    });
  }

  /** Without it events are recorded all the same, unsigned. */
  #deviceKey(): DeviceKey | null {
    const { dataDir, log } = this.#options;
    try {
      this.#key ??= openDeviceKey(dataDir);
    } catch (error) {
      log.error({ code: 'DEVICE_KEY_UNUSABLE' }, `The journal is not signed: ${messageOf(error)}`);
    }
    return this.#key;
  }

  #release(close: (db: EventStore['db']) => void = (db) => db.close()): void {
    const store = this.#store;
    this.#store = undefined;
    try {
      if (store !== undefined) {
        close(store.db);
      }
    } catch (error) {
      this.#options.log.warn(`Closing the journal ${this.#path} failed: ${messageOf(error)}`);
    }
  }

  /** Sets the damaged file aside, begins a new one and tells of it. */
  #replace(cause: unknown): void {
    this.#release();
    this.#replacedAt = performance.now();
    const found = salvage(this.#path);
    const lastSeq = this.#continuation(found);
    const file = this.#setAside();
    this.#salvaged = { pending: found.pending, lastSeq };
    this.#attempt(() => {});
    const numbering =
      lastSeq === null
        ? 'The numbering could not be read and begins at 1.'
        : `The numbering goes on after ${lastSeq}.`;
    this.#options.log.error(
      { code: 'JOURNAL_CORRUPT', file },
      `The journal was damaged (${messageOf(cause)}). It was set aside as ${file} and a new one begun. ` +
        `${numbering} ${found.pending.length} undelivered events were carried over.`,
    );
    this.#options.onReplaced({
      code: 'JOURNAL_CORRUPT',
      file: basename(file),
      continuedAfter: lastSeq,
      carriedOver: found.pending.length,
    });
  }

  /** Number after which a new journal goes on: exact where that can be known, else beyond all that was reserved. */
  #continuation(found: Salvage): number | null {
    const { mark } = this.#numbers;
    const seen = highest(found.highest, this.#lastSeq);
    const sure = this.#lastSeq !== null || (found.complete && (seen ?? 0) >= (mark?.given ?? 0));
    return sure ? seen : highest(seen, mark?.reserved ?? null);
  }

  #setAside(): string {
    try {
      return setAside(this.#path, this.#options.now());
    } catch (error) {
      throw writeFailed(this.#path, error);
    }
  }
}

function highest(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.max(one, other);
}
