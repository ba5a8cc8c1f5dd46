import { EMBEDDING_DIMENSIONS } from '../vision/types.ts';
import { openKernel } from './open-kernel.ts';
import { ROTATION_SIGNS } from './rotation.ts';
import {
  BLOCK_BYTES,
  BLOCK_HALVES,
  BLOCK_ROWS,
  CODE_BITS,
  CODE_BYTES,
  codeAt,
  codesOf,
  HALF_BYTES,
  MOST_BLOCKS,
  numbersAt,
  PAGE,
  placesOf,
} from './row-places.ts';

/**
 * Memory grows by this part of what there is, and by a block at the least: V8 collects all garbage whenever one beyond 64 MiB
 * grows, a second or more in a large gallery. What no row was written to is not there for the system.
 */
const GROWTH = 1 / 16;

/** The first page is for the probe and for lists; blocks follow. */
const PROBE_CODE = 0;
const PROBE_MASK = PROBE_CODE + CODE_BYTES;
const PROBE_NUMBERS = PROBE_MASK + CODE_BYTES;
const VECTOR = 6144;
/** The numbers whose signs are the second half of a code. */
const SECOND_VECTOR = VECTOR + EMBEDDING_DIMENSIONS * 2;
const SIGNS = 8192;
const LIST = 16_384;
const PRODUCTS = LIST + 4 * BLOCK_ROWS;

/** Largest numbers of a row's bytes, and of the probe: 512 products of them stay within 32 bits. */
const ROW_MAX = 127;
const PROBE_MAX = 16_384;

/** A row's numbers as those of a probe: as large as they may be. */
const PROBE_STEPS = Math.floor(PROBE_MAX / ROW_MAX);

/** Up to so many rows each is compared; beyond, those whose code is near the probe's. */
const COMPARE_ALL = BLOCK_ROWS;

/** A bit of the probe counts when its number is larger than this part of their root mean square: the others say little. */
const COUNTS_FROM = 0.6;

/**
 * How many fewer than half of the bits that count must differ in a row that is compared in full. At a cosine of 0.4 it is
 * 55 fewer on average with a standard deviation of 5.7 (docs/decisions/search.md); of strangers 0 with 8.4.
 */
const REACH = 30;
/** The same of the first half of a code: at a cosine of 0.4 it is 28, with 4.9. One in 5,000 is passed over. */
const halfReach = (reach: number): number => reach / 2 - 5;

/** Rows that are compared in full at the least, though fewer were so near. */
const SHORT_LIST = 256;

/** Rows whose distances are counted to know how far the short list reaches: so many, and of a large gallery this part. */
const SAMPLE = 2048;
const SAMPLE_PART = 1 / 64;

/** Rows as they lie in memory, column by column. */
export interface PackedRows {
  /** First halves of the codes, 32 bytes each. */
  readonly first: Uint8Array;
  /** Second halves, 32 each. */
  readonly second: Uint8Array;
  /** 512 each. */
  readonly numbers: Uint8Array;
}

/**
 * Rows of embeddings in WebAssembly memory, 580 bytes each: the signs of the rotated embedding as 512 bits, and a byte
 * for each of its numbers. Scores are cosines of those bytes with the probe, within 0.002 of the cosine of the embeddings.
 */
export class RowsMemory {
  readonly #memory = new WebAssembly.Memory({ initial: 1, maximum: PAGE });
  readonly #kernel = openKernel(this.#memory);
  /** One over the norm of each row's bytes, block by block. */
  readonly #scales: Float32Array[] = [];
  #bytes = new Uint8Array(this.#memory.buffer);
  #vector = this.#floats(VECTOR, EMBEDDING_DIMENSIONS);
  #probeScale = 0;
  /** Bits that count, of the first half of the probe's code and of the whole. */
  #counting = { half: 0, whole: 0 };

  /** `expected`: how many rows there will be soon; room for them is made at once. */
  constructor(expected = 0) {
    this.#floats(SIGNS, ROTATION_SIGNS.length).set(ROTATION_SIGNS);
    if (expected > 0) this.#makeRoom(expected - 1);
  }

