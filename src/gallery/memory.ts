import { type Logger, MenshenError } from '../common/index.ts';
import type { ModelRef } from '../vision/types.ts';
import type { Taker } from './everybody.ts';
import { LoadProgress } from './progress.ts';
import type { StoredReference } from './row-reader.ts';
import { ReferenceIndex } from './search.ts';
import { type Delta, type GalleryStore, inSlices } from './store.ts';
import type { Candidate, Embedding, GalleryChange, GalleryFault, Pass, Person } from './types.ts';

/** The gallery as it is searched: people and embeddings in memory, kept in step with the file by what changed in it. */
export class GalleryMemory {
  readonly people = new Map<string, Person>();
  readonly passes = new Map<string, Pass>();
  readonly #store: GalleryStore;
  readonly #log: Logger;
  #index = new ReferenceIndex();
  #alone = 0;
  readonly #faults = new Map<string, GalleryFault>();
  /** Who has which card; made when it is asked for, after a change. */
  #cards: Map<string, Person[]> | null = null;
  /** Changes taken over but not told by `refresh` yet. */
  #pending = { added: new Set<string>(), updated: new Set<string>(), removed: new Set<string>() };
  #known: { generation: number; removals: number; keyCheck: Uint8Array | null } = {
    generation: -1,
    removals: -1,
    keyCheck: null,
  };
  #dataVersion = -1;

  constructor(store: GalleryStore, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  /** The first load; tells no changes. One that takes long says in the log how far it is. */
  load(): void {
    const taker = this.#begin();
    const dataVersion = this.#store.dataVersion();
    this.#takeOver(this.#store.all(taker), dataVersion);
    this.#takePending();
  }

  /** The first load while the event loop goes on running. Rejects with the signal's reason when that is given meanwhile. */
  async loadInSlices(signal: AbortSignal): Promise<void> {
    const taker = this.#begin();
    const dataVersion = this.#store.dataVersion();
    this.#takeOver(await this.#store.allInSlices(taker, signal), dataVersion);
    this.#takePending();
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
        this.people.clear();
        this.#cards = null;
        this.#index = new ReferenceIndex(references);
        this.#alone = 0;
      },
      person: (person) => {
        this.people.set(person.id, person);
        progress.step();
      },
      reference: ({ id, personId, model, vector }) => {
        this.#index.add({ referenceId: id, personId }, model, vector);
        this.#alone++;
        progress.step();
      },
      bundled: ({ id, personId, model, row }) => {
        this.#index.addRow({ referenceId: id, personId }, model, row);
        progress.step();
      },
    };
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
    return this.#takePending();
  }

  /** As `refresh`, and a large change is taken over in slices, between which the event loop runs; one at a time. */
  async refreshInSlices(signal: AbortSignal): Promise<GalleryChange | null> {
    if (this.#store.dataVersion() !== this.#dataVersion) {
      if (this.#store.isSmallSince(this.#known)) this.follow();
      else await this.#followInSlices(signal);
    }
    return this.#takePending();
  }

  search(probe: Embedding, k: number): Candidate[] {
    const hits = this.#index.search(
      probe.vector,
      probe.model,
      k,
      (id) => this.people.get(id)?.consent.local === true,
    );
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
    const chosen: string[] = [];
    for (const [id, { consent }] of this.people) {
      if (!consent.local || (chosen.length === most && id > (chosen[most - 1] ?? ''))) continue;
      if (this.#index.referencesOf(id, model).length === 0) continue;
      const place = chosen.findIndex((other) => other > id);
      chosen.splice(place < 0 ? chosen.length : place, 0, id);
      if (chosen.length > most) chosen.pop();
    }
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

  /** Everybody who has this card: one person, unless an import gave it to two. */
  byCard(number: string): readonly Person[] {
    if (this.#cards === null) {
      this.#cards = new Map();
      for (const person of this.people.values()) {
        for (const card of person.cards) {
          this.#cards.set(card, [...(this.#cards.get(card) ?? []), person]);
        }
      }
    }
    return this.#cards.get(number) ?? [];
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
    this.#note(this.people.has(person.id) ? 'updated' : 'added', person.id);
    this.people.set(person.id, person);
    this.#cards = null;
    if (this.#faults.size > 0) this.#faults.delete(`people ${person.id}`);
  }

  #takeReference({ id, personId, model, vector }: StoredReference): void {
    this.#index.add({ referenceId: id, personId }, model, vector);
    if (this.#faults.size > 0) this.#faults.delete(`refs ${id}`);
    this.#note('updated', personId);
  }

  /** Whole people first. */
  *#removeAllBut(ids: NonNullable<Delta['ids']>): Generator<null> {
    for (const id of this.people.keys()) {
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
    this.#cards = null;
    for (const reference of this.#index.referencesOf(id)) this.#dropReference(reference, id);
    this.#note('removed', id);
  }

  #dropReference(id: string, personId: string): void {
    this.#index.remove(id);
    this.#note('updated', personId);
  }

  /** A row that cannot be used must not go on being used as it was before either. */
  #report(fault: GalleryFault): void {
    this.#cards = null;
    if (fault.table === 'people' && this.people.delete(fault.id)) this.#note('removed', fault.id);
    if (fault.table === 'passes') this.passes.delete(fault.id);
    const owner = fault.table === 'refs' ? this.#index.personOf(fault.id) : null;
    if (owner !== null) this.#dropReference(fault.id, owner);
    this.#faults.set(`${fault.table} ${fault.id}`, fault);
    this.#log.error({ code: 'GALLERY_CORRUPT', table: fault.table, row: fault.id }, fault.message);
  }

  #note(kind: 'added' | 'updated' | 'removed', personId: string): void {
    const { added, updated, removed } = this.#pending;
    if (kind === 'removed') {
      updated.delete(personId);
      // Added and removed between two looks: nobody ever saw the person.
      if (!added.delete(personId)) removed.add(personId);
    } else if (kind === 'added') {
      if (removed.delete(personId)) updated.add(personId);
      else added.add(personId);
    } else if (!added.has(personId) && !removed.has(personId)) updated.add(personId);
  }

  #takePending(): GalleryChange | null {
    const { added, updated, removed } = this.#pending;
    if (added.size + updated.size + removed.size === 0) return null;
    this.#pending = { added: new Set(), updated: new Set(), removed: new Set() };
    return { added: [...added], updated: [...updated], removed: [...removed] };
  }
}
