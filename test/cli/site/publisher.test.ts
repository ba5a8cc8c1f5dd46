import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { SiteBook } from '../../../src/cli/site/book.ts';
import { publishSite } from '../../../src/cli/site/publisher.ts';
import { publicKeyOf, readPublicKey } from '../../../src/commands/index.ts';
import { type Gallery, gateKey } from '../../../src/gallery/index.ts';
import {
  openManifest,
  openRecord,
  photoName,
  readIndex,
  siteTopics,
  unsealPerson,
} from '../../../src/site/index.ts';
import { CONSENT, openGallery, reference, temporaryFolder, unit } from '../../gallery/helpers.ts';

const topics = siteTopics('menshen', 'hq');

/** A workstation, and what it left on the broker. */
class Office {
  readonly folder = temporaryFolder();
  readonly gallery: Gallery = openGallery(this.folder);
  readonly retained = new Map<string, Buffer>();
  readonly #privateKey: KeyObject = generateKeyPairSync('ed25519').privateKey;
  book: SiteBook;

  constructor(photos = false) {
    this.book = SiteBook.open(this.folder, gateKey(this.folder), { site: 'hq', photos });
    onTestFinished(() => this.book.close());
  }

  get authorities() {
    return [readPublicKey(publicKeyOf(this.#privateKey))];
  }

  get manifest() {
    const payload = this.retained.get(topics.manifest);
    return payload === undefined ? null : openManifest(payload, 'hq', this.authorities);
  }

  publish() {
    const put = async (topic: string, payload: string | Uint8Array) => {
      if (payload.length === 0) this.retained.delete(topic);
      else this.retained.set(topic, Buffer.from(payload));
    };
    const { gallery, book, manifest } = this;
    return publishSite({
      gallery,
      book,
      privateKey: this.#privateKey,
      topics,
      present: manifest,
      put,
      all: false,
    });
  }

  /** The workstation as it was when this copy of its book was made. */
  restore(copy: string): void {
    this.book.close();
    copyFileSync(copy, join(this.folder, 'site.sqlite'));
    this.reopen();
  }

  backUp(): string {
    this.book.close();
    const copy = join(temporaryFolder(), 'copy');
    copyFileSync(join(this.folder, 'site.sqlite'), copy);
    this.reopen();
    return copy;
  }

  reopen(): void {
    this.book = SiteBook.open(this.folder, gateKey(this.folder));
  }

  photosOf(id: string): string[] {
    const before = topics.photo(id, '');
    return [...this.retained.keys()]
      .filter((topic) => topic.startsWith(before))
      .map((topic) => topic.slice(before.length));
  }

  record(id: string) {
    const key = this.book.keys().at(-1)?.key ?? Buffer.alloc(0);
    return unsealPerson(
      openRecord(this.retained.get(topics.person(id)) ?? Buffer.alloc(0), this.authorities),
      key,
    );
  }
}

const picture = (text: string) => reference(unit(text.length), { picture: Buffer.from(text) });

it('a workstation restored from a copy publishes all anew, so that each record is the one its index names', async () => {
  const office = new Office();
  const ids = ['Ann', 'Bob'].map(
    (name, at) => office.gallery.addPerson({ name, consent: CONSENT }, [reference(unit(at + 1))]).id,
  );
  await office.publish();
  const copy = office.backUp();
  const [ann = ''] = ids;
  office.gallery.updatePerson(ann, { name: 'Anna' });
  await office.publish();
  office.gallery.updatePerson(ann, { name: 'Ann' });
  await office.publish();
  expect(office.manifest?.version).toBe(3);
  office.restore(copy);
  expect(await office.publish()).toMatchObject({ version: 4, people: 2 });
  const entries = [...office.retained]
    .filter(([topic]) => topic.includes('/index/'))
    .flatMap(([, payload]) => readIndex(payload));
  expect(entries.map(({ id }) => id).sort()).toEqual([...ids].sort());
  for (const { id, version, digest } of entries) {
    const payload = office.retained.get(topics.person(id)) ?? Buffer.alloc(0);
    expect(openRecord(payload, office.authorities)).toMatchObject({ id, version });
    expect(office.record(id).digest).toBe(digest);
  }
  expect(await office.publish()).toBeNull();
});

it('photos are those of the faces alone, and what is not one any more is taken off the broker', async () => {
  const office = new Office(true);
  const { id } = office.gallery.addPerson({ name: 'Ann', consent: CONSENT }, [picture('old')]);
  office.gallery.transact((writer) => {
    const createdAt = CONSENT.at;
    writer.addPicture({
      id: '2d383cd3-0b7c-498a-b1d5-2b3c4d5e6f71',
      personId: id,
      createdAt,
      jpeg: Buffer.from('no face'),
    });
  });
  await office.publish();
  expect(office.photosOf(id)).toEqual([photoName(Buffer.from('old'))]);
  office.gallery.transact((writer) => writer.dropReferences(id));
  office.gallery.addReferences(id, [picture('new one')]);
  await office.publish();
  expect(office.photosOf(id)).toEqual([photoName(Buffer.from('new one'))]);
});

it('nothing of a face is published of somebody who takes back the consent to being recognised', async () => {
  const office = new Office(true);
  const { id } = office.gallery.addPerson({ name: 'Ann', consent: CONSENT, cards: ['1234'] }, [
    picture('face'),
  ]);
  await office.publish();
  expect(office.record(id).person.faces).toHaveLength(1);
  office.gallery.updatePerson(id, { consent: { ...CONSENT, local: false } });
  await office.publish();
  expect(office.record(id).person).toMatchObject({ name: 'Ann', cards: ['1234'], faces: [] });
  expect(office.photosOf(id)).toEqual([]);
});

it('two commands do not publish from one folder at a time, and no version is given twice', async () => {
  const office = new Office();
  expect(office.book.nextVersion(7)).toBe(8);
  expect(office.book.nextVersion(0)).toBe(9);
  expect(() => SiteBook.open(office.folder, gateKey(office.folder), undefined, 50)).toThrow(
    expect.objectContaining({ code: 'SITE_BOOK_UNUSABLE', message: expect.stringContaining('another') }),
  );
  office.book.close();
  office.reopen();
  expect(office.book.nextVersion(0)).toBe(10);
});
