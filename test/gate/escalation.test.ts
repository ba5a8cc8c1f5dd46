import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { DecisionRecordSchema } from '../../src/access/index.ts';
import { createLogger, monotonicMs } from '../../src/common/index.ts';
import { ConfigSchema } from '../../src/config/schema.ts';
import { Door, openGpio } from '../../src/door/index.ts';
import { Gallery } from '../../src/gallery/index.ts';
import { Lane } from '../../src/gate/lane.ts';
import type { EventInput, JournalEntry } from '../../src/journal/index.ts';
import { MODEL, policy, QUALITY_LIMITS, sighting, vector } from '../access/support.ts';
import { type Respond, StrictServer } from '../cloud/strict-server.ts';
import { cloudConfig, jpeg, makeClient } from '../cloud/support.ts';
import { makeAuthority, makeCertificate } from '../support/certificates.ts';
import { checked } from '../support/events.ts';
import { entranceOf } from './entrance-support.ts';

const log = createLogger('test', 'silent');
const config = ConfigSchema.parse({
  gate: { id: 'gate' },
  cameras: [{ id: 'camera', source: 'rtsp://127.0.0.1/', door: 'front' }],
  doors: [{ id: 'front', relay: { line: { driver: 'simulated', line: 1 } }, unlockMs: 300 }],
  access: { faceOnly: 'accepted' },
});

/** Pictures that nobody could take for one another, by what they show. */
const PICTURES = ['live', 'alice', 'bob', 'cid', 'stranger'] as const;
type Shown = (typeof PICTURES)[number];

let dir: string;
let caFile: string;
let tls: { cert: string; key: string };
const pictures = new Map<Shown, Uint8Array>();
const shows = (who: Shown): Uint8Array => pictures.get(who) ?? new Uint8Array();

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'menshen-escalation-'));
  const authority = makeAuthority(dir, 'ca');
  const { certFile, keyFile } = makeCertificate(dir, 'server', authority, 'IP:127.0.0.1');
  caFile = authority.certFile;
  tls = { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
  for (const [index, who] of PICTURES.entries()) pictures.set(who, await jpeg(240 + index, 320));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Verdict on a face in the middle of the picture, and a score. */
const says = (verdict: string, score: number | ((second: Shown | undefined) => number)): Respond => {
  return ({ api, body }) =>
    api === 'silentLiveness'
      ? {
          statusCode: '0',
          message: 'success',
          returnObj: {
            face_num: 1,
            face_list: [
              { face_location: { top: 90, left: 60, width: 120, height: 140 }, FaceAntiSpoofing: verdict },
            ],
          },
        }
      : {
          statusCode: 0,
          message: 'success',
          returnObj: {
            Score: typeof score === 'number' ? score : score(whoIs(body.img2Base64)),
            RectAList: [60, 90, 120, 140],
          },
        };
};

function whoIs(base64: unknown): Shown | undefined {
  const bytes = Buffer.from(String(base64), 'base64');
  return PICTURES.find((who) => bytes.equals(shows(who)));
}

/** Real gallery, door (on simulated lines), client and HTTPS; only the sightings are made up. */
async function build(overrides: Partial<ReturnType<typeof policy>['escalation']> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'menshen-lane-'));
  const gallery = Gallery.open({ dataDir: folder, log });
  const at = new Date().toISOString();
  const enrol = (name: string, axis: number, picture: Shown | null, cloud: boolean) =>
    gallery.addPerson({ name, consent: { local: true, cloud, at, version: '1' } }, [
      {
        embedding: { vector: vector(axis), model: MODEL },
        qualityScore: 0.9,
        picture: picture && shows(picture),
      },
    ]);
  const people = {
    alice: enrol('Alice', 0, 'alice', true),
    bob: enrol('Bob', 10, 'bob', false),
    cid: enrol('Cid', 20, 'cid', true),
    dan: enrol('Dan', 30, null, true),
  };
  const server = await StrictServer.start({ tls });
  server.respond = says('活体人脸', 0.95);
  const { client, counter } = makeClient(cloudConfig(server.endpoint, { caFile }));
  const events: JournalEntry[] = [];
  const gpio = await openGpio();
  const door = new Door({ config: config.doors[0], gpio, logger: log, onEvent: () => {} });
  await door.start();
  const depicted: string[] = [];
  const prompts: string[] = [];
  const rules = policy({ minFrames: 2 });
  const records = {
    record: (event: EventInput) => {
      events.push(checked(event));
      return event.id ?? randomUUID();
    },
    taken: async () => true,
    picture: () => {},
  };
  const lane = new Lane({
    match: () => null,
    prompts: { show: (_door, code) => prompts.push(code) },
    entrance: entranceOf(config, [door], gallery, records),
    directionOf: () => 'in',
    challenge: () => {},
    cancel: () => {},
    actionScheduled: () => false,
    door,
    gallery,
    records,
    log,
    policy: { ...rules, escalation: { ...rules.escalation, ...overrides } },
    qualityLimits: QUALITY_LIMITS,
    versions: { software: '1', config: 'c' },
    settle: () => {},
    cloud: client,
    depict: (_camera, track) => depicted.push(track),
  });
  const close = async () => {
    await client.close();
    await server.stop();
    await door.stop();
    await gpio.close();
    gallery.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { folder, gallery, people, server, client, counter, events, door, lane, depicted, prompts, close };
}

