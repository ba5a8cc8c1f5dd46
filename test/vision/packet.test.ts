import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodePacket,
  MAX_BODY_BYTES,
  MAX_HEADER_BYTES,
  type Packet,
  PacketReader,
} from '../../src/vision/packet.ts';

/** What is read of a stream that comes in these pieces. */
function read(pieces: readonly Uint8Array[]): Packet[] {
  const packets: Packet[] = [];
  const reader = new PacketReader((packet) => packets.push(packet));
  for (const piece of pieces) reader.push(piece);
  return packets;
}

/** The stream, cut at these places. */
function cut(stream: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [0, ...places.map((place) => place % (stream.length + 1)).sort((a, b) => a - b), stream.length];
  return at.slice(1).map((end, i) => stream.slice(at[i], end));
}

const prefix = (header: number, body: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(header, 0);
  bytes.writeUInt32LE(body, 4);
  return bytes;
};

describe('packets', () => {
  it('come out as they went in, wherever the stream is cut', () => {
    const packet = fc.record({ header: fc.object(), body: fc.uint8Array({ maxLength: 3000 }) });
    fc.assert(
      fc.property(fc.array(packet), fc.array(fc.nat(20_000)), (packets, places) => {
        const stream = Buffer.concat(packets.map(({ header, body }) => encodePacket(header, body)));
        const expected = packets.map(({ header, body }) => ({
          header: JSON.parse(JSON.stringify(header)),
          body,
        }));
        expect(read(cut(stream, places))).toEqual(expected);
      }),
    );
  });

  it('may be as large as is allowed, and no larger', () => {
    const header = 'x'.repeat(MAX_HEADER_BYTES - '{"x":""}'.length);
    const largest = encodePacket({ x: header }, new Uint8Array(MAX_BODY_BYTES));
    expect(read([largest])[0]?.body).toHaveLength(MAX_BODY_BYTES);
    expect(() => encodePacket({ x: `${header}x` })).toThrow(RangeError);
    expect(() => encodePacket({}, new Uint8Array(MAX_BODY_BYTES + 1))).toThrow(RangeError);
  });

  it.each([
    ['a header too large', prefix(MAX_HEADER_BYTES + 1, 0)],
    ['more bytes than allowed', prefix(2, MAX_BODY_BYTES + 1)],
    ['the largest sizes that can be written', prefix(0xffff_ffff, 0xffff_ffff)],
    ['no header', prefix(0, 4)],
  ])('are refused before anything is allocated for them: %s', (_, bytes) => {
    const before = process.memoryUsage().arrayBuffers;
    expect(() => read([bytes])).toThrow(RangeError);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(MAX_HEADER_BYTES);
  });

  it('are refused when the header is no JSON', () => {
    expect(() => read([prefix(3, 0), Buffer.from('{,}')])).toThrow(SyntaxError);
    expect(() => read([prefix(1, 0), Buffer.from([0xff])])).toThrow(SyntaxError);
  });

  it('are read from a deeply nested header without running out of stack', () => {
    const nested = Buffer.from('['.repeat(MAX_HEADER_BYTES / 2) + ']'.repeat(MAX_HEADER_BYTES / 2));
    expect(read([prefix(nested.length, 0), nested])).toHaveLength(1);
  });

  it('never make anything of nonsense but an error', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 })), (pieces) => {
        try {
          read(pieces);
        } catch (error) {
          expect(error instanceof RangeError || error instanceof SyntaxError).toBe(true);
        }
      }),
    );
  });
});
