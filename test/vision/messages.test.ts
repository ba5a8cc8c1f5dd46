import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFromVision, parseToVision } from '../../src/vision/messages.ts';
import type { Sighting } from '../../src/vision/types.ts';

const NOW = 10_000;
const model = { id: 'fr_feature', version: '1' };

function unit(): Float32Array {
  return new Float32Array(512).fill(1 / Math.sqrt(512));
}

function sighting(changes: Partial<Sighting> = {}): Sighting {
  return {
    camera: 'gate',
    track: 'abc-1',
    frame: { seq: 7, capturedAt: NOW - 40, width: 1280, height: 720 },
    box: { x: -3.5, y: 20, width: 100, height: 130 },
    quality: {
      ...{ eyeDistance: 60, margin: -0.1, yaw: -3, pitch: 4, roll: 0, sharpness: 0.4 },
      ...{ brightness: 0.5, contrast: 0.2, score: 0.7, failed: [] },
    },
    liveness: { score: 0.98, model },
    embedding: { vector: unit(), model },
    crop: Uint8Array.of(0xff, 0xd8, 0xff),
    timings: { detect: 5, embedding: 5.5 },
    facesInView: 0,
    ...changes,
  };
}

const parse = (message: unknown) => parseFromVision(message, 'gate', NOW);
const told = (changes: object) => parse({ type: 'sighting', sighting: { ...sighting(), ...changes } });

/** The embedding with its first number replaced. */
function spoilt(value: number): Sighting['embedding'] {
  const vector = unit();
  vector[0] = value;
  return { vector, model };
}

describe('messages of a vision process', () => {
  it('passes a sighting on as it is', () => {
    const message = { type: 'sighting', sighting: sighting() };
    expect(parse(message)).toEqual(message);
    const below = sighting({ liveness: null, embedding: null, crop: null });
    expect(parse({ type: 'sighting', sighting: below })).toEqual({ type: 'sighting', sighting: below });
  });

  it.each([
    ['of another camera', { camera: 'other' }],
    ['of the future', { frame: { ...sighting().frame, capturedAt: NOW + 0.5 } }],
    ['of no time', { frame: { ...sighting().frame, capturedAt: Number.NaN } }],
    ['with a short embedding', { embedding: { vector: new Float32Array([1]), model } }],
    ['with NaN in its embedding', { embedding: spoilt(Number.NaN) }],
    ['with infinity in its embedding', { embedding: spoilt(Number.POSITIVE_INFINITY) }],
    ['with an embedding of another norm', { embedding: spoilt(0.5) }],
    ['with an embedding of nothing', { embedding: { vector: new Float32Array(512), model } }],
    ['with an array of numbers as embedding', { embedding: { vector: [...unit()], model } }],
    ['with an embedding and no liveness', { liveness: null }],
    ['with liveness and no embedding', { embedding: null }],
    ['with a liveness above 1', { liveness: { score: 1.01, model } }],
    ['recognised below the gate', { quality: { ...sighting().quality, failed: ['SIZE'] } }],
    ['with a gate that does not exist', { quality: { ...sighting().quality, failed: ['LOOKS'] } }],
    ['with a crop that is no JPEG', { crop: Uint8Array.of(1, 2, 3) }],
    [
      'with a crop that is too large',
      { crop: new Uint8Array((1 << 20) + 1).fill(0xff, 0, 1).fill(0xd8, 1, 2) },
    ],
    ['with more than a sighting holds', { person: 'somebody' }],
  ])('refuses a sighting %s', (_, changes) => {
    expect(told(changes)).toEqual({ problem: expect.any(String) });
  });

  it('refuses a failure with a code that is not in the catalogue', () => {
    expect(parse({ type: 'failed', code: 'MODEL_MISSING', message: 'x' })).toHaveProperty('type', 'failed');
    expect(parse({ type: 'failed', code: 'toString', message: 'x' })).toHaveProperty('problem');
  });

  it('never throws, and lets nothing pass that has no known type', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withTypedArray: true }), (message) => {
        expect(parse(message)).toHaveProperty('problem');
        expect(parseToVision(message)).toHaveProperty('problem');
      }),
      { numRuns: 1000 },
    );
  });
});
