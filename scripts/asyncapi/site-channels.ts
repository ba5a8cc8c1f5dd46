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

/** What the administrator of a site publishes, and its gates follow. */
const published = (channel: Omit<Channel, 'action' | 'retain'>): Channel => ({
  ...channel,
  address: `{topic}/sites/{site}/${channel.address}`,
  action: 'receive',
  retain: true,
});

/** The topics of the people of a site. */
export const SITE_CHANNELS: Readonly<Record<string, Channel>> = {
  siteManifest: published({
    address: 'manifest',
    summary: 'The people of a site in short, signed by its administrator',
    schema: 'SignedManifest',
    inner: { member: 'body', schema: 'Manifest' },
    examples: [signed(MANIFEST)],
  }),
  siteIndex: published({
    address: 'index/{bucket}',
    summary: 'Who of the site is in a bucket; its hash stands in the manifest',
    schema: 'SiteIndex',
    examples: [JSON.parse(indexOf([ENTRY])), []],
  }),
  sitePerson: published({
    address: 'people/{bucket}/{person}',
    summary: 'One person of the site, sealed',
    schema: 'SignedPerson',
    inner: { member: 'body', schema: 'PersonRecord' },
    examples: [signed(RECORD)],
  }),
  sitePhoto: published({
    address: 'photos/{person}/{photo}',
    summary: 'A photo of a person of the site, sealed; for gates with another embedding network',
    schema: 'Photo',
    binary: true,
    examples: [],
  }),
  siteKeys: published({
    address: 'keys/{gate}',
    summary: 'The content keys of the site, wrapped for one gate',
    schema: 'SignedKeys',
    inner: { member: 'body', schema: 'ContentKeys' },
    examples: [signed(KEYS)],
  }),
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
