import { describe, expect, it } from 'vitest';
import type { Picture } from '../../src/camera/types.ts';
import { BoxSampler } from '../../src/vision/box-sampler.ts';
import { ColourConversion } from '../../src/vision/colour.ts';
import { FrameShrinker } from '../../src/vision/frame-shrinker.ts';
import { type ViewWindow, windowOn } from '../../src/vision/view-window.ts';

function noise(width: number, height: number, format: Picture['format'] = 'yuv420p'): Picture {
  const data = new Uint8Array(width * height * (format === 'rgb24' ? 3 : 1.5));
  let state = 1;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    data[i] = state >>> 24;
  }
  return { format, width, height, data };
}

function windowOf({ width, height }: Picture): ViewWindow {
  return windowOn({ x: 0, y: 0, width, height }, 320, 240);
}

describe('FrameShrinker', () => {
  const shrinker = new FrameShrinker(320, 240);

  it.each([
    new ColourConversion('rgb', [127, 127, 127], [128, 128, 128]),
    new ColourConversion('bgr', [123, 116, 103], [58, 57, 57]),
  ])('gives what the sampler of any box gives, in any colours', (conversion) => {
    for (const height of [720, 960, 544]) {
      const picture = noise(1280, height);
      const { box, rows } = windowOf(picture);
      const expected = new Float32Array(3 * 320 * rows).fill(Number.NaN);
      new BoxSampler(320, rows, 'blank').colour(picture, box, expected, conversion);
      const out = shrinker.input.fill(Number.NaN).subarray(0, expected.length);
      expect(shrinker.colour(picture, box, conversion)).toBe(true);
      let furthest = 0;
      for (let i = 0; i < out.length; i++) furthest = Math.max(furthest, Math.abs(out[i] - expected[i]));
      expect(furthest).toBeLessThan(1e-5);
    }
  });

  it('leaves pictures of another size, format or box to the sampler', () => {
    const alike = new ColourConversion('rgb', [127, 127, 127], [128, 128, 128]);
    const out = shrinker.input.fill(7);
    for (const picture of [noise(1920, 1080), noise(640, 360), noise(1280, 720, 'rgb24'), noise(1280, 718)])
      expect(shrinker.colour(picture, windowOf(picture).box, alike)).toBe(false);
    const picture = noise(1280, 720);
    const view = windowOf(picture).box;
    expect(shrinker.colour(picture, { ...view, x: 4 }, alike)).toBe(false);
    expect(shrinker.colour({ ...picture, data: picture.data.subarray(1) }, view, alike)).toBe(false);
    expect(out.every((value) => value === 7)).toBe(true);
  });
});
