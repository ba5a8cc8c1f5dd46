import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAnalyser } from '../../scripts/support/analyser.ts';
import { decodePhoto } from '../../src/photo/index.ts';
import { AttributeAnalyser, type FaceAnalyser } from '../../src/vision/index.ts';
import { defaultModelsDir } from '../../src/vision/models/index.ts';
import { poseOf } from '../../src/vision/pose.ts';
import { portrait } from '../cloud-server/support.ts';

const READY = existsSync('.cache/demo/sample3.jpg') && existsSync(`${defaultModelsDir()}/fr_age.onnx`);

const LFW = join(import.meta.dirname, '../../../shared/data/lfw/images');
const MEN = ['John', 'George', 'Michael', 'David', 'Robert', 'James', 'William'];
const WOMEN = [
  'Jennifer',
  'Mary',
  'Laura',
  'Anna',
  'Julia',
  'Jessica',
  'Sarah',
  'Elizabeth',
  'Nicole',
  'Catherine',
  'Nancy',
];

// The photographs and the networks come with set-up.
describe.skipIf(!READY)('AttributeAnalyser', () => {
  let analyser: FaceAnalyser;
  let attributes: AttributeAnalyser;
  beforeAll(async () => {
    analyser = await openAnalyser({ detectionScore: 0.5 });
    attributes = await AttributeAnalyser.open({ modelsDir: defaultModelsDir(), threads: 1 });
  });
  afterAll(async () => {
    await analyser.close();
    await attributes.close();
  });

  async function look(bytes: Uint8Array) {
    const picture = await decodePhoto(bytes, 'portrait');
    const [face] = await analyser.find(picture);
    if (face === undefined) throw new Error('no face');
    const landmarks = await analyser.landmarks(picture, face);
    return {
      pose: await attributes.pose(picture, face.box),
      points: poseOf(landmarks),
      male: await attributes.gender(picture, face.box),
      age: await attributes.age(picture, face.box),
      eyes: await attributes.eyes(picture, landmarks),
    };
  }

  it('takes three women for women, in years that grown-ups have', async () => {
    for (const who of ['ann', 'bea', 'dan'] as const) {
      const { male, age } = await look(await portrait(who));
      expect(male).toBeLessThan(0.5);
      expect(age).toBeGreaterThan(18);
      expect(age).toBeLessThan(70);
    }
  });

  // Labelled Faces in the Wild is no part of the project; first names tell men from women there.
  it.skipIf(!existsSync(LFW))(
    'tells men from women by first name on LFW: four of five at least',
    async () => {
      const people = readdirSync(LFW).map((name) => ({ name, first: name.split('_')[0] }));
      const take = (names: readonly string[]) =>
        people.filter(({ first }) => names.includes(first)).slice(0, 25);
      let right = 0;
      let asked = 0;
      for (const [names, man] of [
        [MEN, true],
        [WOMEN, false],
      ] as const) {
        for (const { name } of take(names)) {
          const { male } = await look(readFileSync(join(LFW, name, readdirSync(join(LFW, name))[0])));
          asked++;
          if (male >= 0.5 === man) right++;
        }
      }
      expect(asked).toBe(50);
      expect(right / asked).toBeGreaterThanOrEqual(0.8);
    },
  );

  it('agrees with the landmarks on where the head turns and tilts', async () => {
    for (const who of ['ann', 'annTilted'] as const) {
      const { pose, points } = await look(await portrait(who));
      expect(Math.abs(pose.yaw - points.yaw)).toBeLessThan(15);
      expect(Math.abs(pose.roll - points.roll)).toBeLessThan(15);
    }
    const { pose } = await look(await portrait('annTilted'));
    expect(Math.abs(pose.roll)).toBeGreaterThan(10);
  });

  it('sees open eyes', async () => {
    const { eyes } = await look(await portrait('bea'));
    expect(Math.max(eyes.left, eyes.right)).toBeLessThan(0.5);
  });
});
