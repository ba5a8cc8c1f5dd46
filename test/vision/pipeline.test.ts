import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VisionSchema } from '../../src/config/index.ts';
import { Attention } from '../../src/vision/attention.ts';
import { toJpeg } from '../../src/vision/crop.ts';
import { FaceAnalyser, type QualityReport, type Sighting, type TrackEnd } from '../../src/vision/index.ts';
import { defaultModelsDir } from '../../src/vision/models/index.ts';
import {
  Pipeline,
  type PipelineListener,
  type PipelineOptions,
  type UncodedCrop,
} from '../../src/vision/pipeline.ts';
import { GOOD } from '../access/support.ts';
import { type Figure, frameOf, PHOTO_MISSING, type Place, people } from './figures.ts';

// The pose gate is another test's matter: pasted figures wobble around it.
const vision = VisionSchema.parse({
  recognise: { burst: 3, intervalMs: 250 },
  quality: { maxYaw: 60, maxPitch: 60, maxRoll: 60 },
});
const WHOLE = { left: 0, top: 0, right: 1, bottom: 1 };

/** What a pipeline told over a run of frames. */
interface Told {
  readonly sightings: Sighting[];
  readonly ended: TrackEnd[];
  readonly crops: UncodedCrop[];
  /** Sightings and crops in the order they were told, with the number of their frame. */
  readonly order: string[];
}

const recognised = ({ sightings }: Told): Sighting[] =>
  sightings.filter(({ embedding }) => embedding !== null);
const tracksOf = (sightings: readonly Sighting[]): string[] => [
  ...new Set(sightings.map(({ track }) => track)),
];

function cosine(a: Sighting, b: Sighting): number {
  let sum = 0;
  a.embedding?.vector.forEach((value, index) => {
    sum += value * (b.embedding?.vector[index] ?? Number.NaN);
  });
  return sum;
}

