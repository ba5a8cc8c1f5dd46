import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { MenshenError } from '../../src/common/index.ts';
import { decodePhoto } from '../../src/photo/index.ts';

/** Overwrites, cuts, removes, repeats: what a bad disk, a bad network and a bad person do to a file. */
const mutation = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.nat(64),
  kind: fc.constantFrom('overwrite', 'cut', 'remove', 'repeat'),
  fill: fc.uint8Array({ minLength: 1, maxLength: 64 }),
});

type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

function mutate(bytes: Buffer, { at, length, kind, fill }: Mutation): Buffer {
  // Half of all mutations hit the header, where the parser has the most to decide.
  const start = Math.floor(at < 0.5 ? at * 2 * Math.min(600, bytes.length) : (at - 0.5) * 2 * bytes.length);
  const end = Math.min(bytes.length, start + length);
  if (kind === 'cut') return bytes.subarray(0, start);
  if (kind === 'remove') return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
  if (kind === 'repeat') return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)]);
  return Buffer.concat([bytes.subarray(0, start), fill, bytes.subarray(start + fill.length)]);
}

describe('mutated photos', () => {
  it.each(['jpeg', 'png', 'webp'] as const)(
    '%s: either a whole picture or an error of the catalogue',
    async (format) => {
      const original = await sharp(readFileSync('.cache/demo/sample2.jpg'))
        .resize(160)
        .toFormat(format)
        .toBuffer();
      let refused = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), async (mutations) => {
          const bytes = mutations.reduce(mutate, original);
          try {
            const { width, height, data } = await decodePhoto(bytes, 'fuzz');
            expect(data.length).toBe(width * height * 3);
          } catch (error) {
            if (!(error instanceof MenshenError)) throw error;
            expect(error.code).toMatch(/^PICTURE_(UNREADABLE|TOO_LARGE)$/);
            refused += 1;
          }
        }),
        { numRuns: 300 },
      );
      expect(refused).toBeGreaterThan(50);
    },
  );

  it('BMP: the same through ffmpeg', async () => {
    const size = 24;
    const bmp = Buffer.alloc(54 + size * size * 3, 128);
    bmp.write('BM', 0, 'latin1');
    bmp.fill(0, 2, 54);
    bmp.writeUInt32LE(54, 10);
    bmp.writeUInt32LE(40, 14);
    bmp.writeInt32LE(size, 18);
    bmp.writeInt32LE(size, 22);
    bmp.writeUInt16LE(1, 26);
    bmp.writeUInt16LE(24, 28);
    await expect(decodePhoto(bmp, 'whole')).resolves.toMatchObject({ width: size, height: size });
    await fc.assert(
      fc.asyncProperty(mutation, async (one) => {
        try {
          const { width, height, data } = await decodePhoto(mutate(bmp, one), 'fuzz');
          expect(data.length).toBe(width * height * 3);
        } catch (error) {
          if (!(error instanceof MenshenError)) throw error;
          expect(error.code).toMatch(/^PICTURE_(UNREADABLE|TOO_LARGE)$/);
        }
      }),
      { numRuns: 25 },
    );
  });
});
