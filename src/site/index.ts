/**
 * The people of a site, published once and followed by every gate. The administrator signs a manifest (manifest.ts): a
 * version that grows, and hashes of 256 buckets, which are those of their indexes (tree.ts): who is in it, with the digest
 * of each record (person.ts), which is sealed under a content key that is wrapped for each gate (keys.ts). Whoever is not
 * in the index is not of the site: a removal needs no message that could be lost or kept back for longer than the
 * manifest itself. follower.ts brings a gate from whatever it holds to what the newest manifest says and report.ts tells
 * how far it is. Pure but for its ports: what is on disk is src/gallery's, the connection is the gate's or the command
 * line's. docs/reference/site.md describes what goes over the broker.
 */
export {
  type Arrival,
  arrivalOf,
  type Looked,
  type ModelName,
  photosNeeded,
  type SiteTemplate,
} from './faces.ts';
export type { SiteWire } from './fetching.ts';
export { Follower } from './follower.ts';
export { Holdings } from './holdings.ts';
export {
  EncryptionKeySchema,
  encryptionPublicKey,
  KEY_BYTES,
  KeysSchema,
  newEncryptionKey,
  seal,
  unseal,
  unwrapKey,
  type WrappedKey,
  wrapKey,
} from './keys.ts';
export { type Manifest, ManifestSchema, manifestBody, openManifest } from './manifest.ts';
export {
  openRecord,
  PersonRecordSchema,
  photoName,
  plainOf,
  type Sealing,
  type SiteFace,
  type SitePerson,
  SitePersonSchema,
  sealPerson,
  sealPhoto,
  unsealPerson,
  unsealPhoto,
} from './person.ts';
export type { FollowerParts, Progress, SiteChange, SiteRoster } from './ports.ts';
export {
  FaultSchema,
  openReport,
  REPORTED_FAULTS,
  ReportSchema,
  type SiteFault,
  type SiteReport,
  signReport,
} from './report.ts';
export { openSigned, readUnverified, SignedSchema, SiteRefusal, signBody, signerOf } from './signed.ts';
export { BUCKETS, bucketOf, reportTopic, type SiteTopics, siteTopics } from './topics.ts';
export {
  bucketHash,
  bucketHashes,
  digestOf,
  type Entry,
  IndexSchema,
  indexOf,
  merkleRoot,
  readIndex,
} from './tree.ts';
