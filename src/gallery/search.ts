import { MenshenError } from '../common/index.ts';
import { EMBEDDING_DIMENSIONS, type ModelRef } from '../vision/types.ts';
import type { ReferencePack } from './reference-pack.ts';
import { type Entry, type Hit, Shelf } from './shelf.ts';

/**
 * 1:N search by cosine over references in memory, one shelf for each model: only references of the
 * probe's own model and version can be compared with it. A person's score is the best of that person's
 * references: each shows another look (glasses, hair, age), and a probe need resemble only one of them,
 * whereas a mean would make every added look lower the score of all others.
 */
export class ReferenceIndex {
  readonly #shelves: { readonly model: ModelRef; readonly shelf: Shelf }[] = [];
  readonly #expected: number;

  /** `expected`: how many references there will be soon, most of them of the model of the first. */
  constructor(expected = 0) {
    this.#expected = expected;
  }

  /** Adds a reference, or replaces the one of the same id. `vector`: 512 floats of norm 1. */
  add(entry: Entry, model: ModelRef, vector: Float32Array): void {
    checkLength(vector);
    this.remove(entry.referenceId);
    this.#shelfOf(model).add(entry, vector);
  }

  /** Adds all of a pack. False when one of them is there already: the index is of no use then. */
  addPacked(pack: ReferencePack): boolean {
    for (let from = 0; from < pack.size; ) {
      const model = pack.modelOf[from];
      let to = from + 1;
      while (to < pack.size && pack.modelOf[to] === model) to++;
      const shelf = this.#shelfOf(pack.models[model]);
      const others = this.#shelves.filter((other) => other.shelf !== shelf);
      if (others.some((other) => other.shelf.hasPacked(pack, from, to - from))) return false;
      if (!shelf.addPacked(pack, from, to - from)) return false;
      from = to;
    }
    return true;
  }

  /** False when there is no such reference. */
  remove(referenceId: string): boolean {
    for (const { shelf } of this.#shelves) if (shelf.remove(referenceId)) return true;
    return false;
  }

  /** The best reference of each of the `k` best people whom `accept` lets through, best first. */
  search(vector: Float32Array, model: ModelRef, k: number, accept: (personId: string) => boolean): Hit[] {
    checkLength(vector);
    return this.#shelf(model)?.search(vector, k, accept) ?? [];
  }

  /** Best cosine of a probe with the references of a person, as far as they are of its model; null when none is. */
  best(vector: Float32Array, model: ModelRef, personId: string): number | null {
    checkLength(vector);
    return this.#shelf(model)?.best(vector, personId) ?? null;
  }

  /** Calls `visit` with the cosine of each two of these references, as far as they are of this model; by their places in the list. */
  visitPairs(
    model: ModelRef,
    referenceIds: readonly string[],
    visit: (one: number, other: number, score: number) => void,
  ): void {
    this.#shelf(model)?.visitPairs(referenceIds, visit);
  }

  /** A person's references, of this model or of all, the last added first. */
  referencesOf(personId: string, model?: ModelRef): string[] {
    return this.#of(model).flatMap((shelf) => shelf.referencesOf(personId));
  }

  /** Whose reference this is; null when there is none of this id. */
  personOf(referenceId: string): string | null {
    for (const { shelf } of this.#shelves) {
      const personId = shelf.personOf(referenceId);
      if (personId !== null) return personId;
    }
    return null;
  }

  /** All there are; nothing may be added or removed meanwhile. */
  *entries(): Generator<Entry> {
    for (const { shelf } of this.#shelves) yield* shelf.entries();
  }

  /** References of this model, or of all. */
  count(model?: ModelRef): number {
    return this.#of(model).reduce((sum, { size }) => sum + size, 0);
  }

  /** The shelf of a model, which is made when there is none. */
  #shelfOf(model: ModelRef): Shelf {
    const known = this.#shelf(model);
    if (known !== undefined) return known;
    const shelf = new Shelf(this.#shelves.length === 0 ? this.#expected : 0);
    this.#shelves.push({ model, shelf });
    return shelf;
  }

  #shelf({ id, version }: ModelRef): Shelf | undefined {
    return this.#shelves.find(({ model }) => model.id === id && model.version === version)?.shelf;
  }

  #of(model: ModelRef | undefined): Shelf[] {
    if (model === undefined) return this.#shelves.map(({ shelf }) => shelf);
    const shelf = this.#shelf(model);
    return shelf === undefined ? [] : [shelf];
  }
}

function checkLength(vector: Float32Array): void {
  if (vector.length !== EMBEDDING_DIMENSIONS) {
    throw new MenshenError(
      'INTERNAL',
      `An embedding has ${EMBEDDING_DIMENSIONS} numbers, not ${vector.length}.`,
    );
  }
}
