import { describe, expect, it } from 'vitest';
import type { Picture } from '../../src/camera/types.ts';
import { EnclosureMeter } from '../../src/vision/enclosure.ts';

const [WIDTH, HEIGHT] = [640, 480];
const FACE = { x: 280, y: 200, width: 80, height: 100 };
const CENTRE = { x: 320, y: 250 };

interface Sheet {
  readonly halfWidth: number;
  readonly halfHeight: number;
  readonly turned?: number;
  /** Leaves a side out: the background is as bright there. */
  readonly open?: 'bottom';
}

/** A grey scene with some noise, a darker oval for the head, and a sheet around it. */
function scene(sheet: Sheet | null, grain = 4): Picture {
  const data = new Uint8Array((WIDTH * HEIGHT * 3) / 2).fill(128);
  let seed = 7;
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      const noise = ((seed >>> 24) / 255 - 0.5) * grain;
      const head = ((x - 320) / 42) ** 2 + ((y - 245) / 55) ** 2 < 1 ? -50 : 0;
      data[y * WIDTH + x] =
        110 + 20 * Math.sin(x / 70 + y / 110) + head + (onSheet(sheet, x, y) ? 70 : 0) + noise;
    }
  }
  return { format: 'yuv420p', width: WIDTH, height: HEIGHT, data };
}

function onSheet(sheet: Sheet | null, x: number, y: number): boolean {
  if (sheet === null) return false;
  const angle = ((sheet.turned ?? 0) * Math.PI) / 180;
  const [dx, dy] = [x - CENTRE.x, y - CENTRE.y];
  const across = dx * Math.cos(angle) + dy * Math.sin(angle);
  const down = dy * Math.cos(angle) - dx * Math.sin(angle);
  if (sheet.open === 'bottom' && down >= sheet.halfHeight) return Math.abs(across) < sheet.halfWidth;
  return Math.abs(across) < sheet.halfWidth && Math.abs(down) < sheet.halfHeight;
}

describe('Edges around a face', () => {
  const meter = new EnclosureMeter();
  const measured = (sheet: Sheet | null): number => meter.measure(scene(sheet), FACE);

  it.each([
    ['upright', { halfWidth: 80, halfHeight: 110 }],
    ['turned by 7 degrees', { halfWidth: 80, halfHeight: 110, turned: 7 }],
    ['turned the other way', { halfWidth: 95, halfHeight: 100, turned: -5 }],
    ['broad', { halfWidth: 150, halfHeight: 95 }],
  ])('are those of a sheet: %s', (_, sheet) => {
    expect(measured(sheet)).toBeGreaterThan(0.75);
  });

  it('are none around a person before a wall', () => {
    expect(measured(null)).toBe(0);
  });

  it('do not count where one side is missing, as behind a person', () => {
    expect(measured({ halfWidth: 80, halfHeight: 110, open: 'bottom' })).toBeLessThan(0.4);
  });

  it('do not count at the border of the picture', () => {
    expect(measured({ halfWidth: 316, halfHeight: 226 })).toBe(0);
  });

  it('are looked for in rgb24 as well, and beyond the picture without fault', () => {
    const { data } = scene({ halfWidth: 80, halfHeight: 110 });
    const rgb = new Uint8Array(WIDTH * HEIGHT * 3);
    for (let i = 0; i < rgb.length; i++) rgb[i] = data[Math.floor(i / 3)] ?? 0;
    const picture: Picture = { format: 'rgb24', width: WIDTH, height: HEIGHT, data: rgb };
    expect(meter.measure(picture, FACE)).toBeGreaterThan(0.8);
    expect(meter.measure(picture, { x: -50, y: 400, width: 300, height: 300 })).toBeGreaterThanOrEqual(0);
  });
});
