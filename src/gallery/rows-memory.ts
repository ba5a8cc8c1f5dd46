import { z } from 'zod';
import { EMBEDDING_DIMENSIONS } from '../vision/types.ts';
import { KERNEL } from './kernel.ts';
import { rotate } from './rotation.ts';

/** Rows of a block: one growing of the memory, a tenth of a second's enrolments of the quickest import. */
export const BLOCK_ROWS = 4096;

const PAGE = 65_536;
const CODE_BYTES = EMBEDDING_DIMENSIONS / 8;
const BLOCK_BYTES = BLOCK_ROWS * (CODE_BYTES + EMBEDDING_DIMENSIONS);

/** The first page is for the probe and for lists; blocks follow. */
const PROBE_CODE = 0;
const PROBE_NUMBERS = 64;
const HISTOGRAM = 2048;
const LIST = 8192;

/** Largest numbers of a row's bytes, and of the probe: 512 products of them stay within 32 bits. */
const ROW_MAX = 127;
const PROBE_MAX = 16_384;

/** A row's numbers as those of a probe: as large as they may be. */
const PROBE_STEPS = Math.floor(PROBE_MAX / ROW_MAX);

/** Up to so many rows each is compared; beyond, those whose code is near the probe's. */
const COMPARE_ALL = BLOCK_ROWS;

/**
 * Rows compared in full of a larger number. With a true cosine of 0.4 the codes of two embeddings differ in 189 bits of
 * 512 on average (standard deviation 11), those of strangers in 256 (11): of the nearest 0.5 % one in some 10,000 such
 * references is not.
 */
const SHORT_LIST = 512;
const SHORT_LIST_PART = 1 / 200;

/** Rows whose distances are counted to know how near the short list reaches. */
const SAMPLE = 16_384;

type Near = (codes: number, end: number, probe: number, limit: number, row: number, out: number) => number;

const ExportsSchema = z.object({
  count:
    z.custom<(codes: number, end: number, step: number, probe: number, histogram: number) => void>(
      isFunction,
    ),
  near: z.custom<Near>(isFunction),
  nearWords: z.custom<Near>(isFunction),
  dot: z.custom<(bytes: number, probe: number) => number>(isFunction),
});

const kernel = new WebAssembly.Module(Buffer.from(KERNEL, 'base64'));

/**
 * Rows of embeddings in WebAssembly memory, 580 bytes each: the signs of the rotated embedding as 512 bits, and a byte
 * for each of its numbers. Scores are cosines of those bytes with the probe, within 0.002 of the cosine of the embeddings.
 */
