import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openKernel } from '../../src/gallery/open-kernel.ts';
import { numbers } from './helpers.ts';

/** The probe, its mask, a list, and one block: the second halves of its codes are 131072 bytes behind the first. */
const PROBE = 0;
const HISTOGRAM = 2048;
const LIST = 16_384;
const CODES = 65_536;
const SECOND = 131_072;
const ROWS = 500;

/** Bits that differ where the mask says that they count, of 256. */
function differing(bytes: Uint8Array, code: number, probe: number): number {
  let bits = 0;
  for (let i = 0; i < 32; i += 1) {
    const byte = (bytes[code + i] ^ bytes[probe + i]) & bytes[probe + 64 + i];
    bits += byte.toString(2).replaceAll('0', '').length;
  }
  return bits;
}

it('counts bits alike by words and by SIMD, as they are', () => {
  const memory = new WebAssembly.Memory({ initial: 5 });
  const kernel = openKernel(memory);
  const bytes = new Uint8Array(memory.buffer);
  const list = new Uint32Array(memory.buffer, LIST, 4096);
  fc.assert(
    fc.property(
      fc.nat(1e6),
      fc.integer({ min: 0, max: 200 }),
      fc.integer({ min: 0, max: 400 }),
      (seed, half, whole) => {
        const next = numbers(seed);
        for (let i = 0; i < 128; i += 1) bytes[PROBE + i] = 128 * (next() + 1);
        for (let i = 0; i < ROWS * 32; i += 1) {
          bytes[CODES + i] = 128 * (next() + 1);
          bytes[CODES + SECOND + i] = 128 * (next() + 1);
        }
        const distances = Array.from({ length: ROWS }, (_, row) => [
          differing(bytes, CODES + row * 32, PROBE),
          differing(bytes, CODES + SECOND + row * 32, PROBE + 32),
        ]);
        const expected = distances.flatMap(([first, second], row) =>
          first <= half && first + second <= whole ? [row] : [],
        );
        const pairs = [
          [kernel.half, kernel.rest],
          [kernel.halfWords, kernel.restWords],
        ] as const;
        for (const [first, second] of pairs) {
          const end = first(CODES, CODES + ROWS * 32, PROBE, half, LIST);
          const found = (second(LIST, end, CODES, PROBE, whole, LIST) - LIST) / 4;
          expect([...list.subarray(0, found)]).toEqual(expected);
        }
        const histogram = new Uint32Array(memory.buffer, HISTOGRAM, 513).fill(0);
        kernel.count(CODES, CODES + ROWS * 32, PROBE, HISTOGRAM);
        const counts = new Uint32Array(513);
        for (const [first, second] of distances) counts[first + second] += 1;
        expect([...histogram]).toEqual([...counts]);
      },
    ),
    { numRuns: 10 },
  );
});
