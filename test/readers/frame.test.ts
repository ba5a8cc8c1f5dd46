import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc16, encodeFrame, type Frame, FrameReader } from '../../src/readers/frame.ts';

function read(...pieces: readonly Uint8Array[]) {
  const frames: Frame[] = [];
  const nonsense: string[] = [];
  const reader = new FrameReader(
    (frame) => frames.push(frame),
    (what) => nonsense.push(what),
  );
  for (const piece of pieces) reader.push(piece);
  return { frames, nonsense };
}

const characters = (of: string, length: number) =>
  fc.array(fc.constantFrom(...of), { minLength: 1, maxLength: length }).map((all) => all.join(''));
const anyFrame: fc.Arbitrary<{ bytes: Buffer; frame: Frame }> = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 10 }).map((bytes) => {
    const hex = Buffer.from([...bytes.slice(1), bytes[0] | 1])
      .toString('hex')
      .toUpperCase();
    return { bytes: encodeFrame('C', hex), frame: { type: 'card', hex } as const };
  }),
  characters('0123456789*#', 16).map((keys) => ({
    bytes: encodeFrame('K', keys),
    frame: { type: 'keys', keys } as const,
  })),
  characters('01', 80).map((bits) => {
    const nibbles = bits.padEnd(Math.ceil(bits.length / 4) * 4, '0').match(/.{4}/g) ?? [];
    const digits = nibbles.map((nibble) => Number.parseInt(nibble, 2).toString(16)).join('');
    return {
      bytes: encodeFrame('W', String(bits.length).padStart(2, '0') + digits),
      frame: { type: 'wiegand', bits } as const,
    };
  }),
  fc.constant({ bytes: encodeFrame('H', ''), frame: { type: 'heartbeat' } as const }),
);

/** The bytes cut at these places. */
function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

describe('frames', () => {
  it('look as the reference says', () => {
    expect(crc16('123456789')).toBe(0x29b1);
    expect(encodeFrame('C', '00BC614E').toString('latin1')).toBe('\x02C00BC614E4381\x03');
    expect(
      read(Buffer.from('\x02K4711#', 'latin1'), Buffer.from(crc16('K4711#').toString(16)), Buffer.from([3])),
    ).toEqual({
      frames: [{ type: 'keys', keys: '4711#' }],
      nonsense: [],
    });
  });

  it('are read whatever pieces they come in, with or without line ends between', () => {
    fc.assert(
      fc.property(
        fc.array(anyFrame, { maxLength: 6 }),
        fc.boolean(),
        fc.array(fc.nat()),
        (all, lines, cuts) => {
          const end = Buffer.from(lines ? '\r\n' : '');
          const bytes = Buffer.concat(all.flatMap((one) => [one.bytes, end]));
          expect(read(...pieces(bytes, cuts))).toEqual({ frames: all.map((one) => one.frame), nonsense: [] });
        },
      ),
    );
  });

  it('come through noise: a whole frame after any garbage is read, and garbage makes none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), anyFrame, (garbage, { bytes, frame }) => {
        const { frames } = read(garbage, bytes);
        expect(frames.at(-1)).toEqual(frame);
        expect(frames.length).toBe(1);
      }),
      { numRuns: 500 },
    );
  });

  it('cut short are dropped, and the next one is read', () => {
    fc.assert(
      fc.property(anyFrame, fc.nat(), anyFrame, (first, cut, second) => {
        const part = first.bytes.subarray(0, cut % first.bytes.length);
        const { frames, nonsense } = read(part, second.bytes);
        expect(frames).toEqual([second.frame]);
        expect(nonsense.length).toBe(part.length > 0 ? 1 : 0);
      }),
    );
  });

  it('with any one bit changed are dropped, or lose only the case of a hex digit', () => {
    fc.assert(
      fc.property(anyFrame, fc.nat(), fc.integer({ min: 0, max: 7 }), ({ bytes, frame }, at, bit) => {
        const altered = Buffer.from(bytes);
        altered[at % bytes.length] ^= 1 << bit;
        const { frames } = read(altered);
        // The CRC is compared as a number, so that 'a' is as good as 'A' in it.
        expect(frames.length === 0 || JSON.stringify(frames) === JSON.stringify([frame])).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('that lost their boundary (two merged into one) are dropped', () => {
    const [one, two] = [encodeFrame('C', '00BC614E'), encodeFrame('C', '00BC614F')];
    const merged = Buffer.concat([one.subarray(0, -1), two.subarray(1)]);
    expect(read(merged).frames).toEqual([]);
    expect(read(Buffer.concat([one.subarray(0, -1), two])).frames).toEqual([
      { type: 'card', hex: '00BC614F' },
    ]);
  });

  it.each([
    ['a length that is not so', 'W', '26DEADBEEF'],
    ['bits beyond the length', 'W', '051C'],
    ['no bits', 'W', '00'],
    ['a card of half bytes', 'C', '123'],
    ['a card of nothing', 'C', '00000000'],
    ['a card too long', 'C', 'AB'.repeat(11)],
    ['letters as keys', 'K', '12A'],
    ['no keys', 'K', ''],
    ['a heartbeat with a payload', 'H', '1'],
    ['a kind that is not known', 'X', '1'],
    ['too much', 'K', '1'.repeat(17)],
    ['far too much', 'C', 'A'.repeat(100)],
  ])('with %s are dropped though their CRC is right', (_, letter, payload) => {
    const { frames, nonsense } = read(encodeFrame(letter, payload));
    expect(frames).toEqual([]);
    expect(nonsense.length).toBeGreaterThan(0);
  });
});
