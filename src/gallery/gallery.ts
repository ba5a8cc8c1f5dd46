import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { isoNow, type Logger, MenshenError } from '../common/index.ts';
import { openDatabase } from './database.ts';
import { checkEntitlement, NOT_ENTITLED } from './entitlement.ts';
import { ensureDataDir } from './files.ts';
import { GalleryMemory } from './memory.ts';
import { normaliseName } from './names.ts';
import { newPass, overdue, type PassRequest } from './pass.ts';
import { GalleryReader } from './reader.ts';
import { GalleryStore } from './store.ts';
import type { Consent, Entitlement, NewReference, Pass, Person } from './types.ts';
import { type Unlocked, unlock } from './unlock.ts';
import type { GalleryWriter } from './writer.ts';

export interface GalleryOptions {
  /** Folder of `gallery.sqlite` and of the file `key`. */
  readonly dataDir: string;
  /** 64 hex digits; by default the key file is used, and made while nobody is enrolled. */
  readonly key?: string | undefined;
  readonly log: Logger;
  /** How long a write waits for another process's write; it holds up the whole process meanwhile. */
  readonly busyTimeoutMs?: number;
}

/**
 * The people a door may open for: SQLite on disk, everything that is searched in memory.
 * Several processes may have the same gallery open; `refresh` takes over what others changed.
 */
export class Gallery extends GalleryReader {
  readonly path: string;
  /** The key file, when opening this gallery made it; else null. Keep a copy of it: without it all is lost. */
  readonly newKeyFile: string | null;
  readonly #log: Logger;

  private constructor(path: string, store: GalleryStore, unlocked: Unlocked, log: Logger) {
    super(store, new GalleryMemory(store, log), unlocked.cipher);
    this.path = path;
    this.newKeyFile = unlocked.newKeyFile;
    this.#log = log;
  }

  /**
   * Opens the gallery of a data directory, making it at the first start, and loads it.
   * Throws KEY_MISSING, KEY_WRONG, KEY_INVALID, GALLERY_CORRUPT, GALLERY_TOO_NEW, DATA_DIR_UNUSABLE.
   * Single rows that cannot be used are logged and told by `faults()`.
   */
  static open(options: GalleryOptions): Gallery {
    const gallery = Gallery.#unlocked(options);
    try {
      gallery.memory.load();
      return gallery;
    } catch (error) {
      gallery.close();
      throw error;
    }
  }

  /**
   * As `open`, for a process that must go on answering: it is loaded in slices of some milliseconds, between which the
   * event loop runs. Rejects with the signal's reason when that is given meanwhile.
   */
  static async openInSlices(options: GalleryOptions, signal: AbortSignal): Promise<Gallery> {
    const gallery = Gallery.#unlocked(options);
    try {
      await gallery.memory.loadInSlices(signal);
      return gallery;
    } catch (error) {
      gallery.close();
      throw error;
    }
  }

