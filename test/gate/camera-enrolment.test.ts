import { expect, it } from 'vitest';
import type { DecisionConfig, QualityConfig } from '../../src/config/index.ts';
import { ConfigSchema } from '../../src/config/index.ts';
import { CameraEnrolment } from '../../src/gate/commands/camera-enrolment.ts';
import type { Sighting } from '../../src/vision/client.ts';
import { GOOD } from '../access/support.ts';

const config = ConfigSchema.parse({
  gate: { id: 'g' },
  cameras: [{ id: 'c', source: 'rtsp://192.0.2.1/', door: 'd' }],
  doors: [{ id: 'd', relay: { line: { driver: 'simulated', line: 1 } } }],
  access: { faceOnly: 'accepted' },
  simulator: { socket: 'x' },
});
const decision: DecisionConfig = config.decision;
const quality: QualityConfig = config.vision.quality;
const model = { id: 'fr-feature', version: '1' };

function unit(seed: number): Float32Array {
  const vector = new Float32Array(512).map((_, index) => Math.sin(seed * 1000 + index * (seed + 1)));
  const norm = Math.hypot(...vector);
  return vector.map((value) => value / norm);
}

interface Face {
  readonly track?: string;
  readonly at: number;
  readonly live?: number;
  readonly yaw?: number;
  readonly score?: number;
  readonly others?: number;
  readonly who?: number;
}

function sighting({
  track = 't',
  at,
  live = 0.95,
  yaw = 0,
  score = 0.7,
  others = 0,
  who = 1,
}: Face): Sighting {
  return {
    camera: 'c',
    track,
    frame: { seq: at, capturedAt: at, width: 1280, height: 720 },
    box: { x: 500, y: 200, width: 200, height: 250 },
    quality: { ...GOOD, yaw, score },
    mask: null,
    liveness: { score: live, model },
    enclosure: 0,
    embedding: { vector: unit(who), model },
    timings: {},
    facesInView: others,
  };
}

const crop = (track = 't') => ({
  camera: 'c',
  track,
  seq: 1,
  qualityScore: 0.7,
  jpeg: new Uint8Array([0xff, 0xd8, 1]),
});

/** Shows faces 200 ms apart and tells what became of the wish to enrol. */
async function show(faces: readonly Partial<Face>[], picture: boolean = true) {
  const enrolment = new CameraEnrolment(decision, quality);
  const told: string[] = [];
  const wanted = enrolment
    .face('c', 300, ({ text, prompt }) => told.push(`${prompt} ${text}`))
    .then(
      (face) => face,
      (error: Error & { code?: string }) => `${error.code} ${error.message}`,
    );
  faces.forEach((face, n) => {
    enrolment.sighting(sighting({ at: n * 200, ...face }));
    if (n === 0 && picture) enrolment.crop(crop(face.track));
  });
  const outcome = await wanted;
  expect(enrolment.waits('c')).toBe(false);
  return { outcome, told };
}

const five = (more: Partial<Face> = {}) => Array.from({ length: 5 }, () => ({ ...more }));

it('takes a person who is alone, seen well and alive in five frames, by the best of them', async () => {
  const { outcome, told } = await show([{}, {}, { score: 0.9 }, {}, {}]);
  expect(outcome).toMatchObject({ qualityScore: 0.9, model });
  expect(told[0]).toMatch(/^SHOW_FACE .*stand before the camera/);
});

it.each<[string, readonly Partial<Face>[], string, RegExp?]>([
  ['four frames', five().slice(1), 'hold still'],
  ['five frames at once', five().map((_, n) => ({ at: n })), 'hold still'],
  ['somebody beside', five({ others: 1 }), 'several people', /^ENROLL_SEVERAL_FACES/],
  ['somebody who steps in', [{}, {}, {}, { others: 1 }, {}, {}], 'hold still'],
  ['a face that looks away', five({ yaw: 45 }), 'turned to the side'],
  ['a screen', five({ live: 0.1 }), 'does not look alive'],
  [
    'a screen that passes now and then',
    five().map((_, n) => ({ live: n % 2 ? 0.9 : 0.3 })),
    'does not look alive',
  ],
  ['two people who swap', [{}, {}, {}, { who: 3 }, { who: 3 }], 'hold still'],
  [
    'two people one after the other',
    [{}, {}, {}, { track: 'u', who: 3 }, { track: 'u', who: 3 }],
    'hold still',
  ],
  ['nobody', [], 'nobody is before the camera', /^ENROLL_NO_FACE/],
])('does not enrol %s', async (_, faces, why, code = /^COMMAND_TIMED_OUT/) => {
  const { outcome } = await show(faces);
  expect(outcome).toMatch(code);
  expect(outcome).toContain(why);
});

it.each<[Partial<Face>, string]>([
  [{ others: 1 }, 'ONE_PERSON'],
  [{ yaw: 45 }, 'FACE_CAMERA'],
  [{}, 'HOLD_STILL'],
])('says of %j what the person is to be told', async (face, prompt) => {
  const { told } = await show([face]);
  expect(told[0]).toMatch(/^SHOW_FACE/);
  expect(told.at(-1)).toMatch(new RegExp(`^${prompt} `));
});

it('waits for the picture', async () => {
  const { outcome } = await show(five(), false);
  expect(outcome).toMatch(/^COMMAND_TIMED_OUT/);
});

it('enrols one person at a time before a camera', async () => {
  const enrolment = new CameraEnrolment(decision, quality);
  const first = enrolment.face('c', 100, () => {}).catch((error: Error) => error.message);
  await expect(enrolment.face('c', 100, () => {})).rejects.toMatchObject({ code: 'COMMAND_BUSY' });
  expect(await first).toContain('nobody');
  expect(enrolment.waits('c')).toBe(false);
});
