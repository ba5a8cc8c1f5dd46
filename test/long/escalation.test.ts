import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type PublicDecisionRecord, PublicDecisionRecordSchema } from '../../src/access/index.ts';
import { createLogger, monotonicMs } from '../../src/common/index.ts';
import { Gallery } from '../../src/gallery/index.ts';
import { type House as CloudHouse, openHouse, READY } from '../cloud-server/support.ts';
import { House, REX } from '../e2e/house.ts';

/** Alice, who scores about 0.7, lies in the band below this threshold. */
const settings = ({ server, app }: CloudHouse) => `decision:
  matchThreshold: 0.9
  unsureBelowThreshold: 0.5
  lockout: { failures: 100 }
  escalation: { scoreBand: 0.5, compareThreshold: 0.5, deadlineMs: 8000 }
cloud:
  endpoint: http://127.0.0.1:${server.port}
  appKey: { value: ${app.appKey} }
  accessKey: { value: ${app.accessKey} }
  secretKey: { value: ${app.secretKey} }
  envelope: { publicKey: ${app.publicKey} }
`;

describe.skipIf(!READY)('a gate that is unsure of everybody, and a cloud of our own', () => {
  let cloud: CloudHouse;
  let house: House;
  const gallery = () =>
    Gallery.open({ dataDir: join(house.folder, 'data'), log: createLogger('test', 'silent') });

  beforeAll(async () => {
    cloud = await openHouse();
    house = await House.build(settings(cloud));
  });
  afterEach(() => house.daemon?.stop());
  afterAll(async () => {
    await house.tearDown();
    await cloud.stop();
  });

  /** The first denial after so many events that too few frames were not the reason of: a machine with much to do begins with such. */
  async function denial(from: number): Promise<PublicDecisionRecord> {
    for (let after = from; ; ) {
      const denied = await house.event('access.denied', after, 40_000);
      const record = PublicDecisionRecordSchema.parse(denied.data);
      if (record.frames.length >= record.thresholds.minFrames) return record;
      after = house.events.indexOf(denied) + 1;
    }
  }

  it('keeps the door locked for who has not consented, and opens it by the cloud for who has', async () => {
    await house.startDaemon();
    await house.event('cloud.up');
    expect(await denial(0)).toMatchObject({
      reason: 'UNSURE',
      cloud: { asked: false, why: 'the best candidate has not consented to the cloud' },
    });
    expect(cloud.server.store.usage.since(new Date(0))).toEqual([]);
    const people = gallery();
    const [alice] = people.list();
    people.updatePerson(alice.id, { consent: { ...alice.consent, cloud: true } });
    people.close();
    const granted = await house.event('access.granted', house.events.length, 40_000);
    const record = PublicDecisionRecordSchema.parse(granted.data);
    expect(record).toMatchObject({
      reason: 'GRANTED_CLOUD',
      rule: 'face-and-cloud',
      person: { name: 'Alice' },
      cloud: { asked: true, inquiry: { liveness: { verdict: 'live' }, compare: { code: null } } },
    });
    expect(record.frames.at(-1)?.ageMs).toBeLessThan(800);
    await house.relay(1, 0);
    const calls = cloud.server.store.usage.since(new Date(0)).map(({ api }) => api);
    expect(calls.sort()).toEqual(['compare', 'silentLiveness']);
  });

  it('runs its doors when a key of the cloud cannot be read, and says so', async () => {
    const config = readFileSync(house.configFile, 'utf8');
    writeFileSync(house.configFile, config.replace(/secretKey: .*/, 'secretKey: { file: nothing-here }'));
    const from = house.events.length;
    await house.startDaemon();
    expect((await house.event('cloud.down', from)).data).toMatchObject({ code: 'SECRET_UNREADABLE' });
    const pressed = monotonicMs();
    house.drive(REX, 0);
    expect((await house.relay(1, pressed, 2000)).at - pressed).toBeLessThan(300);
    house.drive(REX, 1);
    expect((await denial(from)).cloud.inquiry?.liveness?.code).toBe('UNAVAILABLE');
    writeFileSync(house.configFile, config);
  });
});
