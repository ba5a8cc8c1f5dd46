import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { openDeviceKey, readDevicePublicKey } from '../../src/common/index.ts';
import {
  bucketOf,
  encryptionPublicKey,
  Follower,
  type Looked,
  newEncryptionKey,
  openReport,
  photoName,
  type SiteReport,
  sealPhoto,
  signReport,
  unwrapKey,
  wrapKey,
} from '../../src/site/index.ts';
import { temporaryFolder } from '../gallery/helpers.ts';
import {
  Administrator,
  GATE,
  gateKey,
  MemoryRoster,
  MODEL,
  PREFIX,
  person,
  SITE,
  topics,
  vectorText,
  WildBroker,
} from './support.ts';

const [ALICE, BOB] = ['8f14e45f-ceea-467f-a9cf-1b2c3d4e5f60', '1c383cd3-0b7c-498a-b1d5-2b3c4d5e6f70'];

interface Setting {
  readonly look?: (jpegs: readonly Uint8Array[]) => Promise<readonly Looked[]>;
  readonly key?: typeof gateKey;
}

function setUp({ look = async () => [], key = gateKey }: Setting = {}) {
  const admin = new Administrator();
  const broker = new WildBroker();
  const roster = new MemoryRoster();
  const refusals: string[] = [];
  const parts = {
    prefix: PREFIX,
    site: SITE,
    gate: GATE,
    authorities: [admin.publicKey],
    encryptionKey: key,
    model: MODEL,
    wire: broker,
    roster,
    look,
    onChange: () => {},
    onRefusal: (code: string) => void refusals.push(code),
  };
  let follower = new Follower(parts);
  broker.publish([admin.keysFor(GATE, gateKey)]);
  broker.publish(
    admin.publish(
      new Map([
        [ALICE, person(ALICE)],
        [BOB, person(BOB)],
      ]),
    ),
  );
  const deliver = () => {
    for (const { onWay } = broker; onWay.length > 0; ) {
      const [message] = onWay.splice(0, 1);
      if (message !== undefined) follower.take(...message, 0);
    }
  };
  const restart = () => {
    broker.cut();
    follower = new Follower(parts);
    follower.up(0);
    deliver();
  };
  follower.up(0);
  deliver();
  return { admin, broker, roster, refusals, deliver, restart, follower: () => follower };
}

describe('a broker that cannot be relied on', () => {
  it('cannot bring back who was taken away, by old messages, before or after a restart', () => {
    const { admin, broker, roster, refusals, deliver, restart, follower } = setUp();
    const before = new Map(broker.retained);
    broker.publish(admin.publish(new Map([[ALICE, null]])));
    deliver();
    expect([...roster.people.keys()]).toEqual([BOB]);
    broker.publish([...before]);
    deliver();
    restart();
    expect([...roster.people.keys()]).toEqual([BOB]);
    expect(refusals).toContain('SITE_ROLLED_BACK');
    expect(follower().progress).toMatchObject({ state: 'refused', problem: 'SITE_ROLLED_BACK' });
    expect(follower().isCurrent).toBe(false);
  });

  it('cannot forge or alter: manifest, index, record and keys of others count for nothing', () => {
    const { admin, broker, roster, refusals, deliver, follower } = setUp();
    const stranger = new Administrator();
    stranger.version = admin.version;
    broker.publish(stranger.publish(new Map([[ALICE, null]])));
    broker.publish([stranger.keysFor(GATE, gateKey)]);
    deliver();
    expect(refusals).toContain('SITE_UNSIGNED');
    expect(roster.people.size).toBe(2);
    const messages = admin.publish(new Map([[ALICE, person(ALICE, { name: 'Changed' })]]));
    const altered = messages.map(([topic, payload]) =>
      topic === topics.person(ALICE)
        ? ([
            topic,
            payload.replace(/sealed\\":\\"(.)/, (_, first) => `sealed\\":\\"${first === 'A' ? 'B' : 'A'}`),
          ] as const)
        : ([topic, payload] as const),
    );
    broker.publish(altered);
    deliver();
    expect(roster.people.get(ALICE)?.person.name).not.toBe('Changed');
    expect(follower().isCurrent).toBe(false);
    broker.publish([[topics.index(bucketOf(ALICE)), '[]'], ...messages]);
    follower().tick(100_000);
    deliver();
    expect(roster.people.get(ALICE)?.person.name).toBe('Changed');
  });

  it('cannot flood the gate with refusals: garbage of every kind, in turns, is told once for each kind in ten minutes', () => {
    const { admin, broker, refusals, deliver, follower } = setUp();
    const old = broker.retained.get(topics.manifest) ?? '';
    broker.publish(admin.publish(new Map([[ALICE, null]])));
    deliver();
    const garbage = [new Administrator().manifest(), 'no json', old];
    const flood = (now: number) => {
      for (let round = 0; round < 50; round += 1) {
        for (const payload of garbage) follower().take(topics.manifest, Buffer.from(payload), now + round);
      }
    };
    flood(1000);
    expect(refusals).toEqual(['SITE_UNSIGNED', 'SITE_MESSAGE_INVALID', 'SITE_ROLLED_BACK']);
    expect(follower().state).toBe('refused');
    flood(602_000);
    expect(refusals).toHaveLength(6);
  });

  it('cannot read: a content key opens with the key of its gate alone', () => {
    const [own, other] = [newEncryptionKey(), newEncryptionKey()];
    const key = Buffer.alloc(32, 7);
    const wrapped = wrapKey(key, SITE, GATE, 3, encryptionPublicKey(own));
    expect(unwrapKey(wrapped, SITE, GATE, own)).toEqual(key);
    for (const [site, gate, secret] of [
      [SITE, GATE, other],
      ['other', GATE, own],
      [SITE, 'south', own],
    ] as const) {
      expect(() => unwrapKey(wrapped, site, gate, secret)).toThrow(/not sealed/);
    }
    expect(() => unwrapKey({ ...wrapped, epoch: 4 }, SITE, GATE, own)).toThrow(/not sealed/);
  });

  it('leaves a gate without a content key waiting, holding nobody', () => {
    const { roster, follower } = setUp({ key: newEncryptionKey() });
    expect(roster.people.size).toBe(0);
    expect(follower().state).not.toBe('complete');
  });
});

