import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QualitySchema } from '../../src/config/schema/vision.ts';
import { QUALITY_GATES } from '../../src/vision/index.ts';
import type { Landmarks } from '../../src/vision/landmarks.ts';
import { poseOf } from '../../src/vision/pose.ts';
import { failedGates, type Measured, marginOf, scoreOf } from '../../src/vision/quality.ts';
import { TextureMeter } from '../../src/vision/texture.ts';

const SIDE = 112;
const CONFIG = QualitySchema.parse({});
const GOOD: Measured = {
  ...{ eyeDistance: 90, margin: 0.5, yaw: 3, pitch: -4, roll: 2 },
  ...{ sharpness: 0.45, brightness: 0.5, contrast: 0.15, noise: 0.3 },
};

/** The mean head of pose.ts, turned and seen from afar: [index, right, down, towards the camera]. */
const HEAD = [
  [36, -0.5, -0.303, -0.147],
  [39, -0.213, -0.288, -0.075],
  [42, 0.213, -0.288, -0.075],
  [45, 0.5, -0.303, -0.147],
  [30, 0, 0.061, 0.359],
  [33, 0, 0.218, 0.22],
  [48, -0.313, 0.451, -0.068],
  [54, 0.313, 0.451, -0.068],
] as const;

function seen(yaw: number, pitch: number, roll: number): Landmarks {
  const [y, p, r] = [yaw, pitch, roll].map((degrees) => (degrees * Math.PI) / 180);
  const all = new Float32Array(136);
  for (const [index, x0, y0, z0] of HEAD) {
    // The head tilts, then turns, then nods: the order in which the angles are told.
    const [x1, y1] = [x0 * Math.cos(r) - y0 * Math.sin(r), x0 * Math.sin(r) + y0 * Math.cos(r)];
    const [x2, z2] = [x1 * Math.cos(y) + z0 * Math.sin(y), z0 * Math.cos(y) - x1 * Math.sin(y)];
    all[2 * index] = 300 + 80 * x2;
    all[2 * index + 1] = 200 + 80 * (y1 * Math.cos(p) - z2 * Math.sin(p));
  }
  const point = { x: 0, y: 0 };
  return { all, five: [point, point, point, point, point] };
}

describe('poseOf', () => {
  it('reads each turn alone, with its sign', () => {
    for (const degrees of [-40, -15, 0, 15, 40]) {
      expect(poseOf(seen(degrees, 0, 0)).yaw).toBeCloseTo(degrees, 0);
      expect(poseOf(seen(0, degrees, 0)).pitch).toBeCloseTo(degrees, 0);
      expect(poseOf(seen(0, 0, degrees)).roll).toBeCloseTo(degrees, 0);
    }
  });

  it('keeps turns apart when they come together', () => {
    const turn = fc.double({ min: -60, max: 60, noNaN: true });
    fc.assert(
      fc.property(turn, turn, turn, (yaw, pitch, roll) => {
        const pose = poseOf(seen(yaw, pitch, roll));
        expect(Math.abs(pose.yaw - yaw)).toBeLessThan(0.1);
        expect(Math.abs(pose.pitch - pitch)).toBeLessThan(0.1);
        expect(Math.abs(pose.roll - roll)).toBeLessThan(0.1);
      }),
    );
  });

  it('says nothing of points in one place', () => {
    const none = { ...seen(0, 0, 0), all: new Float32Array(136).fill(7) };
    expect(poseOf(none)).toEqual({ yaw: 0, pitch: 0, roll: 0 });
  });
});

describe('the gates', () => {
  it('let a good face pass', () => expect(failedGates(GOOD, CONFIG)).toEqual([]));

  it.each([
    [{ eyeDistance: 39 }, 'SIZE'],
    [{ margin: -0.2 }, 'MARGIN'],
    [{ yaw: -36 }, 'POSE'],
    [{ pitch: 31 }, 'POSE'],
    [{ roll: -51 }, 'POSE'],
    [{ sharpness: 0.24 }, 'SHARPNESS'],
    [{ brightness: 0.1 }, 'EXPOSURE'],
    [{ brightness: 0.95 }, 'EXPOSURE'],
    [{ contrast: 0.04 }, 'EXPOSURE'],
    [{ noise: 1.5 }, 'NOISE'],
  ] as const)('name what is wrong: %o', (fault, gate) => {
    expect(failedGates({ ...GOOD, ...fault }, CONFIG)).toEqual([gate]);
  });

  it('are told in their order when all fail', () => {
    const bad = { ...GOOD, eyeDistance: 1, margin: -1, yaw: 80, sharpness: 0, contrast: 0, noise: 9 };
    expect(failedGates(bad, CONFIG)).toEqual([...QUALITY_GATES]);
  });
});

