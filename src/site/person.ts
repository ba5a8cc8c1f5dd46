import { createHash, type KeyObject } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { z } from 'zod';
import { seal, unseal } from './keys.ts';
import { openSigned, parsed, SiteRefusal, signBody } from './signed.ts';
import { digestOf } from './tree.ts';

/** A record of 20 photos' templates has some 60 KiB; what unpacks to more is not one. */
const MAX_PLAIN_BYTES = 512 * 1024;

const timestamp = z.iso.datetime();
const PinSchema = z.strictObject({
  salt: z.base64().length(24),
  hash: z.base64().length(44),
  cost: z.union([12, 13, 14, 15, 16, 17].map((bits) => z.literal(2 ** bits))),
});

const FaceSchema = z.strictObject({
  qualityScore: z.number(),
  template: z
    .strictObject({
      model: z.strictObject({ id: z.string().min(1).max(200), version: z.string().min(1).max(200) }),
      vector: z.base64().length(2732).describe('512 floats of norm 1, little-endian, base64'),
    })
    .nullable()
    .describe('For gates that have this model'),
  photo: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable()
    .describe('SHA-256 of the JPEG, which other gates make their template of; null when none is published'),
});
export type SiteFace = z.output<typeof FaceSchema>;

/** What a record says of a person. */
export const SitePersonSchema = z.strictObject({
  id: z.uuid(),
  salt: z
    .base64()
    .length(24)
    .describe('16 random bytes, so that the digest in the index tells nothing of the rest'),
  name: z.string().min(1).max(400),
  consent: z.strictObject({
    local: z.boolean(),
    cloud: z.boolean(),
    at: timestamp,
    version: z.string().min(1).max(200),
  }),
  groups: z.array(z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/)).max(64),
  validFrom: timestamp.nullable(),
  validUntil: timestamp.nullable(),
  cards: z.array(z.string().regex(/^[1-9]\d{0,24}$/)).max(32),
  pin: PinSchema.nullable(),
  duressPin: PinSchema.nullable(),
  antiPassbackExempt: z.boolean(),
  extendedTime: z.boolean(),
  faces: z.array(FaceSchema).max(100),
});
export type SitePerson = z.output<typeof SitePersonSchema>;

/** What is signed of a record and stands on the broker. */
export const PersonRecordSchema = z.strictObject({
  site: z.string(),
  id: z.uuid(),
  version: z.int().min(1).describe('That of the manifest it came with'),
  epoch: z.int().min(1).describe('Number of the content key'),
  sealed: z.base64().describe('Nonce (12 bytes), tag (16), the record (JSON, deflated), AES-256-GCM, base64'),
});

/** The bytes of which the digest is taken: the same for the same person, under whatever content key. */
export function plainOf(person: SitePerson): Buffer {
  return Buffer.from(JSON.stringify(person), 'utf8');
}

export interface Sealing {
  readonly site: string;
  readonly version: number;
  readonly epoch: number;
  readonly key: Uint8Array;
  readonly sign: (text: Uint8Array) => Uint8Array;
}

/** The message that says this about a person. */
export function sealPerson(id: string, plain: Uint8Array, sealing: Sealing): string {
  const { site, version, epoch, key, sign } = sealing;
  const sealed = seal(key, ['person', site, id, version, epoch], deflateRawSync(plain)).toString('base64');
  return signBody('person', { site, id, version, epoch, sealed }, sign);
}

/** A record whose signature holds; still sealed. */
export type SealedPerson = z.output<typeof PersonRecordSchema>;

/** @throws SiteRefusal SITE_MESSAGE_INVALID, SITE_UNSIGNED */
export function openRecord(payload: Uint8Array, keys: readonly KeyObject[]): SealedPerson {
  return openSigned('person', PersonRecordSchema, payload, keys);
}

/**
 * What a record says, with the digest that its index must have.
 * @throws SiteRefusal SITE_SEALED, SITE_MESSAGE_INVALID
 */
export function unsealPerson(record: SealedPerson, key: Uint8Array): { person: SitePerson; digest: string } {
  const { site, id, version, epoch, sealed } = record;
  const packed = unseal(key, ['person', site, id, version, epoch], Buffer.from(sealed, 'base64'));
  let plain: Buffer;
  try {
    plain = inflateRawSync(packed, { maxOutputLength: MAX_PLAIN_BYTES });
  } catch {
    throw new SiteRefusal('SITE_MESSAGE_INVALID', 'the record cannot be unpacked');
  }
  const person = parsed(SitePersonSchema, plain);
  if (person.id !== id) throw new SiteRefusal('SITE_MESSAGE_INVALID', 'the record is about somebody else');
  return { person, digest: digestOf(plain) };
}

/** Name of a photo in its topic and in the record: the SHA-256 of the JPEG. */
export function photoName(jpeg: Uint8Array): string {
  return createHash('sha256').update(jpeg).digest('hex');
}

/** The message that carries a photo: its epoch (4 bytes), then the sealed JPEG. */
export function sealPhoto(
  jpeg: Uint8Array,
  { site, epoch, key }: Pick<Sealing, 'site' | 'epoch' | 'key'>,
): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(epoch);
  return Buffer.concat([head, seal(key, ['photo', site, photoName(jpeg), epoch], jpeg)]);
}

/** @throws SiteRefusal SITE_SEALED; also when it is not the photo of this name */
export function unsealPhoto(
  payload: Uint8Array,
  site: string,
  name: string,
  keyOf: (epoch: number) => Uint8Array | undefined,
): Buffer {
  const epoch = payload.length < 4 ? 0 : Buffer.from(payload).readUInt32BE();
  const key = keyOf(epoch);
  if (key === undefined) throw new SiteRefusal('SITE_SEALED', 'there is no content key for the photo');
  const jpeg = unseal(key, ['photo', site, name, epoch], payload.subarray(4));
  if (photoName(jpeg) !== name) throw new SiteRefusal('SITE_SEALED', 'it is another photo');
  return jpeg;
}
