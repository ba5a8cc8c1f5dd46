import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VisionSchema } from '../../../src/config/index.ts';
import { ActionObserver } from '../../../src/vision/action-observer.ts';
import type { HeadAction } from '../../../src/vision/actions.ts';
import type { ChallengeProgress, ChallengeResult, ClipFault } from '../../../src/vision/challenge/types.ts';
import { Witness } from '../../../src/vision/challenge/witness.ts';
import { FaceAnalyser, HeadAnalyser, type Sighting } from '../../../src/vision/index.ts';
import { defaultModelsDir } from '../../../src/vision/models/index.ts';
import { Pipeline } from '../../../src/vision/pipeline.ts';
import { type Figure, frameOf, PHOTO_MISSING, type Place, people } from '../figures.ts';

const vision = VisionSchema.parse({ quality: { maxYaw: 60, maxPitch: 60, maxRoll: 60 } });
const area = { left: 0, top: 0, right: 1, bottom: 1 };
/** Of `frameOf`. */
const timeOf = (seq: number): number => 1000 + (seq * 1000) / 15;

// The photograph and the networks come with set-up; without it there is nothing real to look at.
describe.skipIf(PHOTO_MISSING)('a challenge before the pipeline', () => {
  let analyser: FaceAnalyser;
  let head: HeadAnalyser;
  let ann: Figure;
  let bea: Figure;
  beforeAll(async () => {
    const { threads, detectionScore, quality } = vision;
    const modelsDir = defaultModelsDir();
    analyser = await FaceAnalyser.open({ modelsDir, threads, detectionScore, quality });
    head = await HeadAnalyser.open({ modelsDir, threads });
    const [, , second, first] = await people(analyser);
    if (first === undefined || second === undefined) throw new Error('the photograph holds too few people');
    [ann, bea] = [first, second];
  });
  afterAll(async () => {
    await analyser.close();
    await head.close();
  });

  const at = (figure: Figure, x = 640): Place => ({ figure, x, y: 360 });

  /** A pipeline with its witness, and what both told. */
  function setUp(watching = true) {
    const told = {
      sightings: [] as Sighting[],
      progress: [] as ChallengeProgress[],
      results: [] as ChallengeResult[],
      clips: [] as (Uint8Array | ClipFault)[],
      order: [] as string[],
    };
    const observer = watching ? new ActionObserver(analyser, head) : null;
    const witness = new Witness('test', observer, {
      progress: (progress) => void told.progress.push(progress),
      result: (result) => {
        told.results.push(result);
        told.order.push('result');
      },
      clip: (_, clip) => void told.clips.push(clip),
    });
    const { maxFaces, recognise } = vision;
    const pipeline = new Pipeline(analyser, { camera: 'test', area, maxFaces, recognise, witness });
    const listener = {
      sighting: (sighting: Sighting) => void told.sightings.push(sighting),
      trackEnd: () => void told.order.push('end'),
      crop: () => {},
    };
    const show = async (from: number, until: number, places: (seq: number) => readonly Place[]) => {
      for (let seq = from; seq < until; seq++) await pipeline.process(frameOf(seq, places(seq)), listener);
    };
    const ask = (seq: number, action: HeadAction, durationMs: number, track = told.sightings[0]?.track) => {
      const order = { id: randomUUID(), track: track ?? '', action, durationMs, closing: 3, record: true };
      witness.challenge(order, pipeline.follows(order.track), timeOf(seq));
      return order.id;
    };
    return { told, witness, show, ask };
  }

  it('looks at every frame of that face, tells it all, and ends when nothing was done in time', async () => {
    const { told, show, ask, witness } = setUp();
    await show(0, 4, () => [at(ann)]);
    const id = ask(4, 'turnLeft', 1500);
    const [first] = told.sightings;
    expect(witness.watches(first?.track ?? '')).toBe(true);
    await show(4, 30, () => [at(ann)]);
    expect(told.progress).toEqual([{ camera: 'test', challenge: id, track: first?.track, step: 'begun' }]);
    const [result] = told.results;
    expect(result).toMatchObject({ challenge: id, outcome: 'notSeen', clip: true });
    expect(result?.samples).toHaveLength(24);
    expect(result?.likeness?.lowest).toBeGreaterThan(0.9);
    expect(result?.liveness?.frames).toBe(24);
    expect(witness.watches(first?.track ?? '')).toBe(false);
    await expect.poll(() => told.clips).toEqual([expect.any(Uint8Array)]);
  });

  it('ends when another face takes the place of the one that was asked, even while it is settled', async () => {
    const { told, show, ask } = setUp();
    // Of the two ann holds her head the higher: a lowered one is not compared.
    await show(0, 4, () => [at(bea)]);
    ask(4, 'nod', 4000);
    await show(4, 10, () => [at(bea)]);
    await show(10, 14, () => [at(ann)]);
    expect(told.results).toMatchObject([{ outcome: 'faceChanged' }]);
    expect(told.order.slice(0, 2)).toEqual(['result', 'end']);
  });

  it('ends when the face leaves, and has no clip when somebody else comes into it', async () => {
    const { told, show, ask } = setUp();
    await show(0, 4, () => [at(ann)]);
    ask(4, 'nod', 4000);
    await show(4, 10, () => [at(ann), at(bea, 800)]);
    await show(10, 40, () => []);
    expect(told.results).toMatchObject([{ outcome: 'faceLost' }]);
    await expect.poll(() => told.clips).toEqual(['BYSTANDER']);
  });

  it('is not begun for an unknown track, while another goes on, or without the networks for it', async () => {
    const { told, show, ask, witness } = setUp();
    ask(0, 'nod', 4000, 'nobody');
    expect(told.results).toMatchObject([{ outcome: 'faceLost', clip: false }]);
    await show(0, 4, () => [at(ann)]);
    const id = ask(4, 'nod', 4000);
    ask(4, 'blink', 4000);
    expect(told.results).toMatchObject([{}, { outcome: 'unavailable', action: 'blink' }]);
    witness.cancel(id);
    await show(4, 8, () => [at(ann)]);
    expect(told.results).toHaveLength(2);
    const blind = setUp(false);
    await blind.show(0, 4, () => [at(ann)]);
    blind.ask(4, 'nod', 4000);
    expect(blind.told.results).toMatchObject([{ outcome: 'unavailable' }]);
  });
});