  /** Opened, and not loaded yet. */
  static #unlocked({ dataDir, key, log, busyTimeoutMs = 5000 }: GalleryOptions): Gallery {
    ensureDataDir(dataDir);
    const path = join(dataDir, 'gallery.sqlite');
    const db = openDatabase(path, dataDir, busyTimeoutMs);
    try {
      const unlocked = unlock(db, path, dataDir, key);
      if (unlocked.newKeyFile !== null)
        log.info({ file: unlocked.newKeyFile }, 'made a new gallery key; keep a copy of it');
      return new Gallery(path, new GalleryStore(db, path, unlocked.cipher), unlocked, log);
    } catch (error) {
      db.close();
      throw error;
    }
  }

  /**
   * Enters somebody new with their references, all or nothing; without references (a card alone) consent to being
   * recognised is not needed. Throws PERSON_NAME_INVALID, CREDENTIAL_INVALID, CREDENTIAL_TAKEN, ID_NUMBER_TAKEN; USAGE when
   * the id is taken or local consent is missing.
   */
  addPerson(
    input: { id?: string; name: string; consent: Consent; idNumber?: string } & Partial<Entitlement>,
    references: readonly NewReference[],
  ): Person {
    if (!input.consent.local && references.length > 0) {
      throw new MenshenError(
        'USAGE',
        'Nobody can be enrolled without their consent to being recognised at this device.',
      );
    }
    const now = isoNow();
    const id = input.id ?? randomUUID();
    const person = {
      ...NOT_ENTITLED,
      ...this.#checked(input, id),
      id,
      name: normaliseName(input.name),
      consent: input.consent,
      idNumberHash: this.#idNumberHash(input.idNumber, id),
      site: null,
      createdAt: now,
      updatedAt: now,
    };
    this.transact((writer) => {
      if (writer.has('people', id))
        throw new MenshenError('USAGE', `The id ${id} belongs to somebody already.`);
      writer.putPerson(person);
      writer.enrol(id, references, now);
    });
    return person;
  }

  /**
   * Gives a person more references, and a new consent and ID number where one is given, all or nothing.
   * Throws PERSON_NOT_FOUND, PERSON_OF_SITE, ID_NUMBER_TAKEN.
   */
  addReferences(
    personId: string,
    references: readonly NewReference[],
    { consent, idNumber }: { consent?: Consent; idNumber?: string } = {},
  ): Person {
    const known = this.#own(personId);
    const now = isoNow();
    const person = {
      ...known,
      consent: consent ?? known.consent,
      idNumberHash: this.#idNumberHash(idNumber, personId) ?? known.idNumberHash,
      updatedAt: now,
    };
    this.transact((writer) => {
      if (!writer.has('people', personId)) throw notFound(personId);
      writer.putPerson(person);
      writer.enrol(personId, references, now);
    });
    return person;
  }

  /** Changes what is named. Throws PERSON_NOT_FOUND, PERSON_OF_SITE, PERSON_NAME_INVALID, CREDENTIAL_INVALID, CREDENTIAL_TAKEN. */
  updatePerson(id: string, change: { name?: string; consent?: Consent } & Partial<Entitlement>): Person {
    const known = this.#own(id);
    const person = {
      ...known,
      ...this.#checked(change, id),
      name: change.name === undefined ? known.name : normaliseName(change.name),
      consent: change.consent ?? known.consent,
      updatedAt: isoNow(),
    };
    this.transact((writer) => {
      if (!writer.has('people', id)) throw notFound(id);
      writer.putPerson(person);
    });
    return person;
  }

  /**
   * Erases a person with all references and pictures: the rows are overwritten, the write-ahead log is emptied.
   * `logEmptied` is false when a reader of another process held the log all the while; any later removal, or the
   * last process closing the gallery, empties it. Throws PERSON_NOT_FOUND, PERSON_OF_SITE.
   */
  removePerson(id: string): { logEmptied: boolean } {
    if (this.get(id) !== null) this.#own(id);
    this.transact((writer) => {
      if (!writer.removePerson(id)) throw notFound(id);
    });
    const logEmptied = this.store.emptyLog();
    if (!logEmptied)
      this.#log.warn(
        { person: id },
        'the removed rows are still in the write-ahead log, held by another process',
      );
    return { logEmptied };
  }

  /** Makes a pass. `token` is told this once: only its hash is kept. Throws PERSON_NAME_INVALID, CREDENTIAL_INVALID. */
  addPass(request: PassRequest): { pass: Pass; token: string } {
    const { pass, token } = newPass(request, isoNow());
    this.transact((writer) => writer.addPass(pass));
    return { pass, token };
  }

  /** Erases the passes, and with them the names, whose time was over an hour ago; gives how many. `now`: UTC, ISO 8601. */
  dropOldPasses(now = isoNow()): number {
    const old = overdue(this.passes(), now);
    if (old.length > 0) {
      this.transact((writer) => {
        for (const { id } of old) writer.removePass(id);
      });
    }
    return old.length;
  }

  /** Takes a pass back. Throws PASS_NOT_FOUND. */
  removePass(id: string): void {
    this.transact((writer) => {
      if (!writer.removePass(id)) {
        throw new MenshenError('PASS_NOT_FOUND', `There is no pass with the id ${id}.`);
      }
    });
  }

  /** Several changes in one transaction, all or nothing; memory follows when it is committed. For this room alone. */
  transact<T>(action: (writer: GalleryWriter) => T): T {
    const result = this.store.write(action);
    this.memory.follow();
    return result;
  }

  /** The entitlement in normal form, of those keys that are given. */
  #checked(given: Partial<Entitlement>, personId: string): Partial<Entitlement> {
    const checked = checkEntitlement(given);
    const taken = checked.cards?.find((card) => this.byCard(card).some(({ id }) => id !== personId));
    if (taken !== undefined) {
      throw new MenshenError(
        'CREDENTIAL_TAKEN',
        `The card ${taken} belongs to ${this.byCard(taken)[0]?.name ?? 'somebody else'} already.`,
      );
    }
    return checked;
  }

  #idNumberHash(idNumber: string | undefined, personId: string): string | null {
    if (idNumber === undefined) return null;
    this.checkIdNumber(idNumber, personId);
    return this.cipher.hashIdNumber(idNumber);
  }

  #known(id: string): Person {
    const person = this.get(id);
    if (person === null) throw notFound(id);
    return person;
  }

  /** Somebody who may be changed here: not by others than the administrator of a site, who would not know of it. */
  #own(id: string): Person {
    const person = this.#known(id);
    if (person.site !== null) {
      throw new MenshenError(
        'PERSON_OF_SITE',
        `${person.name} (${id}) is of the site "${person.site}": change them where the site is published from.`,
      );
    }
    return person;
  }
}

function notFound(id: string): MenshenError {
  return new MenshenError('PERSON_NOT_FOUND', `Nobody with the id ${id} is enrolled.`);
}
