import type { Picture } from '../camera/types.ts';
import { workbench } from './workbench.ts';

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

/** Rows of red, green and blue in terms of the planes of a format, and what black is in each of these. */
const TO_RGB = {
  yuv420p: [
    [Y_GAIN, 0, R_V],
    [Y_GAIN, G_U, G_V],
    [Y_GAIN, B_U, 0],
  ],
  rgb24: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
} as const;
const TO_LUMA = { yuv420p: [Y_GAIN, 0, 0], rgb24: [0.299, 0.587, 0.114] } as const;
const ZERO = { yuv420p: [16, 128, 128], rgb24: [0, 0, 0] } as const;

/** What a network subtracts from 0..255 and then divides by. */
interface Scaling {
  readonly mean: number;
  readonly scale: number;
}

/**
 * Turns resampled planes into the colour planes a network wants: `order` of the planes, and
 * (value - mean) / scale of 0..255, one figure a plane.
 */
export class ColourConversion {
  /** Planes of red, green and blue. */
  readonly order: readonly [number, number, number];
  /** Matrix, mean and scale in one, six figures a colour: weights of the three source planes, base, lowest, highest. */
  readonly fromYuv: Float32Array;
  readonly #fromRgb: Float32Array;

  constructor(order: 'rgb' | 'bgr', mean: readonly number[], scale: readonly number[]) {
    this.order = order === 'rgb' ? [0, 1, 2] : [2, 1, 0];
    const rows = (format: Picture['format']): Float32Array =>
      Float32Array.from(
        this.order.flatMap((plane, row) =>
          figures(TO_RGB[format][row], ZERO[format], { mean: mean[plane], scale: scale[plane] }),
        ),
      );
    this.fromYuv = rows('yuv420p');
    this.#fromRgb = rows('rgb24');
  }

  /** What nothing becomes in red, green and blue. */
  get black(): readonly [number, number, number] {
    return [this.fromYuv[LOW], this.fromYuv[ROW + LOW], this.fromYuv[2 * ROW + LOW]];
  }

  /**
   * Converts the planes of the workbench, as resampled from a picture of `format`, in place: the samples from `begin` up to but
   * not including `end`. The others become black.
   */
  apply(format: Picture['format'], begin: number, end: number): void {
    workbench.clear();
    const matrix = workbench.place(format === 'yuv420p' ? this.fromYuv : this.#fromRgb);
    const [a, b, c] = [0, 1, 2].map((plane) => workbench.at(plane) + 4 * begin);
    const [red, green, blue] = this.order.map((plane) => workbench.at(plane) + 4 * begin);
    if (end > begin) workbench.loops.colours(a, b, c, red, green, blue, 4 * (end - begin), matrix);
    this.order.forEach((plane, colour) => {
      const samples = workbench.plane(plane);
      samples.fill(this.black[colour], 0, begin);
      samples.fill(this.black[colour], Math.max(begin, end));
    });
  }
}

/** Turns resampled planes into luma of full range: (value - mean) / scale of 0..255. */
export class GreyConversion {
  readonly #fromYuv: Float32Array;
  readonly #fromRgb: Float32Array;

  constructor(mean: number, scale: number) {
    const rows = (format: Picture['format']): Float32Array => {
      const row = figures(TO_LUMA[format], ZERO[format], { mean, scale });
      return Float32Array.from([row, row, row].flat());
    };
    this.#fromYuv = rows('yuv420p');
    this.#fromRgb = rows('rgb24');
  }

  /** Converts the first plane of the workbench in place, `size` samples; of `rgb24` all three planes into it. */
  apply(format: Picture['format'], size: number): void {
    workbench.clear();
    const matrix = workbench.place(format === 'yuv420p' ? this.#fromYuv : this.#fromRgb);
    const out = workbench.at(0);
    const [b, c] = format === 'yuv420p' ? [out, out] : [workbench.at(1), workbench.at(2)];
    workbench.loops.colours(out, b, c, out, out, out, 4 * size, matrix);
  }
}

/** Figures a colour in a matrix, and where among them stands the value of black. */
const ROW = 6;
const LOW = 4;

function figures(weights: readonly number[], zero: readonly number[], { mean, scale }: Scaling): number[] {
  const scaled = weights.map((weight) => weight / scale);
  const low = (0 - mean) / scale;
  const base = scaled.reduce((sum, weight, plane) => sum - weight * zero[plane], low);
  return [...scaled, base, low, (255 - mean) / scale];
}

export const PLAIN_RGB = new ColourConversion('rgb', [0, 0, 0], [1, 1, 1]);
export const PLAIN_GREY = new GreyConversion(0, 1);
