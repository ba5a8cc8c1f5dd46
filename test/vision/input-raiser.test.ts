import { describe, expect, it } from 'vitest';
import { InputRaiser } from '../../src/vision/input-raiser.ts';

const [WIDTH, HEIGHT] = [40, 24];
const SIZE = WIDTH * HEIGHT;
/** As (value - mean) / scale of unlike planes has them. */
const BLACK = [-1, -2, -0.5];
const WHITE = [1, 3, 0.5];
const raiser = new InputRaiser(WIDTH, HEIGHT, BLACK, WHITE);

/** An input whose samples have these levels of grey, 0..255. */
function inputOf(level: (x: number, y: number) => number): Float32Array {
  return Float32Array.from({ length: 3 * SIZE }, (_, i) => {
    const [plane, at] = [Math.floor(i / SIZE), i % SIZE];
    const part = level(at % WIDTH, Math.floor(at / WIDTH)) / 255;
    return BLACK[plane] + part * (WHITE[plane] - BLACK[plane]);
  });
}

/** The levels of a plane. */
function levels(input: Float32Array, plane: number): number[] {
  const span = WHITE[plane] - BLACK[plane];
  return [...input.subarray(plane * SIZE, (plane + 1) * SIZE)].map(
    (value) => (255 * (value - BLACK[plane])) / span,
  );
}

describe('InputRaiser', () => {
  it('measures the shadows of the picture and not of what lies beside it', () => {
    const shown = { x: 0, y: 4, width: WIDTH, height: 16 };
    const input = inputOf((x, y) => (y < 4 || y >= 20 ? 0 : x < WIDTH / 4 ? 12 : 200));
    const { part, gain } = raiser.shadows(input, shown);
    expect(part).toBeCloseTo(0.3, 5); // three of ten columns are read there
    expect(gain).toBeCloseTo(10, 4);
    expect(
      raiser.shadows(
        inputOf(() => 90),
        shown,
      ),
    ).toEqual({ part: 0, gain: 1 });
    expect(
      raiser.shadows(
        inputOf(() => 0),
        shown,
      ),
    ).toEqual({ part: 1, gain: 32 });
  });

  it('multiplies the light up to white, each plane in its own scale', () => {
    const input = inputOf((x) => 2 * x);
    raiser.raise(input, 6);
    for (const plane of [0, 1, 2]) {
      for (const [at, level] of levels(input, plane).entries())
        expect(level).toBeCloseTo(Math.min(255, 12 * (at % WIDTH)), 2);
    }
  });

  it('shows the smoothed picture half as large without colours, and says which box it is', () => {
    const input = inputOf((x, y) => (x < 20 ? 10 : 20) + ((x + y) % 2 === 0 ? 4 : -4));
    input.subarray(0, SIZE).fill(BLACK[0]); // a third of the light is missing
    const view = { x: 100, y: 50, width: 400, height: 240 };
    const box = raiser.raiseSmoothed(input, 6, view);
    expect(box).toEqual({ x: -100, y: -70, width: 800, height: 480 });
    for (const plane of [0, 1, 2]) {
      const seen = levels(input, plane);
      const at = (x: number, y: number) => seen[y * WIDTH + x];
      expect(at(9, 12)).toBeCloseTo(0, 3);
      expect(at(30, 12)).toBeCloseTo(0, 3);
      expect(at(20, 5)).toBeCloseTo(0, 3);
      expect(at(20, 18)).toBeCloseTo(0, 3);
      // The pattern is gone, two thirds of the light are there, and the edge between the halves is soft.
      expect(at(12, 12)).toBeCloseTo((6 * 10 * 2) / 3, 2);
      expect(at(27, 12)).toBeCloseTo((6 * 20 * 2) / 3, 2);
      expect(at(19, 12)).toBeGreaterThan(42);
      expect(at(20, 12)).toBeLessThan(78);
    }
  });
});
