import fc from 'fast-check';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { readPhoto } from '../../src/photo/index.ts';
import { BoxSampler } from '../../src/vision/box-sampler.ts';
import { Detector, suppress } from '../../src/vision/detect.ts';
import { defaultModelsDir, loadModels } from '../../src/vision/models/index.ts';
import { colourConversion, Network } from '../../src/vision/network.ts';
import type { Box, DetectedFace } from '../../src/vision/types.ts';
import { windowOn } from '../../src/vision/view-window.ts';
import { realTarball, stockNetworks } from './models/support.ts';

const [WIDTH, HEIGHT] = [320, 240];
/** A photograph of an npm package, laid here by set-up. */
const SAMPLE = '.cache/demo/sample1.jpg';

describe('windowOn', () => {
  const whole = (width: number, height: number) => windowOn({ x: 0, y: 0, width, height }, WIDTH, HEIGHT);

  it('leaves out what a wide or a square picture does not fill, but for a margin', () => {
    expect(whole(1280, 720)).toEqual({
      box: { x: 0, y: -8, width: 1280, height: 736 },
      ...{ left: 0, top: 28, columns: 320, rows: 184 },
    });
    expect(whole(250, 250)).toMatchObject({ left: 32, top: 0, columns: 256, rows: 240 });
    expect(whole(640, 480)).toMatchObject({ left: 0, top: 0, columns: 320, rows: 240 });
    expect(whole(2000, 500)).toMatchObject({ left: 0, top: 28, columns: 320, rows: 184 });
  });

  it('leaves out nothing beside a portrait', () => {
    expect(whole(480, 640)).toMatchObject({ left: 0, top: 0, columns: 320, rows: 240 });
  });

  it('shows all of any view, its middle in the middle, without stretching it', () => {
    const length = fc.double({ min: 1, max: 10_000, noNaN: true });
    fc.assert(
      fc.property(length, length, length, length, (x, y, width, height) => {
        const { box, left, top, columns, rows } = windowOn({ x, y, width, height }, WIDTH, HEIGHT);
        const hair = 1e-4 * (x + y + width + height);
        expect(box.x).toBeLessThanOrEqual(x + hair);
        expect(box.y).toBeLessThanOrEqual(y + hair);
        expect(box.x + box.width).toBeGreaterThanOrEqual(x + width - hair);
        expect(box.y + box.height).toBeGreaterThanOrEqual(y + height - hair);
        expect(Math.abs(box.x + box.width / 2 - x - width / 2)).toBeLessThan(hair);
        expect(box.width / columns).toBeCloseTo(box.height / rows, 6);
        expect([left % 32, top % 4, columns + 2 * left, rows + 2 * top]).toEqual([0, 0, WIDTH, HEIGHT]);
      }),
    );
  });
});

const tarball = await realTarball();

describe.skipIf(tarball === null)('the detector, beside the network as it is shipped', () => {
  let detector: Detector;
  let stock: InferenceSession;
  beforeAll(async () => {
    const models = await loadModels({ dir: defaultModelsDir(), roles: ['detection'], threads: 1 });
    detector = new Detector(new Network(models.detection));
    const shipped = await stockNetworks(tarball ?? '');
    const bytes = [...shipped].find(([entry]) => entry.role === 'detection')?.[1] ?? Buffer.alloc(0);
    stock = await InferenceSession.create(bytes, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  });
  afterAll(async () => {
    await detector.network.close();
    await stock.release();
  });

  test('finds the same faces, in the same places, in a view that fills the field', async () => {
    const picture = await readPhoto(SAMPLE);
    const view = { x: -40, y: -30, width: 800, height: 600 };
    for (const minScore of [0.01, 0.5]) {
      const found = await detector.detect(picture, view, minScore);
      const expected = suppress(await stockFaces(view, minScore));
      expect(found.length).toBe(expected.length);
      expect(found.length).toBeGreaterThan(0);
      for (const [i, { box, score }] of found.entries()) {
        expect(score).toBeCloseTo(expected[i].score, 5);
        for (const side of ['x', 'y', 'width', 'height'] as const)
          expect(box[side]).toBeCloseTo(expected[i].box[side], 2);
      }
    }

    /** All that the network as it is shipped finds in what the detector has shown its own. */
    async function stockFaces(box: Box, least: number): Promise<DetectedFace[]> {
      const input = new Float32Array(3 * WIDTH * HEIGHT);
      new BoxSampler(WIDTH, HEIGHT, 'blank').colour(picture, box, input, colourConversion(detector.network));
      const outputs = await stock.run({ input: new Tensor('float32', input, [1, 3, HEIGHT, WIDTH]) });
      const [scores, boxes] = [outputs.scores.data, outputs.boxes.data].map((data) =>
        Float32Array.from(data, Number),
      );
      return [...Array(scores.length / 2).keys()]
        .filter((i) => scores[2 * i + 1] >= least)
        .map((i) => {
          const [left, top, right, bottom] = boxes.subarray(4 * i, 4 * i + 4);
          return {
            box: {
              x: box.x + left * box.width,
              y: box.y + top * box.height,
              width: (right - left) * box.width,
              height: (bottom - top) * box.height,
            },
            score: scores[2 * i + 1],
          };
        });
    }
  });

  test('finds a face where it is, in windows of any shape one after the other', async () => {
    const picture = await readPhoto(SAMPLE);
    const { width, height } = picture;
    const [expected] = await detector.detect(picture, { x: 0, y: 0, width, height }, 0.7);
    for (const [wider, higher] of [
      [2, 1],
      [1, 1.2],
      [1.8, 1],
      [1, 1],
    ]) {
      const view = { x: 0, y: 0, width: width * wider, height: height * higher };
      const away = (await detector.detect(picture, view, 0.7)).map(({ box }) =>
        Math.hypot(
          box.x + box.width / 2 - expected.box.x - expected.box.width / 2,
          box.y + box.height / 2 - expected.box.y - expected.box.height / 2,
        ),
      );
      expect(Math.min(...away)).toBeLessThan(0.15 * expected.box.width);
    }
  });
});
