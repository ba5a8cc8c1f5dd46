import { MenshenError } from '../common/index.ts';
import { EMBEDDING_DIMENSIONS, type ModelRef } from '../vision/types.ts';
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
    this.#shelfFor(entry, model).add(entry, vector);
  }

  /** The same with a row of the memory (`RowsMemory.read`). */
  addRow(entry: Entry, model: ModelRef, row: Uint8Array): void {
    this.#shelfFor(entry, model).addRow(entry, row);
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

  /** Where a reference is to be added, which is nowhere any more. */
  #shelfFor({ referenceId }: Entry, model: ModelRef): Shelf {
    this.remove(referenceId);
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
