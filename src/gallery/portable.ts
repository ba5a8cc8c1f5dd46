import { z } from 'zod';
import { ConsentSchema, entitlementShape, idNumberHash } from './rows.ts';

/** What stands in an export of people; stream-seal.ts tells how it is sealed. */
const base64 = z.base64().transform((text) => new Uint8Array(Buffer.from(text, 'base64')));
const timestamp = z.iso.datetime();

export const HeaderSchema = z.strictObject({
  version: z.literal(1),
  // Bounds, so that a hostile file can take neither all memory (128 * N * r bytes) nor all day.
  kdf: z.strictObject({
    name: z.literal('scrypt'),
    N: z.union([15, 16, 17, 18, 19, 20].map((bits) => z.literal(2 ** bits))),
    r: z.literal(8),
    p: z.number().int().min(1).max(4),
  }),
  salt: z.base64().length(24),
});

export const RecordSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('person'),
    id: z.uuid(),
    name: z.string(),
    consent: ConsentSchema,
    ...entitlementShape,
    idNumberHash,
    createdAt: timestamp,
    updatedAt: timestamp,
  }),
  z.strictObject({
    type: z.literal('picture'),
    id: z.uuid(),
    personId: z.uuid(),
    createdAt: timestamp,
    jpeg: base64,
  }),
  z.strictObject({
    type: z.literal('reference'),
    id: z.uuid(),
    personId: z.uuid(),
    pictureId: z.uuid().nullable(),
    model: z.strictObject({ id: z.string().min(1).max(200), version: z.string().min(1).max(200) }),
    qualityScore: z.number(),
    createdAt: timestamp,
    vector: base64,
  }),
  z.strictObject({ type: z.literal('end'), people: z.number().int().min(0) }),
]);
export type PortableRecord = z.infer<typeof RecordSchema>;
