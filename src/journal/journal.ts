import type { Logger } from '../common/index.ts';
import { MenshenError, messageOf } from '../common/index.ts';
import { ensureDirectory, journalPath } from './database.ts';
import { encodeEvent } from './encode.ts';
import { JournalFile } from './file.ts';
import { pictureKey, sealPicture, unsealPicture } from './pictures.ts';
import { emptyWal, prune } from './prune.ts';
import { type Pruned, removePicturesOf } from './retention.ts';
import type { EventInput, JournalEntry, JournalEvent, Range, Retention } from './types.ts';

export interface JournalOptions {
  readonly dataDir: string;
  /** Name of the gate, written into each event. */
  readonly gate: string;
  readonly log: Logger;
  /** The gate's key, 32 bytes, for pictures; without it none are kept. */
  readonly key?: Buffer;
  /**
   * Whether events wait in the outbox for delivery; false where there is no broker to deliver to: what waits there
   * since there was one is kept no longer than any other event, and sent if a broker comes back before that.
   */
  readonly outbox?: boolean;
  /** Whether pictures are kept; false where `cropRetentionDays` is 0, and `attachPicture` then does nothing. */
  readonly pictures?: boolean;
  readonly now?: () => Date;
}

/**
 * The gate's record: append-only, numbered without gaps, on disk (WAL, synchronous=FULL) before `append` returns.
 *
 * One process writes it. When the disk is full, read-only or failing, what writes throws JOURNAL_WRITE_FAILED
 * and may simply be tried again: nothing was numbered, and writing goes on by itself as soon as the disk does.
 * A damaged file is set aside and a new one begun; what had not been delivered, and the numbering, are carried
 * over as far as they can be read.
 */
export class Journal {
  readonly #options: JournalOptions;
  readonly #file: JournalFile;
  #key: Buffer | undefined;
  readonly #listeners = new Set<(event: JournalEvent) => void>();

  /**
   * Opens the journal, also with a disk that cannot be written just now (the gate must come up for the exit
   * button's sake). Throws JOURNAL_TOO_NEW, DATA_DIR_UNUSABLE, KEY_INVALID.
   */
  static open(options: JournalOptions): Journal {
    ensureDirectory(options.dataDir);
    const journal = new Journal(options);
    try {
      journal.#file.use(() => {});
    } catch (error) {
      if (!(error instanceof MenshenError) || error.code !== 'JOURNAL_WRITE_FAILED') {
        throw error;
      }
      options.log.error({ code: error.code }, error.message);
    }
    return journal;
  }

