import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { matches } from '../../src/mqtt/index.ts';
import {
  type Arrival,
  bucketHashes,
  bucketOf,
  digestOf,
  type Entry,
  encryptionPublicKey,
  indexOf,
  manifestBody,
  newEncryptionKey,
  plainOf,
  type SiteFault,
  type SitePerson,
  type SiteRoster,
  type SiteWire,
  sealPerson,
  signBody,
  signerOf,
  siteTopics,
  wrapKey,
} from '../../src/site/index.ts';

export const SITE = 'hq';
export const PREFIX = 'menshen';
export const GATE = 'north';
export const MODEL = { id: 'embedding', version: '1' };
export const topics = siteTopics(PREFIX, SITE);

/** A template that is one whatever the seed: all of its length in one place. */
export function vectorText(seed: number): string {
  const bytes = Buffer.alloc(2048);
  bytes.writeFloatLE(1, (seed % 512) * 4);
  return bytes.toString('base64');
}

export function person(id: string, change: Partial<SitePerson> = {}): SitePerson {
  return {
    id,
    salt: Buffer.alloc(16, id).toString('base64'),
    name: `Somebody ${id.slice(0, 4)}`,
    consent: { local: true, cloud: false, at: '2026-01-02T03:04:05.678Z', version: 'v1' },
    groups: [],
    validFrom: null,
    validUntil: null,
    cards: [],
    pin: null,
    duressPin: null,
    antiPassbackExempt: false,
    extendedTime: false,
    faces: [{ qualityScore: 0.9, template: { model: MODEL, vector: vectorText(1) }, photo: null }],
    ...change,
  };
}

/** What an administrator does, without a book or a broker: every publication is a set of retained messages. */
export class Administrator {
  readonly privateKey: KeyObject = generateKeyPairSync('ed25519').privateKey;
  readonly contentKey = randomBytes(32);
  readonly #people = new Map<string, { entry: Entry; plain: Buffer }>();
  version = 0;

  get publicKey(): KeyObject {
    return createPublicKey(this.privateKey);
  }

  get ids(): Set<string> {
    return new Set(this.#people.keys());
  }

  get root(): string {
    return manifestBody(this.#head(), bucketHashes(this.entries)).root;
  }

  get entries(): Entry[] {
    return [...this.#people.values()].map(({ entry }) => entry);
  }

  keysFor(gate: string, key: KeyObject): [string, string] {
    const keys = [wrapKey(this.contentKey, SITE, gate, 1, encryptionPublicKey(key))];
    return [topics.keys(gate), this.#sign('keys', { site: SITE, gate, keys })];
  }

  /** Changes people and gives what is to be published, in the order in which it is; null takes somebody away. */
  publish(changes: ReadonlyMap<string, SitePerson | null>): [string, string][] {
    this.version += 1;
    const messages: [string, string][] = [];
    for (const [id, change] of changes) {
      this.#people.delete(id);
      if (change === null) continue;
      const plain = plainOf(change);
      this.#people.set(id, { entry: { id, version: this.version, digest: digestOf(plain) }, plain });
      const sign = signerOf(this.privateKey);
      const sealing = { site: SITE, version: this.version, epoch: 1, key: this.contentKey, sign };
      messages.push([topics.person(id), sealPerson(id, plain, sealing)]);
    }
    for (const bucket of new Set([...changes.keys()].map(bucketOf))) {
      messages.push([topics.index(bucket), this.index(bucket)]);
    }
    messages.push([topics.manifest, this.manifest()]);
    for (const [id, change] of changes) if (change === null) messages.push([topics.person(id), '']);
    return messages;
  }

  index(bucket: number): string {
    return indexOf(this.entries.filter(({ id }) => bucketOf(id) === bucket));
  }

  manifest(): string {
    return this.#sign('manifest', manifestBody(this.#head(), bucketHashes(this.entries)));
  }

  #head() {
    const issuedAt = '2026-01-02T03:04:05.678Z';
    return { site: SITE, version: Math.max(1, this.version), count: this.#people.size, epoch: 1, issuedAt };
  }

  #sign(kind: 'manifest' | 'keys', body: unknown): string {
    return signBody(kind, body, signerOf(this.privateKey));
  }
}

/** A roster in memory, as strict as the gallery: everything in it stays when the follower is made anew. */
export class MemoryRoster implements SiteRoster {
  readonly people = new Map<string, Arrival>();
  believed = { version: 0, root: '' };

  *entries(): Generator<Entry> {
    for (const {
      person: { id },
      version,
      digest,
    } of this.people.values())
      yield { id, version, digest };
  }

  believe(version: number, root: string): void {
    this.believed = { version, root };
  }

  confirm(): void {}

  remove(ids: readonly string[]): readonly string[] {
    return ids.filter((id) => this.people.delete(id));
  }

  apply(arrivals: readonly Arrival[]): { added: string[]; updated: string[] } {
    const added = arrivals.map(({ person: { id } }) => id).filter((id) => !this.people.has(id));
    for (const arrival of arrivals) this.people.set(arrival.person.id, arrival);
    return { added, updated: arrivals.map(({ person: { id } }) => id).filter((id) => !added.includes(id)) };
  }

  faults(): readonly SiteFault[] {
    return [...this.people.values()].flatMap(({ faults }) => faults);
  }
}

/** A broker of which every message on its way can be lost, doubled and put out of order. */
export class WildBroker implements SiteWire {
  readonly retained = new Map<string, string | Uint8Array>();
  readonly onWay: [string, Uint8Array][] = [];
  #filters = new Set<string>();

  publish(messages: readonly (readonly [string, string | Uint8Array])[]): void {
    for (const [topic, payload] of messages) {
      if (payload.length === 0) this.retained.delete(topic);
      else this.retained.set(topic, payload);
      if ([...this.#filters].some((filter) => matches(filter, topic))) this.#send(topic, payload);
    }
  }

  subscribe(filters: readonly string[]): void {
    for (const filter of filters) {
      this.#filters.add(filter);
      for (const [topic, payload] of this.retained) if (matches(filter, topic)) this.#send(topic, payload);
    }
  }

  unsubscribe(filters: readonly string[]): void {
    for (const filter of filters) this.#filters.delete(filter);
  }

  /** The connection is gone, and what was on its way. */
  cut(): void {
    this.#filters = new Set();
    this.onWay.length = 0;
  }

  #send(topic: string, payload: string | Uint8Array): void {
    this.onWay.push([topic, Buffer.from(payload)]);
  }
}

export const gateKey = newEncryptionKey();
