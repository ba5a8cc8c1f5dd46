import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { isoNow, type Logger, MenshenError } from '../common/index.ts';
import type { ModelRef } from '../vision/types.ts';
import type { RowCipher } from './cipher.ts';
import { openDatabase } from './database.ts';
import { checkEntitlement, NOT_ENTITLED } from './entitlement.ts';
import { ensureDataDir } from './files.ts';
import { GalleryMemory } from './memory.ts';
import { normaliseName } from './names.ts';
import { hashToken, newPass, overdue, type PassRequest } from './pass.ts';
import type { StoredPicture, StoredReference } from './row-reader.ts';
import { isUnit } from './rows.ts';
import { GalleryStore } from './store.ts';
import type {
  Candidate,
  Consent,
  Embedding,
  Entitlement,
  GalleryChange,
  GalleryFault,
  NewReference,
  Pass,
  Person,
  Reference,
} from './types.ts';
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

export interface GalleryCounts {
  readonly people: number;
  readonly references: number;
  /** References made by other weights than the model asked about: they are never compared, the people need to be enrolled again. */
  readonly needReenrolment: number;
}

/**
 * The people a door may open for: SQLite on disk, everything that is searched in memory.
 * Several processes may have the same gallery open; `refresh` takes over what others changed.
 */
export class Gallery {
  readonly path: string;
  /** The key file, when opening this gallery made it; else null. Keep a copy of it: without it all is lost. */
  readonly newKeyFile: string | null;
  readonly #store: GalleryStore;
  readonly #memory: GalleryMemory;
  readonly #cipher: RowCipher;
  readonly #log: Logger;

  private constructor(path: string, store: GalleryStore, unlocked: Unlocked, log: Logger) {
    this.path = path;
    this.newKeyFile = unlocked.newKeyFile;
    this.#store = store;
    this.#cipher = unlocked.cipher;
    this.#memory = new GalleryMemory(store, log);
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
      gallery.#memory.load();
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
      await gallery.#memory.loadInSlices(signal);
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
   * The best `k` people for a probe, best first, one entry a person, by comparison with the references
   * made by the probe's own model. People without local consent are never candidates.
   */
  search(probe: Embedding, k = 5): Candidate[] {
    return this.#memory.search(probe, k);
  }

  /** Cosine of the probe with the best of one person's references of the same model; null when there is none. */
  compare(personId: string, probe: Embedding): number | null {
    return this.#memory.compare(personId, probe);
  }

  /** One reference each of at most `most` people, always much the same ones: how the people here compare with one another. */
  sample(model: ModelRef, most: number): string[] {
    return this.#memory.sample(model, most);
  }

  /** Calls `visit` with the cosine of each two of these references of the model, by their places in the list. */
  visitPairs(
    model: ModelRef,
    references: readonly string[],
    visit: (one: number, other: number, score: number) => void,
  ): void {
    this.#memory.visitPairs(model, references, visit);
  }

  /** Everybody, by name. */
  list(): Person[] {
    return [...this.#memory.people.values()].sort(
      (a, b) => a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1),
    );
  }