  private constructor(options: JournalOptions) {
    this.#options = options;
    this.#file = new JournalFile({
      dataDir: options.dataDir,
      log: options.log,
      now: () => this.#now(),
      onReplaced: ({ ...data }) => this.append({ type: 'journal.damaged', data } satisfies EventInput),
    });
    this.#key = options.key && pictureKey(options.key);
  }

  /** Writes one event. With an id that is already there it is a retry, and gives the event as written then. */
  append(input: JournalEntry): JournalEvent {
    const [event] = this.appendMany([input]);
    if (event === undefined) {
      throw new MenshenError('INTERNAL', 'Appending one event gave none back.');
    }
    return event;
  }

  /** Writes several events in one transaction, all or none. Throws JOURNAL_WRITE_FAILED. */
  appendMany(inputs: readonly JournalEntry[]): JournalEvent[] {
    const { gate, outbox = true } = this.#options;
    const at = this.#now();
    const added: JournalEvent[] = [];
    const events = this.#file.use((store) => {
      added.length = 0;
      this.#file.reserve(store, inputs.length);
      return store.db
        .transaction(() =>
          inputs.map((input) => {
            const known = input.id === undefined ? undefined : store.byId(input.id);
            const { event, data } = encodeEvent(input, { seq: store.lastSeq() + 1, at, gate });
            if (known !== undefined) {
              return sameEvent(known, event);
            }
            store.insert(event, data, outbox);
            added.push(event);
            return event;
          }),
        )
        .immediate();
    });
    this.#tell(added);
    return events;
  }

  /** By number, by id, or by the beginning of an id. Throws USAGE when several ids begin so. */
  get(key: string | number): JournalEvent | undefined {
    return this.#file.use((store) => (typeof key === 'number' ? store.bySeq(key) : store.find(key)));
  }

  range(range: Range): JournalEvent[] {
    return this.#file.use((store) => store.range(range));
  }

  /** The newest `n`, oldest of them first. */
  latest(n: number): JournalEvent[] {
    return this.#file.use((store) => store.latest(n));
  }

  /** What waits in the outbox, in order, numbered above `after`. */
  pending(limit: number, after = 0): JournalEvent[] {
    return this.#options.outbox === false ? [] : this.#file.use((store) => store.pending(limit, after));
  }

  /** Highest number that waits in the outbox and is older than this; 0 when there is none. */
  newestPendingBefore(at: Date): number {
    return this.#options.outbox === false
      ? 0
      : this.#file.use((store) => store.newestPendingBefore(at.toISOString()));
  }

  /** How many events wait in the outbox. */
  pendingCount(): number {
    return this.#options.outbox === false ? 0 : this.#file.use((store) => store.pendingCount());
  }

  /** Takes events out of the outbox: the broker has them. A power cut may undo it; they are sent again then. */
  delivered(seqs: number | readonly number[]): void {
    this.#file.use((store) => store.dequeue(typeof seqs === 'number' ? [seqs] : seqs));
  }

  /** Calls the listener after each event that was written; gives back the way to end that. */
  onAppend(listener: (event: JournalEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Pictures are kept under this key of 32 bytes from now on. Throws KEY_INVALID. */
  useKey(key: Buffer): void {
    this.#key = pictureKey(key);
  }

  /** Keeps a JPEG with an event, encrypted. Throws EVENT_NOT_FOUND, KEY_MISSING, PICTURE_UNREADABLE. */
  attachPicture(eventId: string, jpeg: Uint8Array): void {
    if (this.#options.pictures === false) {
      return;
    }
    const sealed = sealPicture(this.#pictureKey(), eventId, jpeg);
    this.#file.use((store) => {
      const event = store.byId(eventId);
      if (event === undefined) {
        throw new MenshenError(
          'EVENT_NOT_FOUND',
          `The journal has no event ${eventId} to keep a picture with.`,
        );
      }
      store.storePicture(event.seq, sealed);
    });
  }

  /** The JPEG kept with an event, if any. Throws KEY_WRONG, KEY_MISSING. */
  picture(eventId: string): Buffer | undefined {
    const sealed = this.#file.use((store) => store.sealedPicture(eventId));
    return sealed && unsealPicture(this.#pictureKey(), eventId, sealed);
  }

  /**
   * Deletes what is past its time, and what `maxMegabytes` leaves no room for, in small steps: to be called soon after
   * the start and about once an hour. With a clock that cannot be believed nothing is deleted by its age.
   */
  prune(retention: Retention): Promise<Pruned> {
    const { dataDir, log, outbox = true } = this.#options;
    return prune(
      {
        path: journalPath(dataDir),
        file: this.#file,
        log,
        now: () => this.#now(),
        outbox,
        append: (event) => this.append(event),
      },
      retention,
    );
  }

  /** Deletes the pictures kept with grants of this person, and gives how many; the events stay. */
  dropPicturesOf(personId: string): number {
    return this.#file.use((store) => {
      const dropped = removePicturesOf(store, personId);
      if (dropped > 0) {
        emptyWal(store);
      }
      return dropped;
    });
  }

  close(): void {
    this.#listeners.clear();
    this.#file.close();
  }

  #now(): Date {
    return this.#options.now?.() ?? new Date();
  }

  #pictureKey(): Buffer {
    if (this.#key === undefined) {
      throw new MenshenError('KEY_MISSING', 'The journal was opened without a key and keeps no pictures.');
    }
    return this.#key;
  }

  #tell(events: readonly JournalEvent[]): void {
    for (const event of events) {
      for (const listener of this.#listeners) {
        try {
          listener(event);
        } catch (error) {
          this.#options.log.error(
            { seq: event.seq },
            `A listener of the journal failed: ${messageOf(error)}`,
          );
        }
      }
    }
  }
}

/**
 * An id given twice is a retry after a write that seemed to fail: the first one counts. The disk may have taken
 * an event whose success it could not report.
 */
function sameEvent(known: JournalEvent, again: JournalEvent): JournalEvent {
  if (known.type !== again.type) {
    throw new MenshenError('INTERNAL', `Two different events were given the same id ${known.id}.`);
  }
  return known;
}