describe('marginOf', () => {
  it('is the nearest border in widths of the box, negative beyond', () => {
    const area = { x: 0, y: 0, width: 1000, height: 500 };
    expect(marginOf({ x: 100, y: 200, width: 100, height: 120 }, area)).toBe(1);
    expect(marginOf({ x: 890, y: 200, width: 100, height: 120 }, area)).toBeCloseTo(0.1, 9);
    expect(marginOf({ x: 400, y: 400, width: 100, height: 120 }, area)).toBeCloseTo(-0.2, 9);
  });
});

describe('scoreOf', () => {
  it('is 0 to 1 and falls with every measure that gets worse', () => {
    const best = scoreOf(GOOD);
    expect(best).toBeLessThanOrEqual(1);
    const worse = [{ eyeDistance: 40 }, { yaw: 30 }, { pitch: 30 }, { sharpness: 0.3 }, { contrast: 0.05 }];
    for (const fault of worse) {
      const score = scoreOf({ ...GOOD, ...fault });
      expect(score).toBeLessThan(best);
      expect(score).toBeGreaterThan(0);
    }
    expect(scoreOf({ ...GOOD, sharpness: 0 })).toBe(0);
  });
});

/** A face-like texture: blobs of several sizes, blurred `times` by a 3x3 mean, with noise of `noise` levels. */
function texture(times: number, noise: number, gain = 1): Float32Array {
  let grey = new Float32Array(SIDE * SIDE);
  let state = 12345;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 8) / 2 ** 24;
  };
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const blob = ((x >> 3) + (y >> 3)) % 2 === 0 ? 40 : 0;
      grey[y * SIDE + x] = gain * (80 + blob + 20 * Math.sin(x / 9) * Math.cos(y / 7));
    }
  }
  for (let i = 0; i < times; i++) grey = blurred(grey);
  return grey.map((value) => value + noise * (random() - 0.5) * 3.46);
}

function blurred(grey: Float32Array): Float32Array<ArrayBuffer> {
  const out = new Float32Array(grey);
  for (let y = 1; y < SIDE - 1; y++) {
    for (let x = 1; x < SIDE - 1; x++) {
      let sum = 0;
      for (let j = -1; j <= 1; j++) for (let i = -1; i <= 1; i++) sum += grey[(y + j) * SIDE + x + i];
      out[y * SIDE + x] = sum / 9;
    }
  }
  return out;
}

describe('TextureMeter', () => {
  const meter = new TextureMeter();

  it('falls with blur, step by step', () => {
    const sharpness = [0, 2, 5, 10, 20].map((times) => meter.measure(texture(times, 0)).sharpness);
    for (let i = 1; i < sharpness.length; i++) expect(sharpness[i]).toBeLessThan(sharpness[i - 1]);
    expect(sharpness[0]).toBeGreaterThan(0.4);
    expect(sharpness[4]).toBeLessThan(0.22);
  });

  it('knows neither light nor contrast', () => {
    const dim = meter.measure(texture(2, 0, 0.4));
    const bright = meter.measure(texture(2, 0, 1.5));
    expect(dim.sharpness).toBeCloseTo(bright.sharpness, 4);
    expect(bright.brightness / dim.brightness).toBeCloseTo(1.5 / 0.4, 4);
    expect(bright.contrast / dim.contrast).toBeCloseTo(1.5 / 0.4, 4);
  });

  it('takes the noise of a dark picture for detail only in part', () => {
    const noisy = meter.measure(texture(20, 4)).sharpness;
    expect(noisy).toBeLessThan(meter.measure(texture(0, 0)).sharpness);
  });

  it('gives 0 for a face without any difference', () => {
    expect(meter.measure(new Float32Array(SIDE * SIDE).fill(90))).toEqual({
      sharpness: 0,
      brightness: 90 / 255,
      contrast: 0,
    });
  });
});
