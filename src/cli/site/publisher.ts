import { type KeyObject, randomBytes } from 'node:crypto';
import { MenshenError } from '../../common/index.ts';
import type { Gallery, Person } from '../../gallery/index.ts';
import {
  BUCKETS,
  bucketHashes,
  bucketOf,
  digestOf,
  indexOf,
  type Manifest,
  manifestBody,
  photoName,
  plainOf,
  type SiteFace,
  type SiteTopics,
  sealPerson,
  sealPhoto,
  signBody,
  signerOf,
  wrapKey,
} from '../../site/index.ts';
import type { BookEntry, SiteBook } from './book.ts';

/** Messages under way to the broker at a time. */
const WINDOW = 32;
/** Below the 256 KiB that a gate takes. */
const MAX_BYTES = 250_000;

/** Publishes retained with QoS 1; resolves on PUBACK. An empty payload takes the message away. */
export type Put = (topic: string, payload: string | Uint8Array) => Promise<void>;

export interface PublishParts {
  readonly gallery: Gallery;
  readonly book: SiteBook;
  readonly privateKey: KeyObject;
  readonly topics: SiteTopics;
  /** The manifest that the broker has, if it is one of ours. */
  readonly present: Manifest | null;
  readonly put: Put;
  /** Publish everything, whatever the broker should have. */
  readonly all: boolean;
}

export interface Published {
  readonly version: number;
  readonly people: number;
  readonly changed: number;
  readonly removed: number;
}

const NOTHING: ReturnType<Gallery['records']> = { references: [], pictures: [] };

interface Draft extends BookEntry {
  /** Null of somebody who is as they were. */
  readonly plain: Buffer | null;
}

/**
 * Makes the broker say what the gallery says: records that changed first, then the indexes of their buckets, then the
 * manifest, and at last takes away the photos and records that nothing names any more. Whatever is cut off in between, the gates see the
 * old state or the new one, and the next call ends it. Gives null when there was nothing to do.
 * @throws MenshenError SITE_RECORD_TOO_LARGE
 */
export async function publishSite(parts: PublishParts): Promise<Published | null> {
  const { gallery, book, privateKey, topics, present, put } = parts;
  const { id: site, epoch, publishedEpoch, version: last } = book.site;
  // Behind: the broker lost it. Ahead: the book is a copy of an older one, and does not know what the records there say.
  const isLost = present === null || present.version !== last;
  const all = parts.all || isLost || publishedEpoch !== epoch;
  const before = new Map(book.people().map((entry) => [entry.id, entry]));
  const drafts = gallery
    .list()
    .filter((person) => person.site === null)
    .map((person) => draftOf(gallery, person, before.get(person.id), book.site.photos, all));
  const changed = drafts.filter(({ id, digest }) => {
    const known = before.get(id);
    return known === undefined || known.gone || known.digest !== digest;
  });
  const here = new Set(drafts.map(({ id }) => id));
  const gone = [...before.values()].filter(({ id }) => !here.has(id));
  const removed = gone.filter((entry) => !entry.gone);
  if (!all && changed.length === 0 && removed.length === 0) {
    await clear(parts, gone);
    return null;
  }
  const version = book.nextVersion(present?.version ?? 0);
  const isChanged = new Set(changed.map(({ id }) => id));
  const entries = drafts.map((draft) => (isChanged.has(draft.id) ? { ...draft, version } : draft));
  const indexes = indexesOf(entries);
  const key = book.keys().find((one) => one.epoch === epoch)?.key ?? Buffer.alloc(0);
  const sign = signerOf(privateKey);
  await publishKeys(parts);
  await each(all ? entries : entries.filter(({ id }) => isChanged.has(id)), async (entry) => {
    for (const [name, jpeg] of picturesOf(gallery, entry)) {
      await put(topics.photo(entry.id, name), sealPhoto(jpeg, { site, epoch, key }));
    }
    if (entry.plain === null) return;
    const record = sealPerson(entry.id, entry.plain, { site, version: entry.version, epoch, key, sign });
    checkSize(`The record of ${entry.id}`, record);
    await put(topics.person(entry.id), record);
  });
  const touched = new Set([...changed, ...removed].map(({ id }) => bucketOf(id)));
  await each(
    [...indexes.keys()].filter((bucket) => all || touched.has(bucket)),
    (bucket) => put(topics.index(bucket), indexes[bucket] ?? '[]'),
  );
  const head = { site, version, count: entries.length, epoch, issuedAt: new Date().toISOString() };
  await put(topics.manifest, signBody('manifest', manifestBody(head, bucketHashes(entries)), sign));
  // Before the book forgets them: a call that is cut off here is begun anew by the next.
  await each(entries, async ({ id, photos }) => {
    const stale = before.get(id)?.photos.filter((photo) => !photos.includes(photo)) ?? [];
    for (const photo of stale) await put(topics.photo(id, photo), '');
  });
  book.published([...entries, ...removed.map((entry) => ({ ...entry, gone: true }))], epoch);
  await publishKeys(parts);
  await clear(parts, gone);
  return { version, people: entries.length, changed: changed.length, removed: removed.length };
}

