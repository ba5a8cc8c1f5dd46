import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openKernel } from '../../src/gallery/open-kernel.ts';
import { numbers } from './helpers.ts';

/** The probe, its mask, a list, and one block: the second halves of its codes are 131072 bytes behind the first. */
const PROBE = 0;
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

it('counts bits alike by words and by SIMD, as they are, of all rows and of those here and there', () => {
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
          first <= half && first + second <= whole ? [(row << 16) | (first + second)] : [],
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
      },
    ),
    { numRuns: 10 },
  );
});

it('multiplies the rows of a list, wherever they lie, and no others', () => {
  const memory = new WebAssembly.Memory({ initial: 5 });
  const kernel = openKernel(memory);
  const next = numbers(1);
  const rows = new Int8Array(memory.buffer, CODES, ROWS * 512).map(() => 127 * next());
  new Int8Array(memory.buffer, CODES, rows.length).set(rows);
  const probe = new Int16Array(memory.buffer, 2048, 512).map(() => 16_384 * next());
  new Int16Array(memory.buffer, 2048, 512).set(probe);
  const product = (row: number) => probe.reduce((sum, value, i) => sum + value * rows[row * 512 + i], 0);
  for (const length of [0, 1, 15, 16, 17, 40]) {
    const wanted = Array.from({ length }, (_, i) => (i * 131) % ROWS);
    new Uint32Array(memory.buffer, LIST, length).set(wanted.map((row) => (row << 16) | (row % 300)));
    const products = new Int32Array(memory.buffer, 2 * LIST, length + 1).fill(7);
    kernel.dots(LIST, LIST + 4 * length, CODES, 2048, 2 * LIST);
    expect([...products]).toEqual([...wanted.map(product), 7]);
  }
});

it('marks the numbers that are large, whatever their signs', () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const kernel = openKernel(memory);
  const next = numbers(2);
  const values = new Float32Array(memory.buffer, 0, 256);
  for (let i = 0; i < values.length; i += 1) values[i] = next();
  const bits = new Uint8Array(memory.buffer, 2048, 33).fill(255);
  const count = kernel.large(0, 0.6, 2048);
  const expected = [...values].map((value) => Math.abs(value) > Math.fround(0.6));
  expect(expected.map((_, i) => ((bits[i >> 3] >> (i & 7)) & 1) === 1)).toEqual(expected);
  expect([count, bits[32]]).toEqual([expected.filter(Boolean).length, 255]);
});
