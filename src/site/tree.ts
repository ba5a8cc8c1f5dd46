import { createHash } from 'node:crypto';
import { z } from 'zod';
import { parsed } from './signed.ts';
import { BUCKETS, bucketOf } from './topics.ts';

/** Bytes of a hash as it is kept of each person and each bucket: 128 bits of SHA-256. */
const SHORT = 16;

/** One person as the index has it: id, version of the record, digest of what it says (22 characters of base64url). */
export interface Entry {
  readonly id: string;
  readonly version: number;
  readonly digest: string;
}

/** The index of a bucket: everybody in it by id, `[id, version, digest]`. */
export const IndexSchema = z.array(
  z.tuple([z.uuid(), z.int().min(1), z.string().regex(/^[A-Za-z0-9_-]{22}$/)]),
);

/** The one form in which a bucket is hashed and published. */
export function indexOf(entries: Iterable<Entry>): string {
  const sorted = [...entries].sort((a, b) => (a.id < b.id ? -1 : 1));
  return JSON.stringify(sorted.map(({ id, version, digest }) => [id, version, digest]));
}

/** Hash of a bucket: of the bytes of its index, 32 hex digits. */
export function bucketHash(index: string | Uint8Array): string {
  return createHash('sha256').update(index).digest().subarray(0, SHORT).toString('hex');
}

/** @throws SiteRefusal SITE_MESSAGE_INVALID */
export function readIndex(payload: Uint8Array): Entry[] {
  return parsed(IndexSchema, payload).map(([id, version, digest]) => ({ id, version, digest }));
}

/** Digest of what a record says. */
export function digestOf(plain: Uint8Array): string {
  return createHash('sha256').update(plain).digest().subarray(0, SHORT).toString('base64url');
}

/** Hash of each bucket, in order. */
export function bucketHashes(entries: Iterable<Entry>): string[] {
  const buckets: Entry[][] = Array.from({ length: BUCKETS }, () => []);
  for (const entry of entries) buckets[bucketOf(entry.id)]?.push(entry);
  return buckets.map((bucket) => bucketHash(indexOf(bucket)));
}

/** Root of the Merkle tree over the hashes of the buckets: SHA-256, leaves and nodes told apart as in RFC 6962; 64 hex digits. */
export function merkleRoot(hashes: readonly string[]): string {
  let level = hashes.map((hash) => sha256(0, Buffer.from(hash, 'hex')));
  while (level.length > 1) {
    level = Array.from({ length: Math.ceil(level.length / 2) }, (_, at) => {
      const [left, right] = level.slice(2 * at, 2 * at + 2);
      return left !== undefined && right !== undefined ? sha256(1, left, right) : (left ?? Buffer.alloc(0));
    });
  }
  return (level[0] ?? Buffer.alloc(0)).toString('hex');
}

function sha256(domain: number, ...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256').update(Uint8Array.of(domain));
  for (const part of parts) hash.update(part);
  return hash.digest();
}
