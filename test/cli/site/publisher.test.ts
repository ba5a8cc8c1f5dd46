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