// The photograph and the networks come with set-up; without it there is nothing real to look at.
describe.skipIf(PHOTO_MISSING)('Pipeline', () => {
  let analyser: FaceAnalyser;
  /** Two people who look straight ahead, and are not alike (cosine 0.2). */
  let ann: Figure;
  let bea: Figure;

  beforeAll(async () => {
    const { threads, detectionScore, quality } = vision;
    analyser = await FaceAnalyser.open({ modelsDir: defaultModelsDir(), threads, detectionScore, quality });
    const [, first, second] = await people(analyser);
    if (first === undefined || second === undefined) throw new Error('the photograph holds too few people');
    ann = first;
    bea = second;
  });
  afterAll(() => analyser.close());

  const pipeline = (options: Partial<PipelineOptions> = {}): Pipeline =>
    new Pipeline(analyser, {
      camera: 'test',
      area: WHOLE,
      maxFaces: 8,
      recognise: vision.recognise,
      ...options,
    });

  async function show(
    subject: Pipeline,
    frames: number,
    places: (seq: number) => readonly Place[],
    from = 0,
  ): Promise<Told> {
    const told: Told = { sightings: [], ended: [], crops: [], order: [] };
    const listener: PipelineListener = {
      sighting: (sighting) => {
        told.sightings.push(sighting);
        told.order.push(`sighting ${sighting.frame.seq}`);
      },
      trackEnd: (end) => void told.ended.push(end),
      crop: (crop) => {
        told.crops.push(crop);
        told.order.push(`crop ${crop.seq}`);
      },
    };
    for (let seq = from; seq < from + frames; seq++) {
      await subject.process(frameOf(seq, places(seq)), listener);
    }
    return told;
  }

  it('recognises the first good frames of a track, then one every interval, liveness and embedding of the same frame', async () => {
    const told = await show(pipeline(), 15, (seq) => [{ figure: ann, x: 400 + seq, y: 300 }]);
    expect(tracksOf(told.sightings)).toHaveLength(1);
    // 250 ms are four frames of 15 fps
    expect(told.sightings.map(({ frame }) => frame.seq)).toEqual([0, 1, 2, 6, 10, 14]);
    for (const sighting of told.sightings) {
      expect(sighting.quality.failed).toEqual([]);
      expect(sighting.liveness?.score).toBeGreaterThan(0);
      expect(sighting.embedding?.vector).toHaveLength(512);
      expect(Object.keys(sighting.timings)).toEqual(
        expect.arrayContaining(['detect', 'landmarks', 'quality', 'liveness', 'embedding']),
      );
      expect(sighting).toMatchObject({ camera: 'test', facesInView: 0, frame: { width: 1280, height: 720 } });
    }
  });

  it('tells every sighting of a frame before it cuts out a picture, of the first of a track at least', async () => {
    const told = await show(pipeline(), 15, (seq) => [
      { figure: ann, x: 400 + seq, y: 300 },
      { figure: bea, x: 800 - seq, y: 300 },
    ]);
    expect(told.crops.length).toBeGreaterThanOrEqual(2);
    for (const { seq } of told.crops) {
      expect(told.order.lastIndexOf(`sighting ${seq}`)).toBeLessThan(told.order.indexOf(`crop ${seq}`));
    }
    for (const track of tracksOf(told.sightings)) {
      const first = told.sightings.find((sighting) => sighting.track === track);
      const crop = told.crops.find((one) => one.track === track);
      expect(crop).toMatchObject({
        camera: 'test',
        seq: first?.frame.seq,
        qualityScore: first?.quality.score,
      });
    }
    const [crop] = told.crops;
    const jpeg = await toJpeg(crop?.face ?? { width: 0, height: 0, rgb: new Uint8Array() });
    const { format, width = 0, height = 0 } = await sharp(jpeg).metadata();
    expect({ format, shape: (width / height).toFixed(1) }).toEqual({ format: 'jpeg', shape: '0.8' });
  });

  it('recognises nothing below the quality gate, tells the gate at once and then once a second', async () => {
    const [, small] = await people(analyser, 60);
    if (small === undefined) throw new Error('nobody there');
    const told = await show(pipeline(), 32, () => [{ figure: small, x: 400, y: 300 }]);
    expect(told.sightings.map(({ frame }) => frame.seq)).toEqual([0, 15, 30]);
    for (const { quality, embedding, liveness } of told.sightings) {
      expect({ failed: quality.failed, embedding, liveness }).toEqual({
        failed: ['SIZE'],
        embedding: null,
        liveness: null,
      });
    }
  });

  it('does not recognise a face whose centre is outside the recognition area, until it comes in', async () => {
    const subject = pipeline({ area: { ...WHOLE, left: 0.5 } });
    const told = await show(subject, 30, (seq) => [{ figure: ann, x: 420 + 20 * seq, y: 300 }]);
    expect(told.sightings[0]?.quality.failed).toEqual(['MARGIN']);
    const inside = recognised(told);
    expect(inside.length).toBeGreaterThan(3);
    for (const { box } of inside) expect(box.x).toBeGreaterThan(640);
  });

  it('rests a settled track until its time, or until it is taken back', async () => {
    const subject = pipeline();
    const standing = (): Place[] => [{ figure: ann, x: 400, y: 300 }];
    const [first] = (await show(subject, 3, standing)).sightings;
    const track = first?.track ?? '';
    subject.settle(track, 1000 + (20 * 1000) / 15);
    expect((await show(subject, 17, standing, 3)).sightings).toEqual([]);
    expect((await show(subject, 1, standing, 20)).sightings).toHaveLength(1);
    subject.settle(track, Number.MAX_VALUE);
    expect((await show(subject, 10, standing, 21)).sightings).toEqual([]);
    subject.resume(track);
    expect(tracksOf((await show(subject, 1, standing, 31)).sightings)).toEqual([track]);
  });

  it.each([
    ['in the very next frame', 0],
    ['after a moment without anybody', 4],
  ])('ends the track when somebody else stands in the same place %s', async (_, gap) => {
    const told = await show(pipeline(), 20, (seq) => {
      if (seq >= 6 && seq < 6 + gap) return [];
      return [{ figure: seq < 6 ? ann : bea, x: 400, y: 300 }];
    });
    const [before, after, ...more] = tracksOf(recognised(told));
    expect(more).toEqual([]);
    expect(told.ended.map(({ track }) => track)).toEqual([before]);
    const [first] = recognised(told);
    if (first === undefined) throw new Error('nothing was recognised');
    for (const sighting of recognised(told)) {
      const same = cosine(first, sighting) > 0.6;
      expect(sighting.track).toBe(same ? before : after);
    }
    expect(recognised(told).filter(({ track }) => track === after).length).toBeGreaterThanOrEqual(3);
  });

  it('keeps two people apart who walk across one another, before, meanwhile and after', async () => {
    const told = await show(pipeline(), 45, (seq) => [
      { figure: ann, x: 200 + 18 * seq, y: 300 },
      { figure: bea, x: 1000 - 18 * seq, y: 320 },
    ]);
    const all = recognised(told);
    expect(all.length).toBeGreaterThan(12);
    for (const track of tracksOf(all)) {
      const [first, ...rest] = all.filter((sighting) => sighting.track === track);
      for (const sighting of rest) {
        if (first !== undefined) expect(cosine(first, sighting), track).toBeGreaterThan(0.45);
      }
    }
    const start = new Set(all.filter(({ frame }) => frame.seq < 5).map(({ track }) => track));
    const end = new Set(all.filter(({ frame }) => frame.seq > 40).map(({ track }) => track));
    expect([start.size, end.size]).toEqual([2, 2]);
    for (const track of end) expect(start.has(track)).toBe(false);
  });

  it('follows the largest faces, the largest first, and counts the others', async () => {
    const [, small] = await people(analyser, 85);
    if (small === undefined) throw new Error('nobody there');
    const everybody: Place[] = [
      { figure: small, x: 200, y: 300 },
      { figure: bea, x: 600, y: 300 },
    ];
    const both = await show(pipeline(), 8, () => everybody);
    expect(tracksOf(both.sightings)).toHaveLength(2);
    expect(both.sightings[0]?.box.x).toBeGreaterThan(400);
    const one = await show(pipeline({ maxFaces: 1 }), 8, () => everybody);
    expect(tracksOf(one.sightings)).toHaveLength(1);
    expect(one.sightings[0]?.box.x).toBeGreaterThan(400);
    expect(one.sightings[0]?.facesInView).toBe(1);
  });

  it('ends a track when the face is gone, with frames or without', async () => {
    const subject = pipeline();
    const told = await show(subject, 5, () => [{ figure: ann, x: 400, y: 300 }]);
    const [track] = tracksOf(told.sightings);
    const lastSeenAt = 1000 + (4 * 1000) / 15;
    expect(subject.expire(lastSeenAt + 799)).toEqual([]);
    const end = { camera: 'test', track, frames: 5, lastSeenAt };
    expect(subject.expire(lastSeenAt + 801)).toEqual([end]);
    const again = await show(subject, 5, () => [{ figure: ann, x: 400, y: 300 }], 30);
    const gone = await show(subject, 14, () => [], 35);
    expect(gone.ended).toEqual([expect.objectContaining({ track: tracksOf(again.sightings)[0], frames: 5 })]);
  });

  it('tells how long the steps took', async () => {
    const subject = pipeline();
    await show(subject, 4, () => [{ figure: ann, x: 400, y: 300 }]);
    const { frame, detect, embedding, crop } = subject.times.read();
    expect([frame?.count, detect?.count, embedding?.count, crop?.count]).toEqual([4, 4, 3, 1]);
    expect(frame?.p99).toBeGreaterThanOrEqual(frame?.p50 ?? Number.NaN);
    expect(frame?.p50).toBeGreaterThan(detect?.p50 ?? Number.NaN);
    expect(subject.times.read()).toEqual({});
  });
});

