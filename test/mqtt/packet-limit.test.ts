import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PacketLimit } from '../../src/mqtt/packet-limit.ts';
import { publishPacket } from './support.ts';

const LIMIT = 2000;

/** Its topic and properties take 6 bytes. */
const publish = (payload: number) => publishPacket('a/b', Buffer.alloc(payload, 0xff));

/** The bytes cut into pieces of the given sizes. */
function* pieces(bytes: Buffer, sizes: readonly number[]) {
  let at = 0;
  for (let n = 0; at < bytes.length; n++) {
    const size = sizes[n % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

const cuts = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 9 });

it('lets packets of the allowed size through, however they are cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: LIMIT - 6 }), { minLength: 1, maxLength: 8 }),
      cuts,
      (sizes, cut) => {
        const limit = new PacketLimit(LIMIT);
        for (const piece of pieces(Buffer.concat(sizes.map(publish)), cut)) {
          expect(limit.feed(piece)).toBe(true);
        }
      },
    ),
  );
});

it('finds a packet that is too large by its header, before its body has come', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: LIMIT - 6 }), { maxLength: 4 }),
      fc.integer({ min: LIMIT - 5, max: 100_000 }),
      cuts,
      (sizes, large, cut) => {
        const limit = new PacketLimit(LIMIT);
        const stream = Buffer.concat([...sizes.map(publish), publish(large).subarray(0, 5)]);
        expect([...pieces(stream, cut)].map((piece) => limit.feed(piece)).includes(false)).toBe(true);
      },
    ),
  );
});

it('refuses a length of more than four bytes', () => {
  expect(new PacketLimit(0xfffffff).feed(Buffer.of(0x30, 0xff, 0xff, 0xff, 0xff))).toBe(false);
});
