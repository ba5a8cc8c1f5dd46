import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { replayEvent } from '../../src/cli/replay.ts';
import { createLogger, monotonicMs } from '../../src/common/index.ts';
import { ConfigSchema } from '../../src/config/schema.ts';
import { Door, type DoorEvent, openGpio } from '../../src/door/index.ts';
import { Gallery } from '../../src/gallery/index.ts';
import { Lane } from '../../src/gate/lane.ts';
import { type EventInput, Journal } from '../../src/journal/index.ts';
import { type Look, MODEL, policy, QUALITY_LIMITS, sighting, vector } from '../access/support.ts';
import { checked } from '../support/events.ts';
import { entranceOf } from './entrance-support.ts';

const log = createLogger('test', 'silent');
const configWith = (entry: object) =>
  ConfigSchema.parse({
    gate: { id: 'gate' },
    cameras: [{ id: 'camera', source: 'rtsp://127.0.0.1/', door: 'front' }],
    doors: [{ id: 'front', relay: { line: { driver: 'simulated', line: 1 } }, unlockMs: 300, entry }],
    access: { faceOnly: 'accepted' },
    decision: { matchThreshold: 0.45 },
  });

/** Real gallery, journal and door (on simulated lines); only the sightings are made up. */
async function build(entry: object = {}) {
  const config = configWith(entry);
  const folder = mkdtempSync(join(tmpdir(), 'menshen-lane-'));
  const gallery = Gallery.open({ dataDir: folder, log });
  const alice = gallery.addPerson(
    { name: 'Alice', consent: { local: true, cloud: false, at: new Date().toISOString(), version: '1' } },
    [{ embedding: { vector: vector(0), model: MODEL }, qualityScore: 0.9, picture: null }],
  );
  const journal = Journal.open({ dataDir: folder, gate: 'gate', log, key: Buffer.alloc(32, 1) });
  let delayMs = 0;
  const records = {
    record: (event: EventInput) => {
      const id = event.id ?? randomUUID();
      const entry = checked(event);
      try {
        journal.append({ ...entry, id });
      } catch {}
      return id;
    },
    taken: (_id: string, ms: number) =>
      new Promise<boolean>((resolve) => setTimeout(() => resolve(delayMs <= ms), Math.min(ms, delayMs))),
    picture: (id: string, jpeg: Uint8Array) => journal.attachPicture(id, jpeg),
  };
  const doorEvents: { event: DoorEvent; journalled: number }[] = [];
  const gpio = await openGpio();
  const door = new Door({
    config: config.doors[0],
    gpio,
    logger: log,
    onEvent: (event) => doorEvents.push({ event, journalled: journal.latest(1)[0]?.seq ?? 0 }),
  });
  await door.start();
  const settled: { track: string; until: number }[] = [];
  const entrance = entranceOf(config, [door], gallery, records);
  const lane = new Lane({
    match: () => null,
    entrance,
    directionOf: () => 'in',
    door,
    gallery,
    records,
    log,
    policy: policy({ minFrames: 2 }),
    qualityLimits: QUALITY_LIMITS,
    versions: { software: '1', config: 'c' },
    settle: (_camera, track, until) => settled.push({ track, until }),
    cloud: null,
    depict: () => {},
    prompts: { show: () => {} },
    challenge: () => {},
    cancel: () => {},
    actionScheduled: () => false,
  });
  const close = async () => {
    await door.stop();
    await gpio.close();
    journal.close();
    gallery.close();
    rmSync(folder, { recursive: true, force: true });
  };
  const slowDisk = (ms: number) => {
    delayMs = ms;
  };
  return { gallery, alice, journal, door, doorEvents, lane, settled, slowDisk, close };
}

let rig: Awaited<ReturnType<typeof build>>;
beforeEach(async () => {
  rig = await build();
});
afterEach(async () => {
  // Whatever a test was about: each decision of it comes out the same when it is judged again.
  const decisions = rig.journal.range({ after: 0, limit: 1000 }).filter(({ data }) => 'decision' in data);
  for (const event of decisions) expect(replayEvent(event)).toMatchObject({ same: true, sameRules: true });
  vi.restoreAllMocks();
  await rig.close();
});

/** Frames of a face captured just now. */
function stand(frames: number, look: Omit<Look, 'at'> & { ageMs?: number } = {}): void {
  const { ageMs = 40, ...rest } = look;
  for (let n = 0; n < frames; n++) {
    rig.lane.sighting(sighting({ at: monotonicMs() - ageMs + n, ...rest }));
  }
}

const types = () => rig.journal.range({ after: 0, limit: 100 }).map(({ type, data }) => [type, data.reason]);