describe('faces', () => {
  it('of another network are made from the photo, and what is wrong with one is reported', async () => {
    const jpegs = [Buffer.from('good photo'), Buffer.from('dark photo'), Buffer.from('lost photo')];
    const other = { id: 'other', version: '9' };
    const faces = jpegs.map((jpeg) => ({
      qualityScore: 0.8,
      template: { model: other, vector: vectorText(3) },
      photo: photoName(jpeg),
    }));
    const vector = new Float32Array(512);
    vector[5] = 1;
    const look = async (photos: readonly Uint8Array[]): Promise<readonly Looked[]> =>
      photos.map((photo) =>
        Buffer.from(photo).toString() === 'good photo'
          ? { vector, model: MODEL, qualityScore: 0.7 }
          : { code: 'ENROLL_POOR_QUALITY' },
      );
    const { admin, broker, roster, deliver, follower } = setUp({ look });
    const sealing = { site: SITE, epoch: 1, key: admin.contentKey };
    broker.publish(
      jpegs
        .slice(0, 2)
        .map((jpeg) => [topics.photo(ALICE, photoName(jpeg)), sealPhoto(jpeg, sealing)] as const),
    );
    broker.publish(admin.publish(new Map([[ALICE, person(ALICE, { faces })]])));
    deliver();
    for (let now = 100_000; now < 1_300_000; now += 400_000) {
      follower().tick(now);
      deliver();
      await new Promise((resolve) => setImmediate(resolve));
    }
    follower().tick(2_000_000);
    expect(roster.people.get(ALICE)?.templates.map(({ model }) => model)).toEqual([MODEL]);
    expect(follower().progress).toMatchObject({
      state: 'complete',
      root: admin.root,
      faults: [
        { id: ALICE, face: 1, code: 'ENROLL_POOR_QUALITY' },
        { id: ALICE, face: 2, code: 'SITE_PHOTO_MISSING' },
      ],
    });
  });
});

describe('a photo that cannot be looked at now', () => {
  const jpeg = Buffer.from('good photo');
  const faces = [
    {
      qualityScore: 0.8,
      template: { model: { id: 'other', version: '9' }, vector: vectorText(3) },
      photo: photoName(jpeg),
    },
  ];

  async function follow(failures: number) {
    let calls = 0;
    const look = async (): Promise<readonly Looked[]> => {
      calls += 1;
      if (calls <= failures) throw new Error('no memory');
      const vector = new Float32Array(512);
      vector[5] = 1;
      return [{ vector, model: MODEL, qualityScore: 0.7 }];
    };
    const { admin, broker, roster, deliver, follower } = setUp({ look });
    broker.publish([
      [
        topics.photo(ALICE, photoName(jpeg)),
        sealPhoto(jpeg, { site: SITE, epoch: 1, key: admin.contentKey }),
      ],
    ]);
    broker.publish(admin.publish(new Map([[ALICE, person(ALICE, { faces })]])));
    deliver();
    for (let now = 100_000; now < 2_000_000; now += 400_000) {
      await new Promise((resolve) => setImmediate(resolve));
      follower().tick(now);
      deliver();
    }
    return { roster, calls: () => calls };
  }

  it('is looked at again', async () => {
    const { roster, calls } = await follow(2);
    expect(roster.faults()).toEqual([]);
    expect(roster.people.get(ALICE)?.templates).toHaveLength(1);
    expect(calls()).toBe(3);
  });

  it('counts as missing, not as unusable, when it is given up', async () => {
    const { roster } = await follow(100);
    expect(roster.faults()).toEqual([{ id: ALICE, face: 0, code: 'SITE_PHOTO_MISSING' }]);
  });
});

describe('a report', () => {
  it('is believed when the device signed it that is known', () => {
    const [device, other] = [openDeviceKey(temporaryFolder()), openDeviceKey(temporaryFolder())];
    const { follower } = setUp();
    const { privateKey } = generateKeyPairSync('x25519');
    const report: SiteReport = {
      gate: GATE,
      site: SITE,
      at: new Date().toISOString(),
      ...follower().progress,
      faults: [],
      model: 'embedding 1',
      encryptionKey: encryptionPublicKey(privateKey),
      device: device.spki,
    };
    const payload = Buffer.from(signReport(report, device));
    expect(openReport(payload, readDevicePublicKey(device.spki))).toEqual(report);
    expect(() => openReport(payload, readDevicePublicKey(other.spki))).toThrow(/not signed/);
  });
});