  /** The ids of everybody, in their order. */
  ids(): string[] {
    return [...this.#memory.people.ids()].sort();
  }

  get(id: string): Person | null {
    return this.#memory.people.get(id);
  }

  /** The one person of this id or name. Throws PERSON_NOT_FOUND; USAGE when several people have the name. */
  find(idOrName: string): Person {
    const byId = this.get(idOrName.toLowerCase());
    if (byId !== null) return byId;
    const name = idOrName.normalize('NFC').trim();
    const [first, ...others] = [...this.#memory.people.values()].filter((person) => person.name === name);
    if (first === undefined) {
      throw new MenshenError('PERSON_NOT_FOUND', `Nobody with the id or name "${idOrName}" is enrolled.`);
    }
    if (others.length > 0) {
      const ids = [first, ...others]
        .map((person) => person.id)
        .sort()
        .join(', ');
      throw new MenshenError(
        'USAGE',
        `${1 + others.length} people are called "${name}"; name one by id: ${ids}`,
      );
    }
    return first;
  }

  /** One person's references, oldest first. */
  references(personId: string): Reference[] {
    return this.#store.references(personId).map(({ vector: _, pictureId: __, ...reference }) => reference);
  }

  /** One person's references with embeddings and stored pictures, read from disk; rows that cannot be used go to `faults`. */
  records(
    personId: string,
    faults: GalleryFault[] = [],
  ): { references: StoredReference[]; pictures: StoredPicture[] } {
    return {
      references: this.#store.references(personId, faults),
      pictures: this.#store.pictures(personId, faults),
    };
  }

  /**
   * Stored picture (JPEG) of one of a person's references, read from disk; of another one where that has none. Null when
   * there is none that can be used.
   */
  picture(personId: string, referenceId: string): Uint8Array | null {
    return this.#store.pictureOf(personId, referenceId);
  }

  /** How many of one person's references are in use. */
  referenceCount(personId: string): number {
    return this.#memory.referenceCountOf(personId);
  }

  counts(model?: ModelRef): GalleryCounts {
    const references = this.#memory.referenceCount();
    const current = model === undefined ? references : this.#memory.referenceCount(model);
    return { people: this.#memory.people.size, references, needReenrolment: references - current };
  }

  /** References that were read one by one when this gallery was opened: where there are many, `bundleRows` is worth its time. */
  get alone(): number {
    return this.#memory.alone;
  }

  /** Rows that could not be used when they were read. */
  faults(): GalleryFault[] {
    return this.#memory.faults();
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
      insertReferences(writer, id, references, now);
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
      insertReferences(writer, personId, references, now);
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
    const logEmptied = this.#store.emptyLog();
    if (!logEmptied)
      this.#log.warn(
        { person: id },
        'the removed rows are still in the write-ahead log, held by another process',
      );
    return { logEmptied };
  }

  /** Whoever is enrolled with this ID number, in the form of `normaliseIdNumber`; null when nobody is. */
  byIdNumber(idNumber: string): Person | null {
    const hash = this.#cipher.hashIdNumber(idNumber);
    return this.#memory.people.first((person) => person.idNumberHash === hash);
  }

  /** Throws ID_NUMBER_TAKEN when somebody other than `personId` is enrolled with the ID number. */
  checkIdNumber(idNumber: string, personId: string | null): void {
    const owner = this.byIdNumber(idNumber);
    if (owner === null || owner.id === personId) return;
    throw new MenshenError(
      'ID_NUMBER_TAKEN',
      `${owner.name} is enrolled with this ID number already, with id ${owner.id}. To give that person more photos use --id ${owner.id}.`,
    );
  }

  /** Everybody who has this card (in normal form): one person, unless an import gave it to two. */
  byCard(number: string): readonly Person[] {
    return this.#memory.people.byCard(number);
  }

  /** All passes, the newest first. */
  passes(): Pass[] {
    return [...this.#memory.passes.values()].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  }

  /** The pass of a token, however often it was used; null when there is none. */
  passOf(token: string): Pass | null {
    const hash = hashToken(token);
    return this.passes().find((pass) => pass.tokenHash === hash) ?? null;
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

  /** Takes over what changed in the file now; `refresh` tells it all the same. */
  follow(): void {
    this.#memory.follow();
  }

  /** Several changes in one transaction, all or nothing; memory follows when it is committed. For this room alone. */
  transact<T>(action: (writer: GalleryWriter) => T): T {
    const result = this.#store.write(action);
    this.#memory.follow();
    return result;
  }

  /**
   * Takes over what changed in the file since the last call, by whichever process; null when nothing did.
   * Nearly free then, so that it can be called every second. Throws KEY_WRONG, GALLERY_CORRUPT, DATA_DIR_UNUSABLE;
   * what was loaded before stays in use.
   */
  refresh(): GalleryChange | null {
    return this.#memory.refresh();
  }

  /**
   * As `refresh`, for a process that must go on answering: a large change is taken over in slices of some milliseconds,
   * between which the event loop runs. One at a time. Rejects with the signal's reason when that is given meanwhile; what
   * was taken over by then is told by the next call.
   */
  refreshInSlices(signal: AbortSignal): Promise<GalleryChange | null> {
    return this.#memory.refreshInSlices(signal);
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
    return this.#cipher.hashIdNumber(idNumber);
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

  close(): void {
    this.#store.close();
  }
}

function insertReferences(
  writer: GalleryWriter,
  personId: string,
  references: readonly NewReference[],
  now: string,
): void {
  for (const { embedding, qualityScore, picture } of references) {
    if (!isUnit(embedding.vector))
      throw new MenshenError('INTERNAL', 'An embedding to enrol is not a vector of 512 numbers and norm 1.');
    const pictureId = picture === null ? null : randomUUID();
    if (picture !== null && pictureId !== null)
      writer.addPicture({ id: pictureId, personId, createdAt: now, jpeg: picture });
    writer.addReference({
      id: randomUUID(),
      personId,
      pictureId,
      model: embedding.model,
      qualityScore,
      createdAt: now,
      vector: embedding.vector,
    });
  }
}

function notFound(id: string): MenshenError {
  return new MenshenError('PERSON_NOT_FOUND', `Nobody with the id ${id} is enrolled.`);
}
