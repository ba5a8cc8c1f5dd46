import { describe, expect, it } from 'vitest';
import { toYuv420p } from '../../scripts/support/yuv.ts';
import type { Picture } from '../../src/camera/index.ts';
import { BoxSampler } from '../../src/vision/box-sampler.ts';
import { ColourConversion, PLAIN_RGB } from '../../src/vision/colour.ts';
import { pictureBytes, rasters } from '../../src/vision/raster.ts';

function flat(red: number, green: number, blue: number, width = 64, height = 48): Picture {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i += 3) data.set([red, green, blue], i);
  return { format: 'rgb24', width, height, data };
}

const COLOURS = [
  [0, 0, 0],
  [255, 255, 255],
  [200, 30, 40],
  [20, 180, 60],
  [40, 60, 220],
  [190, 150, 130],
] as const;

describe('colours', () => {
  it.each(COLOURS)('come out of YUV as they went in: %i %i %i', (red, green, blue) => {
    const out = new Float32Array(3 * 20 * 10);
    const whole = { x: 0, y: 0, width: 64, height: 48 };
    new BoxSampler(20, 10, 'repeat').colour(toYuv420p(flat(red, green, blue)), whole, out, PLAIN_RGB);
    [red, green, blue].forEach((value, plane) => {
      expect(Math.abs(out[plane * 200 + 77] - value)).toBeLessThan(3);
    });
  });

  it.each(['rgb', 'bgr'] as const)('take mean and scale of their own plane, in the order %s', (order) => {
    const out = new Float32Array(3 * 4);
    const conversion = new ColourConversion(order, [10, 20, 30], [2, 4, 8]);
    new BoxSampler(2, 2, 'repeat').colour(
      flat(100, 120, 150),
      { x: 0, y: 0, width: 64, height: 48 },
      out,
      conversion,
    );
    const wanted = order === 'rgb' ? [100, 120, 150] : [150, 120, 100];
    expect([out[0], out[4], out[8]].map((value) => Math.round(value * 1000) / 1000)).toEqual([
      (wanted[0] - 10) / 2,
      (wanted[1] - 20) / 4,
      (wanted[2] - 30) / 8,
    ]);
  });

  it.each(['rgb24', 'yuv420p'] as const)(
    'are black beyond a %s picture, above, beside and below',
    (format) => {
      const rgb = flat(180, 170, 160);
      const picture = format === 'rgb24' ? rgb : toYuv420p(rgb);
      const out = new Float32Array(3 * 20 * 20);
      const conversion = new ColourConversion('rgb', [127, 127, 127], [128, 128, 128]);
      const sampler = new BoxSampler(20, 20, 'blank');
      // Once filled wholly: what it held before must not stay in the bars.
      sampler.colour(picture, { x: 10, y: 10, width: 20, height: 20 }, out, conversion);
      sampler.colour(picture, { x: -64, y: -48, width: 192, height: 144 }, out, conversion);
      for (const corner of [0, 19, 20 * 19, 20 * 20 - 1, 10, 10 * 20]) {
        expect(out[corner]).toBeCloseTo(-127 / 128, 2);
        expect(out[800 + corner]).toBeCloseTo(-127 / 128, 2);
      }
      expect(out[10 * 20 + 10]).toBeCloseTo((180 - 127) / 128, 1);
    },
  );

  it('give the same grey from both formats', () => {
    const rgb = flat(190, 150, 130);
    const one = new Float32Array(300);
    const other = new Float32Array(300);
    const sampler = new BoxSampler(10, 10, 'repeat');
    const box = { x: 3.3, y: 2.1, width: 40, height: 40 };
    sampler.grey(rgb, box, one);
    sampler.grey(toYuv420p(rgb), box, other);
    expect(Math.abs(one[50] - other[50])).toBeLessThan(1);
    expect(one[50]).toBeCloseTo(0.299 * 190 + 0.587 * 150 + 0.114 * 130, 0);
  });
});

describe('rasters', () => {
  it('refuse a picture that is none or too short for its size', () => {
    expect(() => rasters({ format: 'rgb24', width: 4, height: 4, data: new Uint8Array(47) })).toThrow(
      /48 bytes, not 47/,
    );
    expect(() => rasters({ format: 'yuv420p', width: 0, height: 4, data: new Uint8Array(0) })).toThrow(/0x4/);
  });

  it('count odd sizes of yuv420p with rounded-up colour planes', () => {
    expect(pictureBytes('yuv420p', 5, 3)).toBe(15 + 2 * 3 * 2);
    const [y, u, v] = rasters({ format: 'yuv420p', width: 5, height: 3, data: new Uint8Array(27) });
    expect([y.offset, u.offset, v.offset, u.width, u.height]).toEqual([0, 15, 21, 3, 2]);
  });
});
