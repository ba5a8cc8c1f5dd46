import { MenshenError } from '../common/index.ts';
import { EMBEDDING_DIMENSIONS, type ModelRef } from '../vision/types.ts';

/** References a block of memory holds (2 MB): growing takes a new block, so nothing is ever copied. */
const BLOCK = 1024;

interface Entry {
  readonly referenceId: string;
  readonly personId: string;
}

export interface Hit extends Entry {
  readonly score: number;
}

/**
 * Exact 1:N search by cosine over references in memory, one shelf for each model: only references of the
 * probe's own model and version can be compared with it. A person's score is the best of that person's
 * references: each shows another look (glasses, hair, age), and a probe need resemble only one of them,
 * whereas a mean would make every added look lower the score of all others.
 */
export class ReferenceIndex {
  readonly #shelves = new Map<string, Shelf>();
  readonly #shelfOf = new Map<string, Shelf>();

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
    this.#shelfOf.set(entry.referenceId, shelf);
  }

  /** False when there is no such reference. */
  remove(referenceId: string): boolean {
    const shelf = this.#shelfOf.get(referenceId);
    if (shelf === undefined) return false;
    shelf.remove(referenceId);
    return this.#shelfOf.delete(referenceId);
  }

  /** The best reference of each of the `k` best people whom `accept` lets through, best first. */
  search(vector: Float32Array, model: ModelRef, k: number, accept: (personId: string) => boolean): Hit[] {
    checkLength(vector);
    return this.#shelves.get(modelKey(model))?.search(vector, k, accept) ?? [];
  }

  /** References of this model, or of all. */
  count(model?: ModelRef): number {
    return model === undefined ? this.#shelfOf.size : (this.#shelves.get(modelKey(model))?.size ?? 0);
  }
}

class Shelf {
  readonly #entries: Entry[] = [];
  readonly #rowOf = new Map<string, number>();
  readonly #blocks: Float32Array[] = [];

  get size(): number {
    return this.#entries.length;
  }

  add(entry: Entry, vector: Float32Array): void {
    checkLength(vector);
    const row = this.#entries.length;
    if (row === this.#blocks.length * BLOCK)
      this.#blocks.push(new Float32Array(BLOCK * EMBEDDING_DIMENSIONS));
    this.#row(row).set(vector);
    this.#entries.push(entry);
    this.#rowOf.set(entry.referenceId, row);
  }

  /** The last row takes the place of the removed one; what is left behind is wiped. */
  remove(referenceId: string): void {
    const row = this.#rowOf.get(referenceId);
    const last = this.#entries.pop();
    if (row === undefined || last === undefined) return;
    const lastRow = this.#entries.length;
    if (row !== lastRow) {
      this.#row(row).set(this.#row(lastRow));
      this.#entries[row] = last;
      this.#rowOf.set(last.referenceId, row);
    }
    this.#row(lastRow).fill(0);
    this.#rowOf.delete(referenceId);
    if (lastRow % BLOCK === 0) this.#blocks.pop();
  }

  search(probe: Float32Array, k: number, accept: (personId: string) => boolean): Hit[] {
    const best: Hit[] = [];
    let floor = Number.NEGATIVE_INFINITY;
    let row = 0;
    for (const block of this.#blocks) {
      const end = Math.min(block.length, (this.#entries.length - row) * EMBEDDING_DIMENSIONS);
      for (let offset = 0; offset < end; offset += EMBEDDING_DIMENSIONS, row += 1) {
        const score = dot(block, offset, probe);
        if (!(score > floor)) continue;
        const entry = this.#entries[row];
        if (entry === undefined || !accept(entry.personId)) continue;
        insert(best, { ...entry, score }, k);
        if (best.length === k) floor = best[k - 1]?.score ?? floor;
      }
    }
    return best;
  }

  #row(row: number): Float32Array {
    const block = this.#blocks[Math.floor(row / BLOCK)];
    if (block === undefined) throw new MenshenError('INTERNAL', `The search index has no row ${row}.`);
    const start = (row % BLOCK) * EMBEDDING_DIMENSIONS;
    return block.subarray(start, start + EMBEDDING_DIMENSIONS);
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

/** Four sums at once: a single one would make each addition wait for the one before. */
function dot(matrix: Float32Array, offset: number, probe: Float32Array): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (let i = 0; i < EMBEDDING_DIMENSIONS; i += 4) {
    a += matrix[offset + i] * probe[i];
    b += matrix[offset + i + 1] * probe[i + 1];
    c += matrix[offset + i + 2] * probe[i + 2];
    d += matrix[offset + i + 3] * probe[i + 3];
  }
  return a + b + c + d;
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