describe('the way through a door', () => {
  it('records the grant before the relay moves, and tells how long it took since the capture', async () => {
    stand(2);
    expect(types()).toEqual([['access.granted', 'GRANTED_FACE']]);
    await vi.waitFor(() => expect(rig.doorEvents).toHaveLength(1));
    const [unlocked] = rig.doorEvents;
    expect(unlocked.event).toMatchObject({
      type: 'unlocked',
      cause: { kind: 'grant', personId: rig.alice.id },
    });
    expect(unlocked.journalled).toBe(1);
    expect(rig.door.status().relay).toBe('on');
    if (unlocked.event.type !== 'unlocked' || unlocked.event.cause.kind !== 'grant') {
      throw new Error('no grant');
    }
    const took = rig.lane.captureToRelay(unlocked.event.cause.decisionId, unlocked.event.relayAt);
    expect(took).toBeGreaterThanOrEqual(40);
    expect(took).toBeLessThan(800);
    expect(rig.settled).toHaveLength(1);
  });

  it('tells the rules of entry what the face wears', async () => {
    await rig.close();
    rig = await build({ mask: 'must' });
    const model = { id: 'mask', version: '1' };
    stand(2, { mask: { state: 'incorrect', score: 0.9, model } });
    expect(types()).toEqual([['access.denied', 'MASK_WANTED']]);
    stand(2, { track: 't2', mask: { state: 'worn', score: 0.9, model } });
    await vi.waitFor(() => expect(rig.doorEvents).toHaveLength(1));
    expect(types().at(-1)).toEqual(['access.granted', 'GRANTED_FACE']);
  });

  it('opens for nobody who was erased a moment ago', async () => {
    rig.gallery.removePerson(rig.alice.id);
    stand(6);
    expect(types()).toEqual([['access.denied', 'UNKNOWN_PERSON']]);
    await sleep(50);
    expect(rig.doorEvents).toEqual([]);
  });

  it('opens when the journal cannot be written: the door does not depend on the disk', async () => {
    vi.spyOn(rig.journal, 'append').mockImplementation(() => {
      throw new Error('disk on fire');
    });
    stand(2);
    await vi.waitFor(() => expect(rig.door.status().relay).toBe('on'));
  });

  it('waits for a slow disk no longer than the picture stays fresh', async () => {
    rig.slowDisk(10_000);
    stand(2);
    await vi.waitFor(() => expect(rig.door.status().relay).toBe('on'), 900);
  });

  it('opens nothing when the picture has become stale on the way, and the person is not held to have passed', async () => {
    rig.slowDisk(10_000);
    stand(2, { ageMs: 780 });
    const until = monotonicMs() + 60;
    while (monotonicMs() < until);
    await vi.waitFor(() => expect(types()).toHaveLength(2));
    expect(types()).toEqual([
      ['access.granted', 'GRANTED_FACE'],
      ['access.denied', 'STALE_FRAME'],
    ]);
    expect(rig.journal.latest(1)[0].cause).toBe(rig.journal.latest(2)[0].id);
    expect(rig.door.status().relay).toBe('off');
    rig.slowDisk(0);
    stand(2, { track: 't2' });
    await vi.waitFor(() => expect(rig.door.status().relay).toBe('on'));
  });

  it('keeps the picture of a decision, whether it comes before or after it', async () => {
    const jpeg = Buffer.from([0xff, 0xd8, 1, 2, 3, 0xff, 0xd9]);
    const crop = (track: string) => ({ camera: 'camera', track, seq: 1, qualityScore: 0.5, jpeg });
    rig.lane.picture(crop('t1'));
    stand(2);
    stand(6, { track: 't2', vector: vector(300) });
    const [before, after] = rig.journal.latest(2);
    expect(rig.journal.picture(before.id)).toEqual(jpeg);
    expect(rig.journal.picture(after.id)).toBeUndefined();
    rig.lane.picture(crop('t2'));
    expect(rig.journal.picture(after.id)).toEqual(jpeg);
  });

  it('says that the door failed when its relay does not answer', async () => {
    vi.spyOn(rig.door, 'unlock').mockResolvedValue({
      ok: false,
      code: 'GPIO_WRITE_FAILED',
      message: 'the line is gone',
    });
    stand(2);
    await vi.waitFor(() => expect(types()).toHaveLength(2));
    expect(types()[1]).toEqual(['access.denied', 'DOOR_FAILED']);
  });

  it('decides what is pending when the vision process dies, and forgets its tracks', () => {
    stand(3, { vector: vector(300) });
    expect(types()).toEqual([]);
    rig.lane.cameraLost('camera');
    expect(types()).toEqual([['access.denied', 'UNKNOWN_PERSON']]);
    rig.lane.cameraLost('camera');
    expect(types()).toHaveLength(1);
  });
});