/** Gives every gate the content keys. */
export async function publishKeys({
  book,
  privateKey,
  topics,
  put,
}: Pick<PublishParts, 'book' | 'privateKey' | 'topics' | 'put'>): Promise<void> {
  const { id: site } = book.site;
  await each(book.gates(), ({ id: gate, encryptionKey }) => {
    const keys = book.keys().map(({ epoch, key }) => wrapKey(key, site, gate, epoch, encryptionKey));
    return put(topics.keys(gate), signBody('keys', { site, gate, keys }, signerOf(privateKey)));
  });
}

async function clear({ topics, put, book }: PublishParts, gone: readonly BookEntry[]): Promise<void> {
  await each(gone, async ({ id, photos }) => {
    for (const photo of photos) await put(topics.photo(id, photo), '');
    await put(topics.person(id), '');
  });
  book.cleared(gone.map(({ id }) => id));
}

/** The photos that the record names. */
function picturesOf(gallery: Gallery, { id, photos }: BookEntry): (readonly [string, Uint8Array])[] {
  if (photos.length === 0) return [];
  const { pictures } = gallery.records(id);
  return pictures
    .map(({ jpeg }) => [photoName(jpeg), jpeg] as const)
    .filter(([name]) => photos.includes(name));
}

/** `all`: of somebody who is as they were as well. Of somebody without consent to being recognised, nothing of a face. */
function draftOf(
  gallery: Gallery,
  person: Person,
  known: BookEntry | undefined,
  withPhotos: boolean,
  all: boolean,
): Draft {
  const stamp = `${person.updatedAt} ${gallery.referenceCount(person.id)}`;
  if (!all && known !== undefined && !known.gone && known.stamp === stamp) return { ...known, plain: null };
  const { idNumberHash: _, site: __, createdAt: ___, updatedAt: ____, ...fields } = person;
  const { references, pictures } = person.consent.local ? gallery.records(person.id) : NOTHING;
  const photos: string[] = [];
  const faces = references.map(({ model, vector, qualityScore, pictureId }): SiteFace => {
    const jpeg = withPhotos ? pictures.find(({ id }) => id === pictureId)?.jpeg : undefined;
    const photo = jpeg === undefined ? null : photoName(jpeg);
    if (photo !== null && !photos.includes(photo)) photos.push(photo);
    return { qualityScore, template: { model, vector: textOf(vector) }, photo };
  });
  const salt = known?.salt ?? randomBytes(16).toString('base64');
  const { groups, cards } = fields;
  const plain = plainOf({ ...fields, salt, groups: [...groups], cards: [...cards], faces });
  return {
    id: person.id,
    version: known?.version ?? 0,
    digest: digestOf(plain),
    salt,
    stamp,
    photos,
    gone: false,
    plain,
  };
}

function textOf(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [at, value] of vector.entries()) bytes.writeFloatLE(value, at * 4);
  return bytes.toString('base64');
}

/** Of each bucket, in order. @throws MenshenError SITE_RECORD_TOO_LARGE */
function indexesOf(entries: readonly BookEntry[]): string[] {
  const buckets: BookEntry[][] = Array.from({ length: BUCKETS }, () => []);
  for (const entry of entries) buckets[bucketOf(entry.id)]?.push(entry);
  return buckets.map((bucket, at) => checkSize(`The list of part ${at}`, indexOf(bucket)));
}

function checkSize(what: string, payload: string): string {
  if (payload.length <= MAX_BYTES) return payload;
  throw new MenshenError('SITE_RECORD_TOO_LARGE', `${what} has ${payload.length} bytes.`);
}

/** Does it for all, some at a time. */
async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const one = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: WINDOW }, one));
}
