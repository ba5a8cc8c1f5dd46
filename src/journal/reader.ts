import type { Database } from 'better-sqlite3';
import { type DevicePublicKey, type ErrorCode, MenshenError, messageOf } from '../common/index.ts';
import { journalPath, openForReading } from './database.ts';
import { isDamage } from './faults.ts';
import { SCHEMA_VERSION, schemaVersion } from './migrations.ts';
import { readNumberMark } from './number-mark.ts';
import { pictureKey, unsealPicture } from './pictures.ts';
import { EventReader } from './store.ts';
import type { JournalEvent, Range } from './types.ts';
import { type Verification, verifyChain } from './verify.ts';

/**
 * The journal for readers outside the gate process: opens read-only, also while the gate writes, and needs no
 * right to write. Each call opens the file anew, so that a journal that was replaced meanwhile is followed.
 * Throws JOURNAL_UNREADABLE, JOURNAL_CORRUPT or JOURNAL_TOO_NEW.
 */
export class JournalReader {
  readonly #dataDir: string;
  readonly #path: string;

  constructor(options: { readonly dataDir: string }) {
    this.#dataDir = options.dataDir;
    this.#path = journalPath(options.dataDir);
  }

  /** By number, id, or the beginning of an id; throws EVENT_NOT_FOUND, or USAGE when several match. */
  get(key: string): JournalEvent {
    const event = this.#read((reader) => reader.find(key));
    if (event === undefined) {
      throw new MenshenError('EVENT_NOT_FOUND', `No event in ${this.#path} has the number or id "${key}".`);
    }
    return event;
  }

  range(range: Range): JournalEvent[] {
    return this.#read((reader) => reader.range(range));
  }

  /** The newest `n`, oldest of them first. */
  latest(n: number): JournalEvent[] {
    return this.#read((reader) => reader.latest(n));
  }

  /** The JPEG kept with an event, if any; `key` is the gate's 32 bytes. */
  picture(eventId: string, key: Buffer): Buffer | undefined {
    const sealed = this.#read((reader) => reader.sealedPicture(eventId));
    return sealed && unsealPicture(pictureKey(key), eventId, sealed);
  }

  /** Whether the chain of records holds together, and is signed by this key. The journal may be in use. */
  verify(key: DevicePublicKey): Verification {
    const mark = readNumberMark(this.#dataDir);
    const given = mark === null || mark === 'unreadable' ? 0 : mark.given;
    return this.#read((_, db) => {
      if (schemaVersion(db, this.#path) < SCHEMA_VERSION) {
        throw new MenshenError(
          'JOURNAL_UNREADABLE',
          `The journal ${this.#path} was last written by a version of Menshen that linked no records. Start the gate once; records are linked from then on.`,
        );
      }
      return db.transaction(() => verifyChain(db, key, given))();
    });
  }

  #read<T>(work: (reader: EventReader, db: Database) => T): T {
    try {
      const db = openForReading(this.#path);
      try {
        return work(new EventReader(db), db);
      } finally {
        db.close();
      }
    } catch (error) {
      if (error instanceof MenshenError) {
        throw error;
      }
      const code: ErrorCode = isDamage(error) ? 'JOURNAL_CORRUPT' : 'JOURNAL_UNREADABLE';
      throw new MenshenError(code, `The journal ${this.#path} cannot be read: ${messageOf(error)}.`, {
        cause: error,
      });
    }
  }
}
