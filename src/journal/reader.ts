import { type ErrorCode, MenshenError, messageOf } from '../common/index.ts';
import { journalPath, openForReading } from './database.ts';
import { isDamage } from './faults.ts';
import { pictureKey, unsealPicture } from './pictures.ts';
import { EventReader } from './store.ts';
import type { JournalEvent, Range } from './types.ts';

/**
 * The journal for readers outside the gate process: opens read-only, also while the gate writes, and needs no
 * right to write. Each call opens the file anew, so that a journal that was replaced meanwhile is followed.
 * Throws JOURNAL_UNREADABLE, JOURNAL_CORRUPT or JOURNAL_TOO_NEW.
 */
export class JournalReader {
  readonly #path: string;

  constructor(options: { readonly dataDir: string }) {
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

  #read<T>(work: (reader: EventReader) => T): T {
    try {
      const db = openForReading(this.#path);
      try {
        return work(new EventReader(db));
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
