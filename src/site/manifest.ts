import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { openSigned, SiteRefusal } from './signed.ts';
import { BUCKETS } from './topics.ts';
import { merkleRoot } from './tree.ts';

const BYTES = 16;

/** What the administrator signs about all people of a site. */
export const ManifestSchema = z.strictObject({
  site: z.string().min(1).max(63),
  version: z.int().min(1).describe('Grows with every change'),
  count: z.int().min(0).describe('People'),
  epoch: z.int().min(1).describe('Number of the content key that records are sealed under'),
  issuedAt: z.iso.datetime().describe('UTC with milliseconds'),
  buckets: z
    .base64()
    .length(Math.ceil((BUCKETS * BYTES) / 3) * 4)
    .describe(`Hashes of the ${BUCKETS} buckets, ${BYTES} bytes each: of the bytes of their index`),
  root: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe('Root of the Merkle tree over the hashes'),
});
export type ManifestBody = z.output<typeof ManifestSchema>;

/** A manifest whose signature and root hold. */
export interface Manifest extends Omit<ManifestBody, 'buckets'> {
  /** Hash of each bucket, hex. */
  readonly hashes: readonly string[];
}

export function manifestBody(
  manifest: Pick<ManifestBody, 'site' | 'version' | 'count' | 'epoch' | 'issuedAt'>,
  hashes: readonly string[],
): ManifestBody {
  const buckets = Buffer.concat(hashes.map((hash) => Buffer.from(hash, 'hex'))).toString('base64');
  return { ...manifest, buckets, root: merkleRoot(hashes) };
}

/** @throws SiteRefusal SITE_MESSAGE_INVALID, SITE_UNSIGNED */
export function openManifest(payload: Uint8Array, site: string, keys: readonly KeyObject[]): Manifest {
  const { buckets, ...body } = openSigned('manifest', ManifestSchema, payload, keys);
  const bytes = Buffer.from(buckets, 'base64');
  const hashes = Array.from({ length: BUCKETS }, (_, at) =>
    bytes.subarray(at * BYTES, (at + 1) * BYTES).toString('hex'),
  );
  if (body.site !== site || merkleRoot(hashes) !== body.root) {
    throw new SiteRefusal('SITE_MESSAGE_INVALID', 'the manifest is of another site, or its root is wrong');
  }
  return { ...body, hashes };
}
