import { z } from 'zod';
import { EMBEDDING_DIMENSIONS, type ModelRef } from '../vision/types.ts';
import { packIds, unpackIds } from './row-ids.ts';
import { HALF_BYTES } from './row-places.ts';
import { parseJson } from './rows.ts';
import type { PackedRows } from './rows-memory.ts';

/** A reference as it is searched: its row of the memory instead of its embedding. */
export interface SearchedReference {
  readonly id: string;
  readonly personId: string;
  readonly model: ModelRef;
  /** See `RowsMemory.read`. */
  readonly row: Uint8Array;
}

/**
 * References as a bundle has them, column by column as they lie in memory.
 * Layout, numbers big-endian: references (u32), length of the models (u32), models (JSON), ids (16 bytes each), ids of the
 * people (16 each), number of the model (1 each), first halves of the codes (32 each), second halves (32), numbers (512).
 */
export interface ReferencePack {
  readonly size: number;
  /** Four words each: see `RowIds`. */
  readonly ids: Uint32Array;
  readonly people: Uint32Array;
  readonly models: readonly ModelRef[];
  /** Place of each reference's model among them. */
  readonly modelOf: Uint8Array;
  readonly rows: PackedRows;
}

const HEAD_BYTES = 8;
const ID_BYTES = 16;
const REFERENCE_BYTES = 2 * ID_BYTES + 1 + 2 * HALF_BYTES + EMBEDDING_DIMENSIONS;
const MOST_MODELS = 256;

const ModelsSchema = z.array(z.tuple([z.string().min(1), z.string().min(1)])).max(MOST_MODELS);

/** Null when an id is not written as all are (as a UUID in small letters), or there are too many models. */
export function packReferences(references: readonly SearchedReference[]): Buffer | null {
  const ids = packIds(references.map(({ id }) => id));
  const people = packIds(references.map(({ personId }) => personId));
  const names = references.map(({ model }) => JSON.stringify([model.id, model.version]));
  const models = [...new Set(names)];
  if (ids === null || people === null || models.length > MOST_MODELS) return null;
  const text = Buffer.from(`[${models.join(',')}]`, 'utf8');
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(references.length, 0);
  head.writeUInt32BE(text.length, 4);
  const modelOf = Buffer.from(names.map((name) => models.indexOf(name)));
  const column = (from: number, to: number) => references.map(({ row }) => row.subarray(from, to));
  return Buffer.concat([
    ...[head, text, ids, people, modelOf],
    ...column(0, HALF_BYTES),
    ...column(HALF_BYTES, 2 * HALF_BYTES),
    ...column(2 * HALF_BYTES, 2 * HALF_BYTES + EMBEDDING_DIMENSIONS),
  ]);
}

/** Null where the bytes are not what `packReferences` makes. They stay in use. */
export function unpackReferences(plain: Buffer): ReferencePack | null {
  if (plain.length < HEAD_BYTES) return null;
  const size = plain.readUInt32BE(0);
  const begin = HEAD_BYTES + plain.readUInt32BE(4);
  if (plain.length !== begin + REFERENCE_BYTES * size) return null;
  const models = ModelsSchema.safeParse(parseJson(plain.subarray(HEAD_BYTES, begin))).data;
  if (models === undefined) return null;
  let at = begin;
  const next = (bytes: number) => {
    at += bytes * size;
    return plain.subarray(at - bytes * size, at);
  };
  const ids = unpackIds(next(ID_BYTES));
  const people = unpackIds(next(ID_BYTES));
  const modelOf = next(1);
  if (modelOf.some((model) => model >= models.length)) return null;
  const rows = { first: next(HALF_BYTES), second: next(HALF_BYTES), numbers: next(EMBEDDING_DIMENSIONS) };
  return { size, ids, people, models: models.map(([id, version]) => ({ id, version })), modelOf, rows };
}
