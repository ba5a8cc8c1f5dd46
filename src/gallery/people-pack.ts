import { z } from 'zod';
import { CARD } from './names.ts';
import { packIds, unpackIds } from './row-ids.ts';
import { entitlementShape, type PersonRecord, PersonRecordSchema, parseJson } from './rows.ts';
import type { Person } from './types.ts';

/** Bytes before the columns: how many people, and how long the cards are. */
const HEAD_BYTES = 8;
const ID_BYTES = 16;
const END_BYTES = 4;
const COLUMNS_BYTES = ID_BYTES + 1 + END_BYTES;

/** People and their cards, by their places in the pack. */
const CardsSchema = z.array(z.tuple([z.int().min(0), z.string().regex(CARD)]));

/**
 * People as a bundle has them, column by column. What a search and a card ask of everybody is there without a look at the
 * records, which stay JSON until somebody asks for one: of a million, reading all takes longer than all else.
 * Layout, numbers big-endian: people (u32), length of the cards (u32), ids (16 bytes each), consent to being recognised
 * (1 byte each), ends of the records (u32 each), cards (JSON), records (JSON each).
 */
export interface PeoplePack {
  readonly size: number;
  /** Four words each: see `RowIds`. */
  readonly ids: Uint32Array;
  /** 1 for whoever agreed to being recognised, else 0. */
  readonly local: Uint8Array;
  readonly cards: readonly (readonly [number, string])[];
  readonly records: PackedRecords;
}

/** Null when an id is not written as all are: as a UUID in small letters. */
export function packPeople(people: readonly Person[]): Buffer | null {
  const ids = packIds(people.map(({ id }) => id));
  if (ids === null) return null;
  const cards = Buffer.from(
    JSON.stringify(people.flatMap((person, n) => person.cards.map((card) => [n, card]))),
  );
  const records = people.map((person) => Buffer.from(JSON.stringify(saidOf(person)), 'utf8'));
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(people.length, 0);
  head.writeUInt32BE(cards.length, 4);
  const ends = Buffer.alloc(END_BYTES * people.length);
  let end = 0;
  for (const [n, record] of records.entries()) {
    end += record.length;
    ends.writeUInt32BE(end, END_BYTES * n);
  }
  const local = Buffer.from(people.map(({ consent }) => (consent.local ? 1 : 0)));
  return Buffer.concat([head, ids, local, ends, cards, ...records]);
}

/** Null where the bytes are not what `packPeople` makes, as far as that is told without reading the records. */
export function unpackPeople(plain: Buffer): PeoplePack | null {
  if (plain.length < HEAD_BYTES) return null;
  const size = plain.readUInt32BE(0);
  const textAt = HEAD_BYTES + COLUMNS_BYTES * size + plain.readUInt32BE(4);
  if (textAt > plain.length) return null;
  const localAt = HEAD_BYTES + ID_BYTES * size;
  const cardsAt = localAt + size + END_BYTES * size;
  const local = Buffer.from(plain.subarray(localAt, localAt + size));
  const ends = endsOf(plain.subarray(localAt + size, cardsAt), plain.length - textAt);
  const cards = CardsSchema.safeParse(parseJson(plain.subarray(cardsAt, textAt))).data;
  if (ends === null || cards === undefined) return null;
  if (local.some((mark) => mark > 1) || cards.some(([n]) => n >= size)) return null;
  return {
    size,
    ids: unpackIds(plain.subarray(HEAD_BYTES, localAt)),
    local,
    cards,
    records: new PackedRecords(Buffer.from(plain.subarray(textAt)), ends),
  };
}

/** Null unless each ends behind the one before, and the last where the text does. */
function endsOf(bytes: Buffer, length: number): Uint32Array | null {
  const ends = new Uint32Array(bytes.length / END_BYTES);
  let before = 0;
  for (let n = 0; n < ends.length; n++) {
    ends[n] = bytes.readUInt32BE(END_BYTES * n);
    if (ends[n] < before) return null;
    before = ends[n];
  }
  return before === length ? ends : null;
}

/** The records of some people as JSON; each is read and checked when it is asked for. */
export class PackedRecords {
  readonly #text: Buffer;
  readonly #ends: Uint32Array;

  constructor(text: Buffer, ends: Uint32Array) {
    this.#text = text;
    this.#ends = ends;
  }

  /** Null for what is no record. */
  read(n: number): PersonRecord | null {
    return PersonRecordSchema.safeParse(parseJson(this.#part(n))).data ?? null;
  }

  /** Leaves nothing of a record in memory. */
  wipe(n: number): void {
    this.#part(n).fill(0);
  }

  #part(n: number): Buffer {
    return this.#text.subarray(n === 0 ? 0 : this.#ends[n - 1], this.#ends[n]);
  }
}

/** What a record need not say, because the schema adds it when it is read: half of the bytes. */
const UNSAID: ReadonlyMap<string, string> = new Map(
  Object.entries({ ...z.object(entitlementShape).parse({}), idNumberHash: null, site: null }).map(
    ([key, value]) => [key, JSON.stringify(value)],
  ),
);

function saidOf({ id: _, ...record }: Person): Partial<PersonRecord> {
  return Object.fromEntries(
    Object.entries(record).filter(([key, value]) => UNSAID.get(key) !== JSON.stringify(value)),
  );
}
