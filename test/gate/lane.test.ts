import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLogger, monotonicMs } from '../../src/common/index.ts';
import { ConfigSchema } from '../../src/config/schema.ts';
import { Door, type DoorEvent, openGpio } from '../../src/door/index.ts';
import { Gallery } from '../../src/gallery/index.ts';
import { Lane } from '../../src/gate/lane.ts';
import { Recorder } from '../../src/gate/recorder.ts';
import { Journal } from '../../src/journal/index.ts';
import { MODEL, policy, QUALITY_LIMITS, sighting, vector } from '../access/support.ts';

const log = createLogger('test', 'silent');
const config = ConfigSchema.parse({
  gate: { id: 'gate' },
  cameras: [{ id: 'camera', source: 'rtsp://127.0.0.1/', door: 'front' }],
  doors: [{ id: 'front', relay: { line: { driver: 'simulated', line: 1 } }, unlockMs: 300 }],
});

/** Real gallery, journal and door (on simulated lines); only the sightings are made up. */
async function build() {
  const folder = mkdtempSync(join(tmpdir(), 'menshen-lane-'));
  const gallery = Gallery.open({ dataDir: folder, log });
  const alice = gallery.addPerson(
    { name: 'Alice', consent: { local: true, cloud: false, at: new Date().toISOString(), version: '1' } },
    [{ embedding: { vector: vector(0), model: MODEL }, qualityScore: 0.9, picture: null }],
  );
  const journal = Journal.open({ dataDir: folder, gate: 'gate', log, key: Buffer.alloc(32, 1) });
  const recorder = new Recorder(journal, log);
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
  const lane = new Lane({
    door,
    gallery,
    recorder,
    log,
    policy: policy({ minFrames: 2 }),
    qualityLimits: QUALITY_LIMITS,
    versions: { software: '1', config: 'c' },
    settle: (_camera, track, until) => settled.push({ track, until }),
  });
  const close = async () => {
    await door.stop();
    await gpio.close();
    recorder.stop();
    journal.close();
    gallery.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { gallery, alice, journal, door, doorEvents, lane, settled, close };
}

let rig: Awaited<ReturnType<typeof build>>;
beforeEach(async () => {
  rig = await build();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rig.close();
});

/** Frames of a face captured just now. */
function stand(
  frames: number,
  look: { vector?: Float32Array; liveness?: number; ageMs?: number; track?: string } = {},
): void {
  const { ageMs = 40, ...rest } = look;
  for (let n = 0; n < frames; n++) {
    rig.lane.sighting({ ...sighting({ at: monotonicMs() - ageMs, ...rest }), crop: null });
  }
}

const types = () => rig.journal.range({ after: 0, limit: 100 }).map(({ type, data }) => [type, data.reason]);

describe('the way through a door', () => {
  it('records the grant before the relay moves, and tells how long it took since the capture', () => {
    stand(2);
    expect(types()).toEqual([['access.granted', 'GRANTED_FACE']]);
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

  it('opens for nobody who was erased a moment ago', () => {
    rig.gallery.removePerson(rig.alice.id);
    stand(6);
    expect(types()).toEqual([['access.denied', 'UNKNOWN_PERSON']]);
    expect(rig.doorEvents).toEqual([]);
  });

  it('opens when the journal cannot be written: the door does not depend on the disk', () => {
    vi.spyOn(rig.journal, 'append').mockImplementation(() => {
      throw new Error('disk on fire');
    });
    stand(2);
    expect(rig.door.status().relay).toBe('on');
  });

  it('opens nothing when writing the record took so long that the picture is stale', () => {
    const append = rig.journal.append.bind(rig.journal);
    vi.spyOn(rig.journal, 'append').mockImplementation((input) => {
      const until = monotonicMs() + 60;
      while (monotonicMs() < until);
      return append(input);
    });
    stand(2, { ageMs: 760 });
    expect(types()).toEqual([
      ['access.granted', 'GRANTED_FACE'],
      ['access.denied', 'STALE_FRAME'],
    ]);
    expect(rig.doorEvents).toEqual([]);
    expect(rig.door.status().relay).toBe('off');
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