type Rig = Awaited<ReturnType<typeof build>>;
let rig: Rig;
beforeEach(async () => {
  rig = await build();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rig.close();
});

/** A face that resembles the person of this axis by so much: 0.41 lies in the band below the threshold. */
const like = (axis: number, cosine: number): Float32Array => {
  const v = new Float32Array(512);
  v[axis] = cosine;
  v[500] = Math.sqrt(1 - cosine * cosine);
  return v;
};

interface Look {
  vector?: Float32Array;
  liveness?: number;
  track?: string;
}

/** One frame captured just now; with a picture of what it shows. */
function frame({ track = 't1', ...look }: Look, shown: Shown | null = null): void {
  const seen = sighting({ at: monotonicMs() - 20, track, ...look });
  rig.lane.sighting(seen);
  if (shown !== null) {
    const { camera, frame: at } = seen;
    rig.lane.picture({ camera, track, seq: at.seq, qualityScore: 0.8, jpeg: shows(shown) });
  }
}

/** Somebody stands there, seen every few milliseconds, until a decision is recorded. */
async function stand(look: Look, shown: Shown | null = 'live', withinMs = 4000) {
  const { track = 't1' } = look;
  const known = rig.events.length;
  const mine = () => rig.events.slice(known).find(({ data }) => data.track === track);
  const end = monotonicMs() + withinMs;
  frame(look, shown);
  for (;;) {
    const event = mine();
    if (event !== undefined) return DecisionRecordSchema.parse(event.data);
    if (monotonicMs() > end) throw new Error('nothing was decided');
    await sleep(15);
    frame(look, rig.depicted.includes(track) ? shown : null);
  }
}

/** What was sent, picture by picture, out of the very bytes that came out of the TLS connection. */
function sent(): (Shown | 'unknown')[][] {
  return rig.server.received.map(({ raw }) => {
    const body: Record<string, unknown> = JSON.parse(raw.toString('utf8'));
    return Object.entries(body)
      .filter(([key]) => /image|img/i.test(key))
      .map(([, text]) => whoIs(text) ?? 'unknown');
  });
}

describe('an unsure face at a door with a cloud', () => {
  it('sends the live picture, then it and the stored one of that candidate, and opens on a yes to both', async () => {
    const record = await stand({ vector: like(0, 0.41) });
    expect(record).toMatchObject({ outcome: 'grant', reason: 'GRANTED_CLOUD', person: { name: 'Alice' } });
    expect(sent()).toEqual([['live'], ['live', 'alice']]);
    expect(rig.server.violations).toEqual([]);
    expect(rig.counter.charged).toBe(2);
    expect(record.cloud.inquiry).toMatchObject({
      reasons: ['score'],
      liveness: { verdict: 'live', code: null },
      compare: { score: 0.95, code: null },
      runnerUp: null,
      rule: 'face-and-cloud',
    });
    await vi.waitFor(() => expect(rig.door.status().relay).toBe('on'));
    await vi.waitFor(() => expect(rig.prompts).toEqual(['WAIT', 'GRANTED']));
  });

  it('stays locked, and sends no stored picture, when the cloud sees an attack', async () => {
    rig.server.respond = says('非活体人脸', 0.95);
    expect(await stand({ vector: like(0, 0.41) })).toMatchObject({ outcome: 'deny', reason: 'NOT_LIVE' });
    expect(sent()).toEqual([['live']]);
    expect(rig.door.status().relay).toBe('off');
  });

  it('stays locked when the cloud sees somebody else', async () => {
    rig.server.respond = says('活体人脸', 0.3);
    expect(await stand({ vector: like(0, 0.41) })).toMatchObject({ outcome: 'deny', reason: 'UNSURE' });
    expect(rig.door.status().relay).toBe('off');
  });

  it('asks the vision process for a picture when the newest one is not of this attempt', async () => {
    const record = await stand({ vector: like(0, 0.41) }, null);
    expect(record.cloud).toMatchObject({ asked: false, why: 'no picture came in time' });
    expect(rig.depicted).toEqual(['t1']);
    expect(sent()).toEqual([]);
  });

  it('compares the runner-up as well when two people match about equally', async () => {
    const both = like(0, 0.6);
    both[20] = 0.58;
    both[500] = Math.sqrt(1 - 0.6 ** 2 - 0.58 ** 2);
    rig.server.respond = says('活体人脸', (second) => (second === 'alice' ? 0.95 : 0.2));
    expect(await stand({ vector: both })).toMatchObject({
      reason: 'GRANTED_CLOUD',
      person: { name: 'Alice' },
    });
    expect(sent()).toEqual([['live'], ['live', 'alice'], ['live', 'cid']]);
  });
});

