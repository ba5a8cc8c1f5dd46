import { MenshenError } from '../common/index.ts';
import type { ModelRef } from '../vision/types.ts';
import type { RowCipher } from './cipher.ts';
import type { GalleryMemory } from './memory.ts';
import { hashToken } from './pass.ts';
import type { StoredPicture, StoredReference } from './row-reader.ts';
import type { GalleryStore } from './store.ts';
import type { Candidate, Embedding, GalleryChange, GalleryFault, Pass, Person, Reference } from './types.ts';

export interface GalleryCounts {
  readonly people: number;
  readonly references: number;
  /** References made by other weights than the model asked about: they are never compared, the people need to be enrolled again. */
  readonly needReenrolment: number;
}

/** What can be asked of a gallery: of memory what is searched, of the file what is asked for now and then. */
export class GalleryReader {
  protected readonly store: GalleryStore;
  protected readonly memory: GalleryMemory;
  protected readonly cipher: RowCipher;

  protected constructor(store: GalleryStore, memory: GalleryMemory, cipher: RowCipher) {
    this.store = store;
    this.memory = memory;
    this.cipher = cipher;
  }

  /**
   * The best `k` people for a probe, best first, one entry a person, by comparison with the references
   * made by the probe's own model. People without local consent are never candidates.
   */
  search(probe: Embedding, k = 5): Candidate[] {
    return this.memory.search(probe, k);
  }

  /** Cosine of the probe with the best of one person's references of the same model; null when there is none. */
  compare(personId: string, probe: Embedding): number | null {
    return this.memory.compare(personId, probe);
  }

  /** One reference each of at most `most` people, always much the same ones: how the people here compare with one another. */
  sample(model: ModelRef, most: number): string[] {
    return this.memory.sample(model, most);
  }

  /** Calls `visit` with the cosine of each two of these references of the model, by their places in the list. */
  visitPairs(
    model: ModelRef,
    references: readonly string[],
    visit: (one: number, other: number, score: number) => void,
  ): void {
    this.memory.visitPairs(model, references, visit);
  }

  /** Everybody, by name. */
  list(): Person[] {
    return [...this.memory.people.values()].sort(
      (a, b) => a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1),
    );
  }

  /** The ids of everybody, in their order. */
  ids(): string[] {
    return [...this.memory.people.ids()].sort();
  }

  get(id: string): Person | null {
    return this.memory.people.get(id);
  }

  /** The one person of this id or name. Throws PERSON_NOT_FOUND; USAGE when several people have the name. */
  find(idOrName: string): Person {
    const byId = this.get(idOrName.toLowerCase());
    if (byId !== null) return byId;
    const name = idOrName.normalize('NFC').trim();
    const [first, ...others] = [...this.memory.people.values()].filter((person) => person.name === name);
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
    return this.store.references(personId).map(({ vector: _, pictureId: __, ...reference }) => reference);
  }

  /** One person's references with embeddings and stored pictures, read from disk; rows that cannot be used go to `faults`. */
  records(
    personId: string,
    faults: GalleryFault[] = [],
  ): { references: StoredReference[]; pictures: StoredPicture[] } {
    return {
      references: this.store.references(personId, faults),
      pictures: this.store.pictures(personId, faults),
    };
  }

  /**
   * Stored picture (JPEG) of one of a person's references, read from disk; of another one where that has none. Null when
   * there is none that can be used.
   */
  picture(personId: string, referenceId: string): Uint8Array | null {
    return this.store.pictureOf(personId, referenceId);
  }

  /** How many of one person's references are in use. */
  referenceCount(personId: string): number {
    return this.memory.referenceCountOf(personId);
  }

  counts(model?: ModelRef): GalleryCounts {
    const references = this.memory.referenceCount();
    const current = model === undefined ? references : this.memory.referenceCount(model);
    return { people: this.memory.people.size, references, needReenrolment: references - current };
  }

  /** References that were read one by one when this gallery was opened: where there are many, `bundleRows` is worth its time. */
  get alone(): number {
    return this.memory.alone;
  }

  /** Rows that could not be used when they were read. */
  faults(): GalleryFault[] {
    return this.memory.faults();
  }

  /** Whoever is enrolled with this ID number, in the form of `normaliseIdNumber`; null when nobody is. */
  byIdNumber(idNumber: string): Person | null {
    const hash = this.cipher.hashIdNumber(idNumber);
    return this.memory.people.first((person) => person.idNumberHash === hash);
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
    return this.memory.people.byCard(number);
  }

  /** All passes, the newest first. */
  passes(): Pass[] {
    return [...this.memory.passes.values()].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  }

  /** The pass of a token, however often it was used; null when there is none. */
  passOf(token: string): Pass | null {
    const hash = hashToken(token);
    return this.passes().find((pass) => pass.tokenHash === hash) ?? null;
  }

  /** Takes over what changed in the file now; `refresh` tells it all the same. */
  follow(): void {
    this.memory.follow();
  }

  /**
   * Takes over what changed in the file since the last call, by whichever process; null when nothing did.
   * Nearly free then, so that it can be called every second. Throws KEY_WRONG, GALLERY_CORRUPT, DATA_DIR_UNUSABLE;
   * what was loaded before stays in use.
   */
  refresh(): GalleryChange | null {
    return this.memory.refresh();
  }

  /**
   * As `refresh`, for a process that must go on answering: a large change is taken over in slices of some milliseconds,
   * between which the event loop runs. One at a time. Rejects with the signal's reason when that is given meanwhile; what
   * was taken over by then is told by the next call.
   */
  refreshInSlices(signal: AbortSignal): Promise<GalleryChange | null> {
    return this.memory.refreshInSlices(signal);
  }

  close(): void {
    this.store.close();
  }
}
