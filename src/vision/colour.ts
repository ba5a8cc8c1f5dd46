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

/** Values a network wants: `order` of the planes, and (value - mean) / scale of 0..255, one figure a plane. */
export interface ColourInput {
  readonly order: 'rgb' | 'bgr';
  readonly mean: readonly number[];
  readonly scale: readonly number[];
}

export const PLAIN_RGB: ColourInput = { order: 'rgb', mean: [0, 0, 0], scale: [1, 1, 1] };

const clip = (value: number): number => Math.min(Math.max(value, 0), 255);

/**
 * Turns three planes of `size` samples each in `planes` (as resampled from a picture of `format`) in place
 * into the colour planes a network wants.
 */
export function toColour(
  planes: Float32Array,
  size: number,
  format: Picture['format'],
  input: ColourInput,
): void {
  const bgr = input.order === 'bgr';
  const red = bgr ? 2 * size : 0;
  const blue = bgr ? 0 : 2 * size;
  const [redMean, greenMean, blueMean] = bgr ? [...input.mean].reverse() : input.mean;
  const [redGain, greenGain, blueGain] = (bgr ? [...input.scale].reverse() : input.scale).map(
    (scale) => 1 / scale,
  );
  const second = size;
  const third = 2 * size;
  if (format === 'yuv420p') {
    for (let i = 0; i < size; i++) {
      const y = Y_GAIN * (planes[i] - 16);
      const u = planes[second + i] - 128;
      const v = planes[third + i] - 128;
      planes[red + i] = (clip(y + R_V * v) - redMean) * redGain;
      planes[second + i] = (clip(y + G_U * u + G_V * v) - greenMean) * greenGain;
      planes[blue + i] = (clip(y + B_U * u) - blueMean) * blueGain;
    }
    return;
  }
  for (let i = 0; i < size; i++) {
    const r = (planes[i] - redMean) * redGain;
    const b = (planes[third + i] - blueMean) * blueGain;
    planes[red + i] = r;
    planes[second + i] = (planes[second + i] - greenMean) * greenGain;
    planes[blue + i] = b;
  }
}

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
