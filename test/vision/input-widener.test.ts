import { describe, expect, it } from 'vitest';
import { BoxSampler } from '../../src/vision/box-sampler.ts';
import { ColourConversion } from '../../src/vision/colour.ts';
import { InputWidener, WIDER } from '../../src/vision/input-widener.ts';
import { widened, windowOn } from '../../src/vision/view-window.ts';

const WIDTH = 320;
const HEIGHT = 240;
const SIZE = WIDTH * HEIGHT;

describe('InputWidener', () => {
  it('shows the picture as sampling the wider box does, and says which box it is', () => {
    const data = new Uint8Array(3 * SIZE);
    const picture = { format: 'rgb24' as const, width: WIDTH, height: HEIGHT, data };
    picture.data.forEach((_, i) => {
      picture.data[i] = 40 + ((i * 7919) % 200);
    });
    const conversion = new ColourConversion('rgb', [127, 127, 127], [128, 128, 128]);
    const sampler = new BoxSampler(WIDTH, HEIGHT, 'blank', 'interpolate');
    const view = windowOn({ x: 0, y: 0, width: WIDTH, height: HEIGHT }, WIDTH, HEIGHT).box;
    const input = new Float32Array(3 * SIZE);
    sampler.colour(picture, view, input, conversion);
    const wide = new InputWidener(WIDTH, HEIGHT, [-127 / 128, -127 / 128, -127 / 128]).widen(input, view);
    const about = widened(view, WIDER);
    expect(wide).toMatchObject({ width: about.width, height: about.height });
    // It begins at a whole sample, and so may stand aside by a part of one.
    expect(Math.abs(wide.x - about.x)).toBeLessThan(about.width / WIDTH);
    expect(Math.abs(wide.y - about.y)).toBeLessThan(about.height / HEIGHT);
    const expected = new Float32Array(3 * SIZE);
    sampler.colour(picture, wide, expected, conversion);
    let furthest = 0;
    for (let i = 0; i < input.length; i++) furthest = Math.max(furthest, Math.abs(input[i] - expected[i]));
    // The sampler's weights are rounded to 1/256.
    expect(furthest).toBeLessThan(3 / 256);
  });

  it('leaves the margin black, each plane in its own', () => {
    const black = [-1, 2, 5];
    const input = new Float32Array(3 * 10 * 8).fill(9);
    const wide = new InputWidener(10, 8, black).widen(input, { x: 0, y: 0, width: 100, height: 80 });
    expect(wide).toEqual({ x: -15, y: -15, width: 150, height: 120 });
    for (const [plane, value] of black.entries()) {
      const rows = Array.from({ length: 8 }, (_, y) => [
        ...input.slice(80 * plane + 10 * y, 80 * plane + 10 * y + 10),
      ]);
      const partly = (9 * 3 + value) / 4;
      const inner = [value, 9, 9, 9, 9, 9, 9, expect.closeTo(partly, 5), value, value];
      expect(rows[0]).toEqual(Array(10).fill(value));
      expect(rows[1]).toEqual(inner);
      expect(rows[5]).toEqual(inner);
      expect(rows[7]).toEqual(Array(10).fill(value));
    }
  });
});
