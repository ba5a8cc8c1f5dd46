import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type PublicDecisionRecord, PublicDecisionRecordSchema } from '../../src/access/index.ts';
import { createLogger } from '../../src/common/index.ts';
import { Gallery } from '../../src/gallery/index.ts';
import type { JournalEvent } from '../../src/journal/index.ts';
import { type House as CloudHouse, openHouse, READY } from '../cloud-server/support.ts';
import { House, REX } from '../e2e/house.ts';

/** Alice comes every eight seconds; a busy machine may let many of her visits pass before it sees enough of one. */
const VISITS_MS = 120_000;
/** Why nothing came of asking about a face of which a busy machine saw too little, or too late. */
const TOO_LITTLE =
  /only \d of \d frames|no longer seen|no frame is fresh|no picture came in time|no answer was waited for/;

/** Alice, who scores about 0.7, lies in the band below this threshold. How old pictures may be is told elsewhere. */
const settings = ({ server, app }: CloudHouse) => `decision:
  matchThreshold: 0.9
  unsureBelowThreshold: 0.5
  lockout: { failures: 100 }
  maxFrameAgeMs: 2500
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

  beforeAll(async () => {
    cloud = await openHouse();
    house = await House.build(settings(cloud));
  });
  afterEach(() => house.daemon?.stop());
  afterAll(async () => {
    await house.tearDown();
    await cloud.stop();
  });

  function consentToCloud(consents: boolean): void {
    const people = Gallery.open({
      dataDir: join(house.folder, 'data'),
      log: createLogger('test', 'silent'),
    });
    const [alice] = people.list();
    people.updatePerson(alice.id, { consent: { ...alice.consent, cloud: consents } });
    people.close();
  }

  /** Which calls the cloud has had. */
  const calls = () => cloud.server.store.usage.since(new Date(0)).map(({ api }) => api);

  /** The first denial after an event of a face of which enough was seen. */
  function denial({ seq }: JournalEvent): Promise<PublicDecisionRecord> {
    const found = () =>
      house.events
        .filter((event) => event.seq > seq && event.type === 'access.denied')
        .map(({ data }) => PublicDecisionRecordSchema.parse(data))
        .find((record) => record.rule !== 'quality' && !TOO_LITTLE.test(record.cloud.why));
    return house.until(found, VISITS_MS, 'denial of a face of which enough was seen');
  }

  it('keeps the door locked for who has not consented, and opens it by the cloud for who has', async () => {
    consentToCloud(false);
    const [from, before] = [house.events.length, calls()];
    await house.startDaemon();
    expect(await denial(await house.event('cloud.up', from))).toMatchObject({
      reason: 'UNSURE',
      cloud: { asked: false, why: 'the best candidate has not consented to the cloud' },
    });
    expect(calls()).toEqual(before);
    consentToCloud(true);
    const granted = await house.event('access.granted', from, VISITS_MS);
    const record = PublicDecisionRecordSchema.parse(granted.data);
    expect(record).toMatchObject({
      reason: 'GRANTED_CLOUD',
      rule: 'face-and-cloud',
      person: { name: 'Alice' },
      cloud: { asked: true, inquiry: { liveness: { verdict: 'live' }, compare: { code: null } } },
    });
    expect(record.frames.at(-1)?.ageMs).toBeLessThan(record.thresholds.maxFrameAgeMs);
    await house.relay(1, 0);
    expect(calls().sort()).toEqual(['compare', 'silentLiveness']);
  });

  it('runs its doors when a key of the cloud cannot be read, and says so', async () => {
    const config = readFileSync(house.configFile, 'utf8');
    writeFileSync(house.configFile, config.replace(/secretKey: .*/, 'secretKey: { file: nothing-here }'));
    const from = house.events.length;
    await house.startDaemon();
    const down = await house.event('cloud.down', from);
    expect(down.data).toMatchObject({ code: 'SECRET_UNREADABLE' });
    const pressed = await house.driveAt(REX, 0);
    expect((await house.relay(1, pressed, 2000)).at - pressed).toBeLessThan(300);
    house.drive(REX, 1);
    expect((await denial(down)).cloud.inquiry?.liveness?.code).toBe('UNAVAILABLE');
    writeFileSync(house.configFile, config);
  });
});
