import type { Similarity } from './align.ts';
import type { Raster } from './raster.ts';
import { Band, workbench } from './workbench.ts';

/** A rectangle of blocks of `factor` x `factor` pixels, counted in blocks. */
export interface BlockWindow {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The blocks that a square of `side` pixels seen through `toBlocks` (in blocks) touches, cut to those wholly inside the raster. */
export function blockWindow(raster: Raster, factor: number, toBlocks: Similarity, side: number): BlockWindow {
  const { a, b, dx, dy } = toBlocks;
  const left = Math.floor(dx + Math.min(0, a * side) + Math.min(0, -b * side)) - 2;
  const right = Math.ceil(dx + Math.max(0, a * side) + Math.max(0, -b * side)) + 2;
  const top = Math.floor(dy + Math.min(0, b * side) + Math.min(0, a * side)) - 2;
  const bottom = Math.ceil(dy + Math.max(0, b * side) + Math.max(0, a * side)) + 2;
  const x = Math.max(0, left);
  const y = Math.max(0, top);
  return {
    x,
    y,
    width: Math.min(Math.floor(raster.width / factor), right) - x,
    height: Math.min(Math.floor(raster.height / factor), bottom) - y,
  };
}

/** Shrinks one window of a raster to the means of its blocks, written into `out` (window.width x window.height x channels). */
export function blockMeans(raster: Raster, factor: number, window: BlockWindow, out: Uint8Array): Raster {
  const { channels, stride } = raster;
  const { x, y, width, height } = window;
  const { loops } = workbench;
  workbench.clear();
  const bytes = width * factor * channels;
  const sums = workbench.room(2 * bytes);
  const ones = workbench.place(new Int32Array(factor).fill(1));
  const means = workbench.room(width * height * channels);
  const band = new Band(raster, x * factor, (x + width) * factor, (y + height) * factor, factor);
  for (let row = 0; row < height; row++) {
    loops.mix(band.address((y + row) * factor, factor), stride, factor, ones, sums, bytes);
    const at = means + row * width * channels;
    // The commonest case on its own: a face of some 70 to 105 pixels between the eyes.
    if (factor === 2 && channels === 1) loops.halves(sums, at, width);
    else
      for (let c = 0; c < channels; c++)
        loops.means(sums + 2 * c, 2 * channels, factor, at + c, channels, width);
  }
  workbench.take(means, out.subarray(0, width * height * channels));
  return { data: out, offset: 0, stride: width * channels, width, height, channels };
}
