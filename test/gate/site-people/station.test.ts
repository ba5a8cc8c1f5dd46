import { generateKeyPairSync } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { connectAsync, type MqttClient } from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SiteBook } from '../../../src/cli/site/book.ts';
import { Broker } from '../../../src/cli/site/broker.ts';
import { publishSite } from '../../../src/cli/site/publisher.ts';
import { publicKeyOf, readPublicKey } from '../../../src/commands/index.ts';
import { openDeviceKey } from '../../../src/common/index.ts';
import { MqttSchema } from '../../../src/config/schema/mqtt.ts';
import { type Gallery, gateKey, SitePeople } from '../../../src/gallery/index.ts';
import { Station } from '../../../src/gate/site-people/station.ts';
import { encryptionPublicKey, newEncryptionKey, openManifest, siteTopics } from '../../../src/site/index.ts';
import { CONSENT, log, MODEL, openGallery, reference, temporaryFolder, unit } from '../../gallery/helpers.ts';
import { judgeByDocument, judgeInner, type PublishedMessage } from '../../support/asyncapi.ts';
import { startMosquitto } from '../../support/mosquitto.ts';

const topics = siteTopics('menshen', 'hq');

class Office {
  readonly folder = temporaryFolder();
  readonly gallery = openGallery(this.folder);
  readonly book: SiteBook;
  readonly privateKey = generateKeyPairSync('ed25519').privateKey;
  readonly authorities = [readPublicKey(publicKeyOf(this.privateKey))];
  readonly #broker: Broker;

  constructor(client: MqttClient, photos = false) {
    this.book = SiteBook.open(this.folder, gateKey(this.folder), { site: 'hq', photos });
    this.#broker = new Broker(client);
    onTestFinished(() => this.book.close());
  }

  add(name: string, seed: number, picture?: Uint8Array): string {
    const face = reference(unit(seed), picture === undefined ? {} : { picture });
    return this.gallery.addPerson({ name, consent: CONSENT }, [face]).id;
  }

