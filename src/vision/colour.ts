import type { Picture } from '../camera/types.ts';

/** What black looks like in each plane of a format. */
export const BLACK: Readonly<Record<Picture['format'], readonly (readonly number[])[]>> = {
  rgb24: [[0, 0, 0]],
  yuv420p: [[16], [128], [128]],
};

/** ITU-R BT.601, limited range, 8 bits. */
const Y_GAIN = 255 / 219;
const R_V = 1.596027;
const G_U = -0.391762;
const G_V = -0.812968;
const B_U = 2.017232;

const clip = (value: number): number => Math.min(Math.max(value, 0), 255);

/** See `ColourConversion.factors`. */
export interface YuvFactors {
  /** Of Y in each colour; of V in red and what is added; of U and V in green and what is added; of U in blue and what is added. */
  readonly weights: readonly number[];
  /** The values of nothing and of full colour. */
  readonly low: number;
  readonly high: number;
  /** Planes of red, green and blue. */
  readonly order: readonly [number, number, number];
}

/**
 * Turns resampled planes into the colour planes a network wants: `order` of the planes, and
 * (value - mean) / scale of 0..255, one figure a plane.
 */
export class ColourConversion {
  /** Matrix, mean and scale in one, six figures a colour: weights of the three source planes, base, lowest, highest. */
  readonly #fromYuv: Float64Array;
  readonly #fromRgb: Float64Array;
  readonly #redPlane: number;
  /** Whether mean and scale are the same for all planes. */
  readonly #alike: boolean;

