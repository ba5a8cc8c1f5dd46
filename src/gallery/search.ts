import { MenshenError } from '../common/index.ts';
import { EMBEDDING_DIMENSIONS, type ModelRef } from '../vision/types.ts';
import { RowsMemory } from './rows-memory.ts';

interface Entry {
  readonly referenceId: string;
  readonly personId: string;
}

export interface Hit extends Entry {
  readonly score: number;
}

/**
 * 1:N search by cosine over references in memory, one shelf for each model: only references of the
 * probe's own model and version can be compared with it. A person's score is the best of that person's
 * references: each shows another look (glasses, hair, age), and a probe need resemble only one of them,
 * whereas a mean would make every added look lower the score of all others.
 */
export class ReferenceIndex {
  readonly #shelves = new Map<string, Shelf>();

  /** Adds a reference, or replaces the one of the same id. `vector`: 512 floats of norm 1. */
  add(entry: Entry, model: ModelRef, vector: Float32Array): void {
    this.remove(entry.referenceId);
    const key = modelKey(model);
    let shelf = this.#shelves.get(key);
    if (shelf === undefined) {
      shelf = new Shelf();
      this.#shelves.set(key, shelf);
    }
    shelf.add(entry, vector);
  }

  /** False when there is no such reference. */
  remove(referenceId: string): boolean {
    return [...this.#shelves.values()].some((shelf) => shelf.remove(referenceId));
  }

  /** The best reference of each of the `k` best people whom `accept` lets through, best first. */
  search(vector: Float32Array, model: ModelRef, k: number, accept: (personId: string) => boolean): Hit[] {
    checkLength(vector);
    return this.#shelves.get(modelKey(model))?.search(vector, k, accept) ?? [];
  }

  /** Best cosine of a probe with these references, as far as they are of its model; null when none is. */
  best(vector: Float32Array, model: ModelRef, referenceIds: Iterable<string>): number | null {
    checkLength(vector);
    return this.#shelves.get(modelKey(model))?.best(vector, referenceIds) ?? null;
  }

  /** Calls `visit` with the cosine of each two of these references, as far as they are of this model; by their places in the list. */
  visitPairs(
    model: ModelRef,
    referenceIds: readonly string[],
    visit: (one: number, other: number, score: number) => void,
  ): void {
    this.#shelves.get(modelKey(model))?.visitPairs(referenceIds, visit);
  }

  /** Whether there is such a reference of this model. */
  has(model: ModelRef, referenceId: string): boolean {
    return this.#shelves.get(modelKey(model))?.has(referenceId) ?? false;
  }

  /** References of this model, or of all. */
  count(model?: ModelRef): number {
    if (model !== undefined) return this.#shelves.get(modelKey(model))?.size ?? 0;
    return [...this.#shelves.values()].reduce((sum, { size }) => sum + size, 0);
  }
}

/** Ids stand in two arrays rather than in an object a row: of a million references each such object would be 40 bytes. */
class Shelf {
  readonly #ids: string[] = [];
  readonly #people: string[] = [];
  readonly #rowOf = new Map<string, number>();
  readonly #rows = new RowsMemory();

  get size(): number {
    return this.#ids.length;
  }

  has(referenceId: string): boolean {
    return this.#rowOf.has(referenceId);
  }

  add({ referenceId, personId }: Entry, vector: Float32Array): void {
    checkLength(vector);
    this.#rows.set(this.#ids.length, vector);
    this.#rowOf.set(referenceId, this.#ids.length);
    this.#ids.push(referenceId);
    this.#people.push(personId);
  }

  /** The last row takes the place of the removed one; what is left behind is wiped. False when there is none. */
  remove(referenceId: string): boolean {
    const row = this.#rowOf.get(referenceId);
    const id = this.#ids.at(-1);
    const personId = this.#people.at(-1);
    if (row === undefined || id === undefined || personId === undefined) return false;
    this.#ids.pop();
    this.#people.pop();
    const lastRow = this.#ids.length;
    if (row !== lastRow) {
      this.#rows.move(lastRow, row);
      this.#ids[row] = id;
      this.#people[row] = personId;
      this.#rowOf.set(id, row);
    }
    this.#rows.wipe(lastRow);
    return this.#rowOf.delete(referenceId);
  }

  search(probe: Float32Array, k: number, accept: (personId: string) => boolean): Hit[] {
    const best: Hit[] = [];
    if (!this.#rows.setProbe(probe)) return best;
    let floor = Number.NEGATIVE_INFINITY;
    this.#rows.visitNear(this.#ids.length, (row) => {
      const score = this.#rows.score(row);
      if (score <= floor) return;
      const personId = this.#people[row];
      if (!accept(personId)) return;
      insert(best, { referenceId: this.#ids[row], personId, score }, k);
      if (best.length === k) floor = best[k - 1]?.score ?? floor;
    });
    return best;
  }

  visitPairs(
    referenceIds: readonly string[],
    visit: (one: number, other: number, score: number) => void,
  ): void {
    const rows = referenceIds.map((id) => this.#rowOf.get(id) ?? -1);
    for (const [one, row] of rows.entries()) {
      if (row < 0) continue;
      this.#rows.setProbeRow(row);
      for (let other = one + 1; other < rows.length; other++) {
        if (rows[other] >= 0) visit(one, other, this.#rows.score(rows[other]));
      }
    }
  }

  best(probe: Float32Array, referenceIds: Iterable<string>): number | null {
    if (!this.#rows.setProbe(probe)) return null;
    let best: number | null = null;
    for (const id of referenceIds) {
      const row = this.#rowOf.get(id);
      if (row !== undefined) best = Math.max(best ?? -1, this.#rows.score(row));
    }
    return best;
  }
}

/** Keeps `best` sorted, one entry a person, at most `k` long. */
function insert(best: Hit[], hit: Hit, k: number): void {
  const own = best.findIndex((other) => other.personId === hit.personId);
  if (own >= 0) {
    if ((best[own]?.score ?? 1) >= hit.score) return;
    best.splice(own, 1);
  }
  const place = best.findIndex((other) => other.score < hit.score);
  best.splice(place < 0 ? best.length : place, 0, hit);
  if (best.length > k) best.pop();
}

function checkLength(vector: Float32Array): void {
  if (vector.length !== EMBEDDING_DIMENSIONS) {
    throw new MenshenError(
      'INTERNAL',
      `An embedding has ${EMBEDDING_DIMENSIONS} numbers, not ${vector.length}.`,
    );
  }
}

export function modelKey(model: ModelRef): string {
  return JSON.stringify([model.id, model.version]);
}