  /** Writes a row; `vector`: 512 floats of norm 1. */
  set(row: number, vector: Float32Array): void {
    this.#makeRoom(row);
    const factor = ROW_MAX / this.#rotate(vector);
    this.#writeSigns(codeAt(row), codeAt(row) + BLOCK_HALVES);
    this.#kernel.toBytes(VECTOR, factor, numbersAt(row));
    this.#measure(row);
  }

  /** All there is of a row: 64 bytes of its code and 512 of its numbers. */
  read(row: number): Uint8Array {
    return Buffer.concat(placesOf(row).map(([at, length]) => this.#bytes.subarray(at, at + length)));
  }

  /** Writes `count` rows from `row` on, which are those of the packed ones from `from` on. */
  put(row: number, rows: PackedRows, from: number, count: number): void {
    this.#makeRoom(row + count - 1);
    const target = this.#bytes;
    for (let done = 0; done < count; ) {
      const to = row + done;
      // As many as lie in one block.
      const some = Math.min(count - done, BLOCK_ROWS - (to % BLOCK_ROWS));
      const part = (column: Uint8Array, bytes: number) =>
        column.subarray((from + done) * bytes, (from + done + some) * bytes);
      target.set(part(rows.first, HALF_BYTES), codeAt(to));
      target.set(part(rows.second, HALF_BYTES), codeAt(to) + BLOCK_HALVES);
      target.set(part(rows.numbers, EMBEDDING_DIMENSIONS), numbersAt(to));
      done += some;
    }
    for (let n = 0; n < count; n++) this.#measure(row + n);
  }

  /** Writes row `from` over row `to`. */
  move(from: number, to: number): void {
    for (const [place, [at, length]] of placesOf(from).entries()) {
      this.#bytes.copyWithin(placesOf(to)[place][0], at, at + length);
    }
    this.#scalesOf(to)[to % BLOCK_ROWS] = this.#scalesOf(from)[from % BLOCK_ROWS];
  }

  wipe(row: number): void {
    for (const [at, length] of placesOf(row)) this.#bytes.fill(0, at, at + length);
  }

  /** The probe of the calls that follow. False when it has no direction (zeros, or what is no number). */
  setProbe(vector: Float32Array): boolean {
    const largest = this.#rotate(vector);
    const norm = normOf(this.#vector);
    if (!(norm > 0 && Number.isFinite(norm))) return false;
    this.#writeSigns(PROBE_CODE, PROBE_CODE + HALF_BYTES);
    this.#writeMask((COUNTS_FROM * norm) / Math.sqrt(EMBEDDING_DIMENSIONS));
    this.#kernel.toShorts(VECTOR, PROBE_MAX / largest, PROBE_NUMBERS);
    this.#probeScale = largest / PROBE_MAX / norm;
    return true;
  }

  /** Makes a row the probe of calls of `score`. */
  setProbeRow(row: number): void {
    const numbers = new Int8Array(this.#memory.buffer, numbersAt(row), EMBEDDING_DIMENSIONS);
    const probe = new Int16Array(this.#memory.buffer, PROBE_NUMBERS, EMBEDDING_DIMENSIONS);
    for (let i = 0; i < numbers.length; i++) probe[i] = PROBE_STEPS * numbers[i];
    this.#probeScale = this.#scalesOf(row)[row % BLOCK_ROWS] / PROBE_STEPS;
  }

  /** Cosine of the probe with a row. */
  score(row: number): number {
    const product = this.#kernel.dot(numbersAt(row), PROBE_NUMBERS);
    return clamped(product * this.#probeScale * this.#scalesOf(row)[row % BLOCK_ROWS]);
  }

  /** Calls `visit` with each row of the first `count` that is near enough to the probe to be looked at, and its cosine. */
  visitNear(count: number, visit: (row: number, score: number) => void): void {
    const [halfLimit, limit] = count <= COMPARE_ALL ? [CODE_BITS, CODE_BITS] : this.#limits(count);
    const entries = new Uint32Array(this.#memory.buffer, LIST, BLOCK_ROWS);
    const products = new Int32Array(this.#memory.buffer, PRODUCTS, BLOCK_ROWS);
    for (let first = 0; first < count; first += BLOCK_ROWS) {
      const [codes, end] = codesOf(first, count);
      const halves = this.#kernel.quickHalf(codes, end, PROBE_CODE, halfLimit, LIST);
      const near = this.#kernel.quickRest(LIST, halves, codes, PROBE_CODE, limit, LIST);
      this.#kernel.dots(LIST, near, numbersAt(first), PROBE_NUMBERS, PRODUCTS);
      const scales = this.#scalesOf(first);
      const found = (near - LIST) / 4;
      for (let i = 0; i < found; i++) {
        const row = entries[i] >>> 16;
        visit(first + row, clamped(products[i] * this.#probeScale * scales[row]));
      }
    }
  }

  /** In how many bits that count the first half of a code, and the whole, may differ for the row to be looked at. */
  #limits(count: number): [number, number] {
    const { half, whole } = this.#counting;
    const limit = Math.max(Math.floor(whole / 2) - REACH, this.#shortest(count));
    return [Math.max(0, Math.floor(half / 2 - halfReach(whole / 2 - limit))), limit];
  }

  /** Distance of codes within which the least short list lies, as far as a sample of the rows tells. */
  #shortest(count: number): number {
    const blocks = Math.ceil(count / BLOCK_ROWS);
    const each = Math.ceil(Math.max(SAMPLE, count * SAMPLE_PART) / blocks);
    const entries = new Uint32Array(this.#memory.buffer, LIST, BLOCK_ROWS);
    const histogram = new Uint32Array(CODE_BITS + 1);
    let counted = 0;
    for (let first = 0; first < count; first += BLOCK_ROWS) {
      const [codes, end] = codesOf(first, Math.min(count, first + each));
      const halves = this.#kernel.quickHalf(codes, end, PROBE_CODE, CODE_BITS, LIST);
      const found = (this.#kernel.quickRest(LIST, halves, codes, PROBE_CODE, CODE_BITS, LIST) - LIST) / 4;
      for (let i = 0; i < found; i++) histogram[entries[i] & 0xffff]++;
      counted += found;
    }
    const wanted = SHORT_LIST * (counted / count);
    let distance = 0;
    for (let within = histogram[0]; within < wanted; within += histogram[distance]) distance++;
    return distance;
  }

  /** Turns the embedding in VECTOR; gives the largest of its numbers, without their signs. */
  #rotate(vector: Float32Array): number {
    this.#vector.set(vector);
    this.#kernel.rotate(VECTOR, SIGNS);
    return this.#kernel.largest(VECTOR);
  }

  #writeSigns(first: number, second: number): void {
    this.#kernel.signs(VECTOR, first);
    this.#kernel.signs(SECOND_VECTOR, second);
  }

  #writeMask(least: number): void {
    const half = this.#kernel.large(VECTOR, least, PROBE_MASK);
    const rest = this.#kernel.large(SECOND_VECTOR, least, PROBE_MASK + HALF_BYTES);
    this.#counting = { half, whole: half + rest };
  }

  #measure(row: number): void {
    this.#scalesOf(row)[row % BLOCK_ROWS] = 1 / Math.sqrt(this.#kernel.square(numbersAt(row)));
  }

  #makeRoom(row: number): void {
    const blocks = Math.floor(row / BLOCK_ROWS) + 1;
    const there = this.#scales.length;
    if (blocks > there) this.#grow(Math.max(blocks, Math.min(MOST_BLOCKS, Math.ceil(there * (1 + GROWTH)))));
  }

  #grow(blocks: number): void {
    this.#memory.grow(((blocks - this.#scales.length) * BLOCK_BYTES) / PAGE);
    this.#bytes = new Uint8Array(this.#memory.buffer);
    this.#vector = this.#floats(VECTOR, EMBEDDING_DIMENSIONS);
    while (this.#scales.length < blocks) this.#scales.push(new Float32Array(BLOCK_ROWS));
  }

  #floats(at: number, length: number): Float32Array {
    return new Float32Array(this.#memory.buffer, at, length);
  }

  #scalesOf(row: number): Float32Array {
    return this.#scales[Math.floor(row / BLOCK_ROWS)];
  }
}

function clamped(score: number): number {
  return Math.min(1, Math.max(-1, score));
}

function normOf(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return Math.sqrt(sum);
}