  async publish() {
    const payload = (await this.#broker.retained([topics.manifest])).get(topics.manifest);
    const present = payload === undefined ? null : openManifest(payload, 'hq', this.authorities);
    const { gallery, book, privateKey } = this;
    return publishSite({ gallery, book, privateKey, topics, present, put: this.#broker.put, all: false });
  }
}

class Gate {
  readonly folder = temporaryFolder();
  readonly gallery: Gallery = openGallery(this.folder);
  readonly encryptionKey = newEncryptionKey();
  readonly refusals: string[] = [];
  station!: Station;
  #stop: () => Promise<void> = async () => {};

  readonly id: string;
  readonly url: string;
  readonly office: Office;

  constructor(id: string, url: string, office: Office) {
    this.id = id;
    this.url = url;
    this.office = office;
    const device = openDeviceKey(this.folder).spki;
    office.book.putGate({ id, device, encryptionKey: encryptionPublicKey(this.encryptionKey) });
    onTestFinished(() => this.stop());
  }

  start(): void {
    const roster = SitePeople.open({ dataDir: this.folder, site: 'hq', model: MODEL });
    this.station = new Station({
      gate: this.id,
      site: 'hq',
      authorities: this.office.authorities,
      encryptionKey: this.encryptionKey,
      deviceKey: openDeviceKey(this.folder),
      mqtt: { ...MqttSchema.parse({ url: this.url }), password: undefined },
      model: MODEL,
      roster,
      look: async () => [],
      log,
      onChange: () => {},
      onReport: () => {},
      onComplete: () => {},
      onConfirm: () => {},
      onRefusal: (code) => this.refusals.push(code),
    });
    this.station.start();
    this.#stop = async () => {
      await this.station.stop();
      roster.close();
    };
  }

  async stop(): Promise<void> {
    const stop = this.#stop;
    this.#stop = async () => {};
    await stop();
  }

  /** Ids in the gallery, once the gate has what this version says. */
  async at(version: number): Promise<string[]> {
    const { station, gallery } = this;
    await expect
      .poll(() => [station.report.state, station.report.version], { timeout: 15_000 })
      .toEqual(['complete', version]);
    gallery.refresh();
    return gallery.list().flatMap(({ id, site }) => (site === null ? [] : [id]));
  }
}

/** All that is said of a site, by whomever, as it was published. */
async function overhear(url: string): Promise<PublishedMessage[]> {
  const heard: PublishedMessage[] = [];
  const client = await connectAsync(url, { protocolVersion: 5 });
  onTestFinished(() => client.endAsync());
  client.on('message', (topic, payload, { retain }) => heard.push({ topic, payload, retain }));
  await client.subscribeAsync('menshen/#', { qos: 1, rap: true });
  return heard;
}

describe('gates that follow a site over a real broker', () => {
  it('hold what the workstation published, also when they were away, lost their gallery or another was removed', async () => {
    const broker = await startMosquitto();
    onTestFinished(() => broker.stop());
    const heard = await overhear(broker.url);
    const client = await connectAsync(broker.url);
    onTestFinished(() => client.endAsync());
    const office = new Office(client, true);
    const [north, south] = [new Gate('north', broker.url, office), new Gate('south', broker.url, office)];
    const everybody = Array.from({ length: 30 }, (_, at) => office.add(`Person ${at}`, at + 1));
    north.start();
    south.start();
    expect(await office.publish()).toEqual({ version: 1, people: 30, changed: 30, removed: 0 });
    expect((await north.at(1)).sort()).toEqual([...everybody].sort());
    expect((await south.at(1)).sort()).toEqual([...everybody].sort());
    expect(await office.publish()).toBeNull();

    const local = south.gallery.addPerson({ name: 'Local', consent: CONSENT }, [reference(unit(99))]);
    await south.stop();
    const [gone = '', changed = ''] = everybody;
    office.gallery.removePerson(gone);
    office.gallery.updatePerson(changed, { name: 'Changed' });
    const added = office.add('Added', 50, Buffer.from('a photo'));
    expect(await office.publish()).toEqual({ version: 2, people: 30, changed: 2, removed: 1 });
    const now = [...everybody.filter((id) => id !== gone), added].sort();
    expect((await north.at(2)).sort()).toEqual(now);
    south.start();
    expect((await south.at(2)).sort()).toEqual(now);
    expect(south.gallery.get(changed)?.name).toBe('Changed');
    expect(south.gallery.get(local.id)?.name).toBe('Local');
    expect(south.gallery.search({ vector: unit(51), model: MODEL })[0]?.score).toBeLessThan(0.9);
    expect(south.gallery.search({ vector: unit(50), model: MODEL })[0]?.personId).toBe(added);

    office.book.removeGate('north');
    office.book.rotate();
    const late = office.add('Late', 60);
    expect(await office.publish()).toMatchObject({ version: 3, changed: 1 });
    expect(await south.at(3)).toContain(late);
    await expect.poll(() => north.station.report.state, { timeout: 10_000 }).toBe('waiting');
    north.gallery.refresh();
    expect(north.gallery.get(late)).toBeNull();

    await south.stop();
    south.gallery.close();
    for (const suffix of ['', '-wal', '-shm'])
      rmSync(join(south.folder, `gallery.sqlite${suffix}`), { force: true });
    south.start();
    await expect.poll(() => south.station.report.count, { timeout: 15_000 }).toBe(31);
    expect(south.station.report).toMatchObject({ state: 'complete', faultCount: 0, pending: 0 });
    expect([...north.refusals, ...south.refusals]).toEqual([]);

    const judges = [judgeByDocument(), judgeInner()];
    const problems = judges.flatMap((judge) => heard.map(judge)).filter((problem) => problem !== null);
    expect(problems).toEqual([]);
    for (const kind of ['manifest', 'index', 'people', 'photos', 'keys', 'site']) {
      expect(heard.some(({ topic, payload }) => topic.split('/').includes(kind) && payload.length > 0)).toBe(
        true,
      );
    }
  });
});