  constructor(order: 'rgb' | 'bgr', mean: readonly number[], scale: readonly number[]) {
    this.#redPlane = order === 'rgb' ? 0 : 2;
    this.#alike = new Set(mean).size === 1 && new Set(scale).size === 1;
    const colours = [this.#redPlane, 1, 2 - this.#redPlane].map((plane) => ({
      mean: mean[plane],
      scale: scale[plane],
    }));
    const rows = (matrix: readonly (readonly number[])[], black: readonly number[]): Float64Array =>
      Float64Array.from(
        colours.flatMap((colour, row) => {
          const weights = matrix[row].map((weight) => weight / colour.scale);
          const low = -colour.mean / colour.scale;
          const base = weights.reduce((sum, weight, plane) => sum - weight * black[plane], low);
          return [...weights, base, low, (255 - colour.mean) / colour.scale];
        }),
      );
    this.#fromYuv = rows(
      [
        [Y_GAIN, 0, R_V],
        [Y_GAIN, G_U, G_V],
        [Y_GAIN, B_U, 0],
      ],
      [16, 128, 128],
    );
    this.#fromRgb = rows(
      [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ],
      [0, 0, 0],
    );
  }

  /** What turns Y, U and V into the colours, where mean and scale are the same for all of them; else null. */
  get factors(): YuvFactors | null {
    if (!this.#alike) return null;
    const m = this.#fromYuv;
    return {
      weights: [m[0], m[2], m[3], m[ROW + 1], m[ROW + 2], m[ROW + 3], m[2 * ROW + 1], m[2 * ROW + 3]],
      low: m[LOW],
      high: m[LOW + 1],
      order: [this.#redPlane, 1, 2 - this.#redPlane],
    };
  }

  /**
   * Converts three planes of `size` samples each, as resampled from a picture of `format`, in place: the samples
   * from `begin` up to but not including `end`. The others become black.
   */
  apply(planes: Float32Array, size: number, format: Picture['format'], begin = 0, end = size): void {
    const matrix = format === 'yuv420p' ? this.#fromYuv : this.#fromRgb;
    const sources = [0, 1, 2].map((plane) => planes.subarray(plane * size + begin, plane * size + end));
    const targets = [this.#redPlane, 1, 2 - this.#redPlane];
    const [red, green, blue] = targets.map((plane) => sources[plane]);
    if (format === 'yuv420p' && this.#alike) convertAlike(sources, red, green, blue, matrix);
    else convert(sources, red, green, blue, matrix);
    targets.forEach((plane, colour) => {
      const black = matrix[colour * ROW + LOW];
      planes.fill(black, plane * size, plane * size + begin);
      planes.fill(black, plane * size + end, (plane + 1) * size);
    });
  }
}

/** Figures a colour in the matrix, and where among them stands the value of black. */
const ROW = 6;
const LOW = 4;

function convert(
  sources: readonly Float32Array[],
  red: Float32Array,
  green: Float32Array,
  blue: Float32Array,
  m: Float64Array,
): void {
  const [first, second, third] = sources;
  const r0 = m[0];
  const r2 = m[2];
  const rBase = m[3];
  const rLow = m[4];
  const rHigh = m[5];
  const g0 = m[ROW];
  const g1 = m[ROW + 1];
  const g2 = m[ROW + 2];
  const gBase = m[ROW + 3];
  const gLow = m[ROW + 4];
  const gHigh = m[ROW + 5];
  const b0 = m[2 * ROW];
  const b1 = m[2 * ROW + 1];
  const b2 = m[2 * ROW + 2];
  const bBase = m[2 * ROW + 3];
  const bLow = m[2 * ROW + 4];
  const bHigh = m[2 * ROW + 5];
  for (let i = 0; i < first.length; i++) {
    const a = first[i];
    const b = second[i];
    const c = third[i];
    const toRed = r0 * a + r2 * c + rBase;
    const toGreen = g0 * a + g1 * b + g2 * c + gBase;
    const toBlue = b0 * a + b1 * b + b2 * c + bBase;
    // biome-ignore lint/complexity/useMathMinMax: Math.min and Math.max take half as long again here
    red[i] = toRed < rLow ? rLow : toRed > rHigh ? rHigh : toRed;
    // biome-ignore lint/complexity/useMathMinMax: Math.min and Math.max take half as long again here
    green[i] = toGreen < gLow ? gLow : toGreen > gHigh ? gHigh : toGreen;
    // biome-ignore lint/complexity/useMathMinMax: Math.min and Math.max take half as long again here
    blue[i] = toBlue < bLow ? bLow : toBlue > bHigh ? bHigh : toBlue;
  }
}

/** The same from YUV where mean and scale are the same for all colours, as they mostly are: half the multiplications. */
function convertAlike(
  sources: readonly Float32Array[],
  red: Float32Array,
  green: Float32Array,
  blue: Float32Array,
  m: Float64Array,
): void {
  const [lumas, us, vs] = sources;
  const luma = m[0];
  const redV = m[2];
  const redBase = m[3];
  const low = m[4];
  const high = m[5];
  const greenU = m[ROW + 1];
  const greenV = m[ROW + 2];
  const greenBase = m[ROW + 3];
  const blueU = m[2 * ROW + 1];
  const blueBase = m[2 * ROW + 3];
  for (let i = 0; i < lumas.length; i++) {
    const y = luma * lumas[i];
    const u = us[i];
    const v = vs[i];
    const r = y + redV * v + redBase;
    const g = y + greenU * u + greenV * v + greenBase;
    const b = y + blueU * u + blueBase;
    // biome-ignore lint/complexity/useMathMinMax: Math.min and Math.max take half as long again here
    red[i] = r < low ? low : r > high ? high : r;
    // biome-ignore lint/complexity/useMathMinMax: Math.min and Math.max take half as long again here
    green[i] = g < low ? low : g > high ? high : g;
    // biome-ignore lint/complexity/useMathMinMax: Math.min and Math.max take half as long again here
    blue[i] = b < low ? low : b > high ? high : b;
  }
}

export const PLAIN_RGB = new ColourConversion('rgb', [0, 0, 0], [1, 1, 1]);

/**
 * Turns resampled planes into luma of 0..255 (full range), in place in the first `size` samples.
 * For `yuv420p` only the Y plane is read, for `rgb24` all three.
 */
export function toGrey(planes: Float32Array, size: number, format: Picture['format']): void {
  if (format === 'yuv420p') {
    for (let i = 0; i < size; i++) planes[i] = clip(Y_GAIN * (planes[i] - 16));
    return;
  }
  for (let i = 0; i < size; i++) {
    planes[i] = 0.299 * planes[i] + 0.587 * planes[size + i] + 0.114 * planes[2 * size + i];
  }
}
