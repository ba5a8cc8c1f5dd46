const BLOCK_BITS = 12;
const BLOCK_WORDS = 1 << BLOCK_BITS;

/** Numbers of 32 bits by their places, zero where none was set; it grows by blocks, which are never moved. */
export class WordList {
  readonly #blocks: Uint32Array[] = [];

  get(place: number): number {
    return this.#blocks[place >>> BLOCK_BITS]?.[place & (BLOCK_WORDS - 1)] ?? 0;
  }

  set(place: number, value: number): void {
    const block = place >>> BLOCK_BITS;
    while (this.#blocks.length <= block) this.#blocks.push(new Uint32Array(BLOCK_WORDS));
    this.#blocks[block][place & (BLOCK_WORDS - 1)] = value;
  }
}
