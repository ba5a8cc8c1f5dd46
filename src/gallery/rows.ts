import { z } from 'zod';
import { EMBEDDING_DIMENSIONS } from '../vision/types.ts';
import type { RowIdentity } from './cipher.ts';
import { CARD, GROUP } from './names.ts';

/** Everything read from the database passes one of these: the file may have been altered or damaged. */
const id = z.uuid();
const timestamp = z.iso.datetime();
const blob = z.instanceof(Uint8Array);
const count = z.number().int().min(0);

export const ConsentSchema = z.strictObject({
  local: z.boolean(),
  cloud: z.boolean(),
  at: timestamp,
  version: z.string().min(1).max(200),
});

const PinHashSchema = z.strictObject({
  salt: z.base64().length(24),
  hash: z.base64().length(44),
  // Bounds, so that an altered row can take neither all memory (1024 * N bytes) nor all day.
  cost: z.union([12, 13, 14, 15, 16, 17].map((bits) => z.literal(2 ** bits))),
});
const group = z.string().regex(GROUP);

/** Rows and exports of older versions lack these. */
export const entitlementShape = {
  groups: z.array(group).max(64).default([]),
  validFrom: timestamp.nullable().default(null),
  validUntil: timestamp.nullable().default(null),
  cards: z.array(z.string().regex(CARD)).max(32).default([]),
  pin: PinHashSchema.nullable().default(null),
  duressPin: PinHashSchema.nullable().default(null),
  antiPassbackExempt: z.boolean().default(false),
  extendedTime: z.boolean().default(false),
};

/** HMAC-SHA-256. Rows and exports of older versions lack it. */
export const idNumberHash = z.base64().length(44).nullable().default(null);

/** What is sealed in a row of `people`. */
export const PersonRecordSchema = z.strictObject({
  name: z.string().min(1).max(400),
  consent: ConsentSchema,
  ...entitlementShape,
  idNumberHash,
  // Rows of older versions lack it.
  site: z.string().min(1).max(63).nullable().default(null),
  createdAt: timestamp,
  updatedAt: timestamp,
});
export type PersonRecord = z.infer<typeof PersonRecordSchema>;

/** What is sealed in a row of `passes`. */
export const PassRecordSchema = z.strictObject({
  name: z.string().min(1).max(400),
  tokenHash: z.base64().length(44),
  doors: z.array(z.string().min(1)).min(1),
  groups: z.array(group),
  validFrom: timestamp,
  validUntil: timestamp,
  createdAt: timestamp,
});

export const MetaRowSchema = z.object({ generation: count, removals: count, key_check: blob.nullable() });
export const PersonRowSchema = z.object({ id, sealed: blob });
export const PassRowSchema = z.object({ id, sealed: blob });
export const PictureRowSchema = z.object({ id, person_id: id, created_at: timestamp, sealed: blob });
export const ReferenceRowSchema = z.object({
  id,
  person_id: id,
  picture_id: id.nullable(),
  model_id: z.string().min(1),
  model_version: z.string().min(1),
  quality: z.number(),
  created_at: timestamp,
  sealed: blob,
});
export type PictureRow = z.infer<typeof PictureRowSchema>;
export type ReferenceRow = z.infer<typeof ReferenceRowSchema>;
export const IdRowSchema = z.object({ id: z.string() });

/** What UTF-8 bytes say in JSON; undefined where they say nothing. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    return undefined;
  }
}

export const personIdentity = (personId: string): RowIdentity => ['people', personId];

export const passIdentity = (passId: string): RowIdentity => ['passes', passId];

export const pictureIdentity = (row: Omit<PictureRow, 'sealed'>): RowIdentity => [
  'pictures',
  row.id,
  row.person_id,
  row.created_at,
];

/** Not bound to the picture's id: removing a picture (retention) leaves its reference valid. */
export const referenceIdentity = (row: Omit<ReferenceRow, 'sealed'>): RowIdentity => [
  'refs',
  row.id,
  row.person_id,
  row.model_id,
  row.model_version,
  row.quality,
  row.created_at,
];

/** Little-endian float32, on every machine. */
export function packVector(vector: Float32Array): Buffer {
  const bytes = Buffer.alloc(vector.length * 4);
  vector.forEach((value, index) => {
    bytes.writeFloatLE(value, index * 4);
  });
  return bytes;
}

/** Null unless it is a vector of 512 finite numbers and norm 1 (within 1e-3). May share the memory of the bytes. */
export function unpackVector(bytes: Uint8Array): Float32Array | null {
  if (bytes.length !== EMBEDDING_DIMENSIONS * 4) return null;
  const vector = floatsOf(bytes);
  return isUnit(vector) ? vector : null;
}

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

function floatsOf(bytes: Uint8Array): Float32Array {
  if (LITTLE_ENDIAN && bytes.byteOffset % 4 === 0)
    return new Float32Array(bytes.buffer, bytes.byteOffset, EMBEDDING_DIMENSIONS);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: EMBEDDING_DIMENSIONS }, (_, i) => view.getFloat32(i * 4, true));
}

/** True for a vector of 512 finite numbers whose Euclidean norm is 1 (within 1e-3). */
export function isUnit(vector: Float32Array): boolean {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += vector[i] * vector[i];
  return vector.length === EMBEDDING_DIMENSIONS && Math.abs(Math.sqrt(sum) - 1) < 1e-3;
}
