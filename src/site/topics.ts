import { createHash } from 'node:crypto';

/** Parts into which the people of a site are divided, by the hash of their ids. */
export const BUCKETS = 256;

/** Topics of a site; docs/reference/site.md describes them. */
export interface SiteTopics {
  /** Retained: which people there are, in short. */
  readonly manifest: string;
  /** Retained: which people of one bucket there are. */
  index(bucket: number): string;
  /** Retained: one person, sealed. */
  person(id: string): string;
  /** Filter of all people of a bucket. */
  peopleOf(bucket: number): string;
  /** Retained: one photo of a person, sealed. */
  photo(id: string, photo: string): string;
  /** Retained: the content keys, wrapped for one gate. */
  keys(gate: string): string;
}

/** The topics of a site under `prefix` (`mqtt.topic` of the configuration). */
export function siteTopics(prefix: string, site: string): SiteTopics {
  const root = `${prefix}/sites/${site}`;
  return {
    manifest: `${root}/manifest`,
    index: (bucket) => `${root}/index/${bucket}`,
    person: (id) => `${root}/people/${bucketOf(id)}/${id}`,
    peopleOf: (bucket) => `${root}/people/${bucket}/+`,
    photo: (id, photo) => `${root}/photos/${id}/${photo}`,
    keys: (gate) => `${root}/keys/${gate}`,
  };
}

/** Where a gate tells how far it is with the site, retained. */
export function reportTopic(prefix: string, gate: string): string {
  return `${prefix}/${gate}/site`;
}

/** Bucket of a person, 0..255: the first byte of the SHA-256 of the id. */
export function bucketOf(id: string): number {
  return createHash('sha256').update(id, 'utf8').digest()[0] ?? 0;
}

/** What a topic below a site is about; null for any other. */
export function partOf(topic: string, prefix: string, site: string): SitePart | null {
  const root = `${prefix}/sites/${site}/`;
  if (!topic.startsWith(root)) return null;
  const [kind, first = '', second] = topic.slice(root.length).split('/');
  if (kind === 'manifest' && first === '') return { kind };
  if (kind === 'keys') return { kind };
  if (kind === 'index') return { kind, bucket: Number(first) };
  if (kind === 'people' && second !== undefined) return { kind, id: second };
  if (kind === 'photos' && second !== undefined) return { kind, id: first, photo: second };
  return null;
}

export type SitePart =
  | { readonly kind: 'manifest' }
  | { readonly kind: 'keys' }
  | { readonly kind: 'index'; readonly bucket: number }
  | { readonly kind: 'people'; readonly id: string }
  | { readonly kind: 'photos'; readonly id: string; readonly photo: string };
