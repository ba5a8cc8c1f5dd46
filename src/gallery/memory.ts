import { type Logger, MenshenError } from '../common/index.ts';
import type { ModelRef } from '../vision/types.ts';
import type { Taker } from './everybody.ts';
import { PendingChange } from './pending.ts';
import { People } from './people.ts';
import { LoadProgress } from './progress.ts';
import type { StoredReference } from './row-reader.ts';
import { ReferenceIndex } from './search.ts';
import { inSlices } from './slices.ts';
import type { Delta, GalleryStore } from './store.ts';
import type { Candidate, Embedding, GalleryChange, GalleryFault, Pass, Person } from './types.ts';

/** The gallery as it is searched: people and embeddings in memory, kept in step with the file by what changed in it. */
export class GalleryMemory {
  readonly passes = new Map<string, Pass>();
  readonly #store: GalleryStore;
  readonly #log: Logger;
  #people: People;
  #index = new ReferenceIndex();
  #alone = 0;
  readonly #faults = new Map<string, GalleryFault>();
  /** Changes taken over but not told by `refresh` yet. */
  readonly #pending = new PendingChange();
  #known: { generation: number; removals: number; keyCheck: Uint8Array | null } = {
    generation: -1,
    removals: -1,
    keyCheck: null,
  };
  #dataVersion = -1;

  constructor(store: GalleryStore, log: Logger) {
    this.#store = store;
    this.#log = log;
    this.#people = this.#nobody();
  }

  get people(): People {
    return this.#people;
  }

  /** The first load; tells no changes. One that takes long says in the log how far it is. */
  load(): void {
    const taker = this.#begin();
    const dataVersion = this.#store.dataVersion();
    this.#takeOver(this.#store.all(taker), dataVersion);
    this.#pending.take();
  }

  /** The first load while the event loop goes on running. Rejects with the signal's reason when that is given meanwhile. */
  async loadInSlices(signal: AbortSignal): Promise<void> {
    const taker = this.#begin();
    const dataVersion = this.#store.dataVersion();
    this.#takeOver(await this.#store.allInSlices(taker, signal), dataVersion);
    this.#pending.take();
  }

  /** Takes over what changed in the file. */
  follow(): void {
    const dataVersion = this.#store.dataVersion();
    this.#takeOver(this.#store.delta(this.#known), dataVersion);
  }

  /**
   * Takes over a change of any size while the event loop goes on running; until it is done, some of it is in use and some not.
   * What the process itself writes meanwhile is not lost.
   */
  async #followInSlices(signal: AbortSignal): Promise<void> {
    const known = this.#known;
    const dataVersion = this.#store.dataVersion();
    const reader = this.#store.beside();
    try {
      const delta = await reader.deltaInSlices(known, signal);
      this.#checkKey(delta);
      await inSlices(this.#apply(delta), signal);
      const overtaken = this.#known !== known;
      this.#isTakenOver(delta, dataVersion);
      if (!overtaken) return;
      // What was taken over at once in between may have been undone by what was read before: all of it is compared.
      this.#known = { ...this.#known, removals: -1 };
      this.follow();
    } catch (error) {
      // Some of it may be in use, and may have undone what was taken over at once in between: all is looked at again.
      this.#known = { ...known, removals: -1 };
      this.#dataVersion = -1;
      throw error;
    } finally {
      reader.close();
    }
  }

  #begin(): Taker {
    this.#known = { ...this.#store.meta(), generation: -1, removals: -1 };
    const progress = new LoadProgress(this.#log);
    return {
      begin: ({ people, references }) => {
        progress.begin(people + references);
        this.#people = this.#nobody(people);
        this.#index = new ReferenceIndex(references);
        this.#alone = 0;
      },
      person: (person) => {
        this.people.set(person);
        progress.step(1);
      },
      reference: ({ id, personId, model, vector }) => {
        this.#index.add({ referenceId: id, personId }, model, vector);
        this.#alone++;
        progress.step(1);
      },
      packedPeople: (pack) => {
        progress.step(pack.size);
        return this.people.addPacked(pack);
      },
      packedReferences: (pack) => {
        progress.step(pack.size);
        return this.#index.addPacked(pack);
      },
    };
  }

  /** Whoever is in a bundle without a record that can be used is as their row says. */
  #nobody(expected = 0): People {
    return new People((id) => this.#store.person(id), expected);
  }

  /** @param dataVersion of before the delta was read: what came since is looked at again */
  #takeOver(delta: Delta, dataVersion: number): void {
    this.#checkKey(delta);
    for (const _ of this.#apply(delta));
    this.#isTakenOver(delta, dataVersion);
  }

  #isTakenOver({ generation, removals, keyCheck }: Delta, dataVersion: number): void {
    this.#known = { generation, removals, keyCheck };
    this.#dataVersion = dataVersion;
  }

  /** References that were not bundled when the gallery was opened. */
  get alone(): number {
    return this.#alone;
  }

  refresh(): GalleryChange | null {
    if (this.#store.dataVersion() !== this.#dataVersion) this.follow();
    return this.#pending.take();
  }

  /** As `refresh`, and a large change is taken over in slices, between which the event loop runs; one at a time. */
  async refreshInSlices(signal: AbortSignal): Promise<GalleryChange | null> {
    if (this.#store.dataVersion() !== this.#dataVersion) {
      if (this.#store.isSmallSince(this.#known)) this.follow();
      else await this.#followInSlices(signal);
    }
    return this.#pending.take();
  }

  search(probe: Embedding, k: number): Candidate[] {
    const hits = this.#index.search(probe.vector, probe.model, k, (id) => this.people.isSearched(id));
    return hits.map((hit) => ({ ...hit, name: this.people.get(hit.personId)?.name ?? '' }));
  }

  compare(personId: string, probe: Embedding): number | null {
    return this.#index.best(probe.vector, probe.model, personId);
  }

  /**
   * One reference each of at most `most` people of this model who may be searched for: those with the lowest ids, which
   * are random, so that the choice stays much the same as people come and go.
   */
  sample(model: ModelRef, most: number): string[] {
    const chosen = this.people.lowest(most, (id) => this.#index.referencesOf(id, model).length > 0);
    return chosen.map((id) => this.#index.referencesOf(id, model).sort()[0]);
  }

  visitPairs(
    model: ModelRef,
    references: readonly string[],
    visit: (one: number, other: number, score: number) => void,
  ): void {
    this.#index.visitPairs(model, references, visit);
  }

  referenceCount(model?: ModelRef): number {
    return this.#index.count(model);
  }

  referenceCountOf(personId: string): number {
    return this.#index.referencesOf(personId).length;
  }

  faults(): GalleryFault[] {
    return [...this.#faults.values()];
  }

  /** An empty gallery may have been given a new key by another process: this one could read nothing of it. */
  #checkKey(delta: Delta): void {
    const known = this.#known.keyCheck;
    if (known === null || delta.keyCheck === null || Buffer.compare(known, delta.keyCheck) !== 0) {
      throw new MenshenError(
        'KEY_WRONG',
        'The gallery was given another key while it was open. Start this process again.',
      );
    }
  }

  /** Step by step: null after each. */
  *#apply(delta: Delta): Generator<null> {
    if (delta.ids !== null) yield* this.#removeAllBut(delta.ids);
    for (const pass of delta.passes) {
      this.passes.set(pass.id, pass);
      this.#faults.delete(`passes ${pass.id}`);
    }
    for (const person of delta.people) {
      this.#takePerson(person);
      yield null;
    }
    for (const reference of delta.references) {
      this.#takeReference(reference);
      yield null;
    }
    for (const fault of delta.faults) this.#report(fault);
  }

  #takePerson(person: Person): void {
    this.#pending.note(this.people.has(person.id) ? 'updated' : 'added', person.id);
    this.people.set(person);
    if (this.#faults.size > 0) this.#faults.delete(`people ${person.id}`);
  }

  #takeReference({ id, personId, model, vector }: StoredReference): void {
    this.#index.add({ referenceId: id, personId }, model, vector);
    if (this.#faults.size > 0) this.#faults.delete(`refs ${id}`);
    this.#pending.note('updated', personId);
  }

  /** Whole people first. */
  *#removeAllBut(ids: NonNullable<Delta['ids']>): Generator<null> {
    for (const id of this.people.ids()) {
      if (!ids.people.has(id)) this.#dropPerson(id);
      yield null;
    }
    const gone: { referenceId: string; personId: string }[] = [];
    for (const entry of this.#index.entries()) {
      if (!ids.references.has(entry.referenceId)) gone.push(entry);
      yield null;
    }
    for (const { referenceId, personId } of gone) {
      this.#dropReference(referenceId, personId);
      yield null;
    }
    for (const id of this.passes.keys()) {
      if (!ids.passes.has(id)) this.passes.delete(id);
    }
    for (const [key, fault] of this.#faults) {
      const left = fault.table === 'refs' || fault.table === 'pictures' ? ids.references : ids[fault.table];
      if (!left.has(fault.id)) this.#faults.delete(key);
    }
  }

  #dropPerson(id: string): void {
    this.people.delete(id);
    for (const reference of this.#index.referencesOf(id)) this.#dropReference(reference, id);
    this.#pending.note('removed', id);
  }

  #dropReference(id: string, personId: string): void {
    this.#index.remove(id);
    this.#pending.note('updated', personId);
  }

  /** A row that cannot be used must not go on being used as it was before either. */
  #report(fault: GalleryFault): void {
    if (fault.table === 'people' && this.people.delete(fault.id)) this.#pending.note('removed', fault.id);
    if (fault.table === 'passes') this.passes.delete(fault.id);
    const owner = fault.table === 'refs' ? this.#index.personOf(fault.id) : null;
    if (owner !== null) this.#dropReference(fault.id, owner);
    this.#faults.set(`${fault.table} ${fault.id}`, fault);
    this.#log.error({ code: 'GALLERY_CORRUPT', table: fault.table, row: fault.id }, fault.message);
  }
}
