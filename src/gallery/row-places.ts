import { EMBEDDING_DIMENSIONS } from '../vision/types.ts';

/** Rows of a block: one growing of the memory, a tenth of a second's enrolments of the quickest import. kernel.wat knows it. */
export const BLOCK_ROWS = 4096;

export const PAGE = 65_536;
export const CODE_BITS = EMBEDDING_DIMENSIONS;
export const CODE_BYTES = CODE_BITS / 8;
/** A code lies in two halves: most rows are passed over by the first, and the memory of the second is not read then. */
export const HALF_BYTES = CODE_BYTES / 2;
export const BLOCK_HALVES = BLOCK_ROWS * HALF_BYTES;
export const BLOCK_BYTES = BLOCK_ROWS * (CODE_BYTES + EMBEDDING_DIMENSIONS);
/** So many fit beside the first page into the 4 GiB that WebAssembly can address: 7 million rows. */
export const MOST_BLOCKS = Math.floor(((PAGE - 1) * PAGE) / BLOCK_BYTES);

/** Of the first half of a row's code. */
export function codeAt(row: number): number {
  return PAGE + Math.floor(row / BLOCK_ROWS) * BLOCK_BYTES + (row % BLOCK_ROWS) * HALF_BYTES;
}

export function numbersAt(row: number): number {
  const block = PAGE + Math.floor(row / BLOCK_ROWS) * BLOCK_BYTES;
  return block + BLOCK_ROWS * CODE_BYTES + (row % BLOCK_ROWS) * EMBEDDING_DIMENSIONS;
}

/** Begins and lengths of the three places in which a row lies. */
export function placesOf(row: number): [number, number][] {
  const code = codeAt(row);
  return [
    [code, HALF_BYTES],
    [code + BLOCK_HALVES, HALF_BYTES],
    [numbersAt(row), EMBEDDING_DIMENSIONS],
  ];
}

/** Begin and end of the first halves of the codes of the block that begins with row `first`, of `count` rows in all. */
export function codesOf(first: number, count: number): [number, number] {
  const begin = codeAt(first);
  return [begin, begin + Math.min(BLOCK_ROWS, count - first) * HALF_BYTES];
}