export class RowsMemory {
  readonly #memory = new WebAssembly.Memory({ initial: 1, maximum: PAGE });
  readonly #kernel = ExportsSchema.parse(
    new WebAssembly.Instance(kernel, { search: { memory: this.#memory } }).exports,
  );
  /** Which of two equal loops is the quicker: docs/decisions/search.md. */
  readonly #near = process.arch === 'x64' ? this.#kernel.nearWords : this.#kernel.near;
  /** One over the norm of each row's bytes, block by block. */
  readonly #scales: Float32Array[] = [];
  #bytes = new Uint8Array(this.#memory.buffer);
  #probeScale = 0;

  /** Writes a row; `vector`: 512 floats of norm 1. */
  set(row: number, vector: Float32Array): void {
    this.#makeRoom(row);
    const rotated = rotate(vector);
    this.#bytes.set(signsOf(rotated), codeAt(row));
    const unit = largest(rotated) / ROW_MAX;
    const numbers = new Int8Array(this.#memory.buffer, numbersAt(row), EMBEDDING_DIMENSIONS);
    writeRounded(rotated, unit, numbers);
    this.#scalesOf(row)[row % BLOCK_ROWS] = 1 / normOf(numbers);
  }

  /** Writes row `from` over row `to`. */
  move(from: number, to: number): void {
    this.#bytes.copyWithin(codeAt(to), codeAt(from), codeAt(from) + CODE_BYTES);
    this.#bytes.copyWithin(numbersAt(to), numbersAt(from), numbersAt(from) + EMBEDDING_DIMENSIONS);
    this.#scalesOf(to)[to % BLOCK_ROWS] = this.#scalesOf(from)[from % BLOCK_ROWS];
  }

  wipe(row: number): void {
    this.#bytes.fill(0, codeAt(row), codeAt(row) + CODE_BYTES);
    this.#bytes.fill(0, numbersAt(row), numbersAt(row) + EMBEDDING_DIMENSIONS);
  }

  /** The probe of the calls that follow. False when it has no direction (zeros, or what is no number). */
  setProbe(vector: Float32Array): boolean {
    const rotated = rotate(vector);
    const norm = normOf(rotated);
    if (!(norm > 0 && Number.isFinite(norm))) return false;
    const unit = largest(rotated) / PROBE_MAX;
    this.#bytes.set(signsOf(rotated), PROBE_CODE);
    writeRounded(rotated, unit, new Int16Array(this.#memory.buffer, PROBE_NUMBERS, EMBEDDING_DIMENSIONS));
    this.#probeScale = unit / norm;
    return true;
  }

  /** Makes a row the probe of the calls that follow. */
  setProbeRow(row: number): void {
    const numbers = new Int8Array(this.#memory.buffer, numbersAt(row), EMBEDDING_DIMENSIONS);
    const probe = new Int16Array(this.#memory.buffer, PROBE_NUMBERS, EMBEDDING_DIMENSIONS);
    for (let i = 0; i < numbers.length; i++) probe[i] = PROBE_STEPS * numbers[i];
    this.#bytes.copyWithin(PROBE_CODE, codeAt(row), codeAt(row) + CODE_BYTES);
    this.#probeScale = this.#scalesOf(row)[row % BLOCK_ROWS] / PROBE_STEPS;
  }

  /** Cosine of the probe with a row. */
  score(row: number): number {
    const product = this.#kernel.dot(numbersAt(row), PROBE_NUMBERS);
    return Math.min(1, Math.max(-1, product * this.#probeScale * this.#scalesOf(row)[row % BLOCK_ROWS]));
  }

  /** Calls `visit` with each row of the first `count` that is near enough to the probe to be looked at. */
  visitNear(count: number, visit: (row: number) => void): void {
    if (count <= COMPARE_ALL) {
      for (let row = 0; row < count; row++) visit(row);
      return;
    }
    const limit = this.#reach(count);
    const list = new Uint32Array(this.#memory.buffer, LIST, BLOCK_ROWS);
    for (let first = 0; first < count; first += BLOCK_ROWS) {
      const [codes, end] = codesOf(first, count);
      const found = (this.#near(codes, end, PROBE_CODE, limit, first, LIST) - LIST) / 4;
      for (let i = 0; i < found; i++) visit(list[i]);
    }
  }

  /** Distance of codes within which the short list lies, as far as a sample of the rows tells. */
  #reach(count: number): number {
    const blocks = Math.ceil(count / BLOCK_ROWS);
    const each = Math.min(BLOCK_ROWS, Math.ceil(SAMPLE / blocks));
    const histogram = new Uint32Array(this.#memory.buffer, HISTOGRAM, EMBEDDING_DIMENSIONS + 1);
    histogram.fill(0);
    let counted = 0;
    for (let first = 0; first < count; first += BLOCK_ROWS) {
      const [codes, end] = codesOf(first, Math.min(count, first + each));
      this.#kernel.count(codes, end, CODE_BYTES, PROBE_CODE, HISTOGRAM);
      counted += (end - codes) / CODE_BYTES;
    }
    const wanted = Math.max(SHORT_LIST, count * SHORT_LIST_PART) * (counted / count);
    let within = 0;
    for (const [distance, number] of histogram.entries()) {
      within += number;
      if (within >= wanted) return distance;
    }
    return EMBEDDING_DIMENSIONS;
  }

  #makeRoom(row: number): void {
    const block = Math.floor(row / BLOCK_ROWS);
    const bytes = PAGE + (block + 1) * BLOCK_BYTES;
    if (bytes <= this.#bytes.length) return;
    this.#memory.grow((bytes - this.#bytes.length) / PAGE);
    this.#bytes = new Uint8Array(this.#memory.buffer);
    while (this.#scales.length <= block) this.#scales.push(new Float32Array(BLOCK_ROWS));
  }

  #scalesOf(row: number): Float32Array {
    return this.#scales[Math.floor(row / BLOCK_ROWS)];
  }
}

function codeAt(row: number): number {
  return PAGE + Math.floor(row / BLOCK_ROWS) * BLOCK_BYTES + (row % BLOCK_ROWS) * CODE_BYTES;
}

function numbersAt(row: number): number {
  const block = PAGE + Math.floor(row / BLOCK_ROWS) * BLOCK_BYTES;
  return block + BLOCK_ROWS * CODE_BYTES + (row % BLOCK_ROWS) * EMBEDDING_DIMENSIONS;
}

/** Begin and end of the codes of the block that begins with row `first`, of `count` rows in all. */
function codesOf(first: number, count: number): [number, number] {
  const begin = codeAt(first);
  return [begin, begin + Math.min(BLOCK_ROWS, count - first) * CODE_BYTES];
}

function signsOf(values: Float32Array): Uint8Array {
  const bits = new Uint8Array(CODE_BYTES);
  for (let i = 0; i < values.length; i++) {
    if (values[i] > 0) bits[i >> 3] |= 1 << (i & 7);
  }
  return bits;
}

function writeRounded(values: Float32Array, unit: number, out: Int8Array | Int16Array): void {
  for (let i = 0; i < values.length; i++) out[i] = Math.round(values[i] / unit);
}

function largest(values: Float32Array): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]));
  return most;
}

function normOf(values: Float32Array | Int8Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return Math.sqrt(sum);
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}