describe('what never leaves the gate', () => {
  it('a stranger, a clear attack, and who is known for certain', async () => {
    expect((await stand({ vector: vector(300) }, 'stranger')).reason).toBe('UNKNOWN_PERSON');
    expect((await stand({ vector: like(0, 0.41), liveness: 0.05, track: 't2' })).reason).toBe('NOT_LIVE');
    expect((await stand({ vector: vector(0), track: 't3' })).reason).toBe('GRANTED_FACE');
    expect(rig.server.connections).toBe(0);
  });

  it('anybody without consent to the cloud, as candidate or as runner-up', async () => {
    expect((await stand({ vector: like(10, 0.41) })).cloud.why).toContain('not consented');
    const both = like(0, 0.6);
    both[10] = 0.58;
    both[500] = Math.sqrt(1 - 0.6 ** 2 - 0.58 ** 2);
    expect((await stand({ vector: both, track: 't2' })).cloud.why).toContain('runner-up has not consented');
    expect(rig.server.connections).toBe(0);
  });

  it('somebody of whom no picture is stored', async () => {
    const record = await stand({ vector: like(30, 0.41) });
    expect(record).toMatchObject({
      outcome: 'deny',
      cloud: { asked: false, why: expect.stringContaining('no picture is stored') },
    });
    expect(rig.server.connections).toBe(0);
  });

  it('anything further once consent was taken back, by another process as well', async () => {
    const { alice } = rig.people;
    const other = Gallery.open({ dataDir: rig.folder, log });
    const first = says('活体人脸', 0.95);
    rig.server.respond = (request, ...rest) => {
      if (request.api === 'silentLiveness') {
        other.updatePerson(alice.id, { consent: { ...alice.consent, cloud: false } });
      }
      return first(request, ...rest);
    };
    const record = await stand({ vector: like(0, 0.41) });
    other.close();
    expect(record).toMatchObject({ outcome: 'deny', reason: 'UNSURE' });
    expect(record.cloud.inquiry?.compare).toMatchObject({ code: 'NOT_PERMITTED', score: null });
    expect(sent()).toEqual([['live']]);
    expect((await stand({ vector: like(0, 0.41), track: 't2' })).cloud.why).toContain('not consented');
    expect(sent()).toHaveLength(1);
  });

  it('anything further once the person has left', async () => {
    let release = () => {};
    rig.server.respond = (request, response, socket) => {
      const yes = says('活体人脸', 0.95)(request, response, socket);
      release = () => void response.end(JSON.stringify(yes));
      return undefined;
    };
    for (let n = 0; n < 6; n++) {
      frame({ vector: like(0, 0.41) }, n === 0 ? 'live' : null);
      await sleep(5);
    }
    await vi.waitFor(() => expect(sent()).toHaveLength(1));
    rig.lane.trackEnd({ camera: 'camera', track: 't1', frames: 6, lastSeenAt: monotonicMs() });
    release();
    await sleep(100);
    expect(sent()).toEqual([['live']]);
    expect(rig.events.map(({ data }) => data.reason)).toEqual(['UNSURE']);
    expect(rig.door.status().relay).toBe('off');
  });
});

describe('a cloud that does not answer', () => {
  it.each<[string, () => void, string]>([
    ['is silent', () => (rig.server.respond = () => undefined), 'DEADLINE'],
    ['is gone', () => void rig.server.stop(), 'UNREACHABLE'],
    ['fails', () => (rig.server.respond = () => ({ statusCode: 500001, message: 'x' })), 'UNLISTED_SERVICE'],
  ])('opens nothing and holds up nobody else when it %s', async (_, harm, code) => {
    await rig.close();
    rig = await build({ deadlineMs: 600 });
    harm();
    const begun = monotonicMs();
    const denied = stand({ vector: like(0, 0.41) });
    await sleep(150);
    frame({ vector: vector(20), track: 't2' });
    frame({ vector: vector(20), track: 't2' });
    await vi.waitFor(() => expect(rig.door.status().relay).toBe('on'), 200);
    const record = await denied;
    expect(record).toMatchObject({ outcome: 'deny', reason: 'UNSURE', cloud: { asked: true } });
    expect(record.cloud.inquiry?.liveness?.code).toBe(code);
    expect(monotonicMs() - begun).toBeLessThan(2500);
  });

  it('is asked once an attempt, and counted each time', async () => {
    rig.server.respond = says('人脸清晰度较差, 无法判断', 0.95);
    await stand({ vector: like(0, 0.41) });
    for (let n = 0; n < 20; n++) frame({ vector: like(0, 0.41) }, 'live');
    expect(sent()).toHaveLength(1);
    expect(rig.counter.charged).toBe(1);
  });
});
