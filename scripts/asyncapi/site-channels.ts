import type { z } from 'zod';
import {
  bucketHashes,
  type Entry,
  indexOf,
  type KeysSchema,
  manifestBody,
  type PersonRecordSchema,
  type SiteReport,
} from '../../src/site/index.ts';
import type { Channel } from './channel.ts';
import { PERSON } from './example-decisions.ts';

const AT = '2026-01-02T03:04:05.678Z';
const SITE = 'hq';
const ENTRY: Entry = { id: PERSON, version: 12, digest: 'bm90aGluZyBvZiBpdCBpcw' };
const MANIFEST = manifestBody(
  { site: SITE, version: 12, count: 1, epoch: 1, issuedAt: AT },
  bucketHashes([ENTRY]),
);
const X25519 = `${'eDI1NTE5'.repeat(5)}eDI=`;

const RECORD: z.output<typeof PersonRecordSchema> = {
  ...{ site: SITE, id: PERSON, version: 12, epoch: 1 },
  sealed: Buffer.from('nonce, tag, and the record').toString('base64'),
};
const KEYS: z.output<typeof KeysSchema> = {
  ...{ site: SITE, gate: 'north' },
  keys: [{ epoch: 1, ephemeral: X25519, sealed: Buffer.alloc(60, 7).toString('base64') }],
};
const REPORT: SiteReport = {
  ...{ gate: 'north', site: SITE, at: AT, state: 'complete', version: 12, count: 1, pending: 0 },
  ...{ root: MANIFEST.root, problem: null },
  faults: [{ id: PERSON, face: 0, code: 'ENROLL_POOR_QUALITY' }],
  faultCount: 1,
  model: 'embedding 1',
  encryptionKey: X25519,
  device: 'MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=',
};

const signed = (body: unknown) => ({
  body: JSON.stringify(body),
  signature: `${'c2lnbmF0dXJl'.repeat(7)}c2==`,
});

/** The topics of the people of a site. */
export const SITE_CHANNELS: Readonly<Record<string, Channel>> = {
  siteManifest: {
    address: '{topic}/sites/{site}/manifest',
    summary: 'The people of a site in short, signed by its administrator',
    schema: 'SignedManifest',
    action: 'receive',
    retain: true,
    inner: { member: 'body', schema: 'Manifest' },
    examples: [signed(MANIFEST)],
  },
  siteIndex: {
    address: '{topic}/sites/{site}/index/{bucket}',
    summary: 'Who of the site is in a bucket; its hash stands in the manifest',
    schema: 'SiteIndex',
    action: 'receive',
    retain: true,
    examples: [JSON.parse(indexOf([ENTRY])), []],
  },
  sitePerson: {
    address: '{topic}/sites/{site}/people/{bucket}/{person}',
    summary: 'One person of the site, sealed',
    schema: 'SignedPerson',
    action: 'receive',
    retain: true,
    inner: { member: 'body', schema: 'PersonRecord' },
    examples: [signed(RECORD)],
  },
  sitePhoto: {
    address: '{topic}/sites/{site}/photos/{person}/{photo}',
    summary: 'A photo of a person of the site, sealed; for gates with another embedding network',
    schema: 'Photo',
    action: 'receive',
    retain: true,
    binary: true,
    examples: [],
  },
  siteKeys: {
    address: '{topic}/sites/{site}/keys/{gate}',
    summary: 'The content keys of the site, wrapped for one gate',
    schema: 'SignedKeys',
    action: 'receive',
    retain: true,
    inner: { member: 'body', schema: 'ContentKeys' },
    examples: [signed(KEYS)],
  },
  siteReport: {
    address: '{topic}/{gate}/site',
    summary: 'How far the gate is with the people of its site, signed by it',
    schema: 'SignedReport',
    action: 'send',
    retain: true,
    inner: { member: 'body', schema: 'SiteReport' },
    examples: [signed(REPORT)],
  },
};
