import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MAX_PHOTO_BYTES } from '../../src/commands/index.ts';
import {
  IDLE_MS,
  MAX_TRANSFERS,
  type PhotoPart,
  PhotoTransfers,
} from '../../src/gate/commands/photo-transfers.ts';

const EVENT = 'event';

/** The photo cut in so many parts. */
function cut(photo: Uint8Array, count: number): PhotoPart[] {
  const size = Math.ceil(photo.length / count);
  return Array.from({ length: count }, (_, index) => ({
    sha256: createHash('sha256').update(photo).digest('hex'),
    bytes: photo.length,
    count,
    index,
    data: Buffer.from(photo.subarray(index * size, (index + 1) * size)).toString('base64'),
  }));
}

const code = (wanted: string) => expect.objectContaining({ code: wanted });

/** A photo, its parts in some order with some of them again, and which of them are lost. */
const transfer = fc
  .tuple(fc.uint8Array({ minLength: 1, maxLength: 400 }), fc.integer({ min: 1, max: 12 }))
  .map(([photo, count]) => ({ photo, parts: cut(photo, Math.min(count, photo.length)) }))
  .filter(({ parts }) => parts.every(({ data }) => data.length > 0))
  .chain(({ photo, parts }) =>
    fc.record({
      photo: fc.constant(photo),
      parts: fc.constant(parts),
      sent: fc
        .tuple(fc.shuffledSubarray(parts), fc.array(fc.constantFrom(...parts), { maxLength: 5 }))
        .chain(([some, more]) =>
          fc.shuffledSubarray([...some, ...more], { minLength: some.length + more.length }),
        ),
    }),
  );

it('whatever the order, the repetitions and the losses: whole when every part has come, and not before', () => {
  fc.assert(
    fc.property(transfer, ({ photo, parts, sent }) => {
      const transfers = new PhotoTransfers();
      const { sha256 } = parts[0] ?? { sha256: '' };
      const come = new Set<number>();
      for (const part of sent) {
        const isNew = !come.has(part.index);
        come.add(part.index);
        const missing = parts.length - come.size;
        expect(transfers.take('desk', part, EVENT, 0)).toEqual({ missing, isNew });
      }
      expect(() => transfers.claim('other', sha256)).toThrow(code('COMMAND_PHOTO_INCOMPLETE'));
      if (come.size < parts.length) {
        expect(() => transfers.claim('desk', sha256)).toThrow(code('COMMAND_PHOTO_INCOMPLETE'));
        for (const part of parts) if (!come.has(part.index)) transfers.take('desk', part, EVENT, 0);
      }
      expect(Buffer.concat(transfers.claim('desk', sha256))).toEqual(Buffer.from(photo));
      expect(transfers.find('desk', sha256)).toBeNull();
    }),
  );
});

it('what is not what was announced is told so and forgotten, whichever part shows it', () => {
  const lies: ((part: PhotoPart) => PhotoPart)[] = [
    (part) => ({ ...part, bytes: part.bytes + 1 }),
    (part) => ({ ...part, bytes: part.bytes - 1 }),
    (part) => ({ ...part, count: part.count + 1 }),
    (part) => ({ ...part, data: Buffer.from('another').toString('base64') }),
    (part) => ({ ...part, data: Buffer.alloc(1000).toString('base64') }),
  ];
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 40, maxLength: 300 }),
      fc.constantFrom(...lies),
      fc.integer({ min: 0, max: 3 }),
      (photo, lie, at) => {
        const transfers = new PhotoTransfers();
        const parts = cut(photo, 4);
        const [first] = parts;
        // The one that lies comes last, after its honest self or instead of it.
        const others = parts.filter(({ index }) => index !== at);
        const liar = parts[at];
        if (first === undefined || liar === undefined) return;
        for (const part of others) transfers.take('desk', part, EVENT, 0);
        expect(() => transfers.take('desk', lie(liar), EVENT, 0)).toThrow(code('COMMAND_PHOTO_DAMAGED'));
        expect(transfers.find('desk', first.sha256)).toBeNull();
        for (const part of parts) transfers.take('desk', part, EVENT, 0);
        expect(Buffer.concat(transfers.claim('desk', first.sha256))).toEqual(Buffer.from(photo));
      },
    ),
  );
});

it('a part that comes again and is another one spoils the photo; the same one does not', () => {
  const transfers = new PhotoTransfers();
  const [first, second] = cut(Buffer.from('a photo'), 2);
  if (first === undefined || second === undefined) throw new Error('no parts');
  transfers.take('desk', first, EVENT, 0);
  expect(transfers.take('desk', first, EVENT, 0)).toEqual({ missing: 1, isNew: false });
  expect(() => transfers.take('desk', { ...second, index: 0 }, EVENT, 0)).toThrow(/part 0 came twice/);
});

it('is bounded: in number and in bytes, and what breaks off is forgotten after a minute without a new part', () => {
  const transfers = new PhotoTransfers();
  const photos = Array.from({ length: MAX_TRANSFERS + 1 }, (_, n) => cut(Buffer.from(`photo ${n}`), 2));
  const begin = (n: number, now: number) => {
    const [part] = photos[n] ?? [];
    if (part !== undefined) transfers.take('desk', part, `event ${n}`, now);
  };
  for (let n = 0; n < MAX_TRANSFERS; n += 1) begin(n, n * 1000);
  expect(() => begin(MAX_TRANSFERS, 5000)).toThrow(code('COMMAND_BUSY'));
  begin(0, 30_000);
  expect(transfers.expire(IDLE_MS - 1)).toEqual([]);
  // That the same part came again was no progress.
  expect(transfers.expire(IDLE_MS)).toMatchObject([{ key: 'desk', event: 'event 0' }]);
  begin(MAX_TRANSFERS, IDLE_MS);
  const [, last] = photos[1] ?? [];
  if (last !== undefined) transfers.take('desk', last, EVENT, IDLE_MS);
  // A whole one that nobody asks for has had its entry in the journal.
  expect(transfers.expire(10 * IDLE_MS)).toHaveLength(MAX_TRANSFERS - 1);
  const [part] = cut(Buffer.from('large'), 1);
  if (part === undefined) throw new Error('no part');
  const large = { ...part, bytes: MAX_PHOTO_BYTES, count: 2 };
  transfers.take('desk', large, EVENT, 0);
  expect(() => begin(0, 0)).toThrow(code('COMMAND_BUSY'));
});