describe('Attention', () => {
  const report = (score: number, failed: QualityReport['failed'] = []): QualityReport => ({
    ...GOOD,
    score,
    failed,
  });

  it('does not wait for the interval when a face has become clearly better, and pictures it again', () => {
    const attention = new Attention({ burst: 1, intervalMs: 250 });
    expect(attention.due(0, report(0.5))).toBe(true);
    expect(attention.recognised(0, report(0.5))).toBe(true);
    expect(attention.due(50, report(0.59))).toBe(false);
    expect(attention.due(50, report(0.61))).toBe(true);
    expect(attention.recognised(50, report(0.61))).toBe(true);
    expect(attention.due(100, report(0.7))).toBe(false);
    expect(attention.due(300, report(0.3))).toBe(true);
    expect(attention.recognised(300, report(0.3))).toBe(false);
  });

  it('puts a face forward that was passed over three times, until it is looked at', () => {
    const attention = new Attention({ burst: 1, intervalMs: 250 });
    attention.passOver();
    attention.passOver();
    expect(attention.urgent).toBe(false);
    attention.passOver();
    expect(attention.urgent).toBe(true);
    attention.look();
    expect(attention.urgent).toBe(false);
  });

  it('tells another failed gate at once', () => {
    const attention = new Attention({ burst: 1, intervalMs: 250 });
    expect(attention.tellBelowGate(0, report(0, ['SIZE']))).toBe(true);
    expect(attention.tellBelowGate(100, report(0, ['SIZE']))).toBe(false);
    expect(attention.tellBelowGate(200, report(0, ['SIZE', 'POSE']))).toBe(true);
    expect(attention.tellBelowGate(1200, report(0, ['SIZE', 'POSE']))).toBe(true);
  });

  it('looks at a settled track only to settle a doubt, and not in every frame', () => {
    const attention = new Attention({ burst: 3, intervalMs: 250 });
    attention.recognised(0, report(0.5));
    attention.settle(1000);
    expect(attention.wanted(500, false)).toBe(false);
    expect(attention.wanted(100, true)).toBe(false);
    expect(attention.wanted(500, true)).toBe(true);
    attention.checked(500);
    expect(attention.wanted(600, true)).toBe(false);
    expect(attention.wanted(1000, false)).toBe(true);
  });
});
