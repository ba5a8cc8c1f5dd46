import type { Similarity } from './align.ts';
import type { Raster } from './raster.ts';

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
  const { channels } = raster;
  if (factor === 2 && channels === 1) halve(raster, window, out);
  else shrink(raster, factor, window, out);
  const { width, height } = window;
  return { data: out, offset: 0, stride: width * channels, width, height, channels, words: null };
}

/** The commonest case on its own: a face of some 80 to 120 pixels between the eyes. */
function halve(raster: Raster, window: BlockWindow, out: Uint8Array): void {
  const { data, stride } = raster;
  let target = 0;
  for (let y = 0; y < window.height; y++) {
    let at = raster.offset + (window.y + y) * 2 * stride + window.x * 2;
    for (let x = 0; x < window.width; x++) {
      out[target++] = (data[at] + data[at + 1] + data[at + stride] + data[at + stride + 1] + 2) >> 2;
      at += 2;
    }
  }
}

function shrink(raster: Raster, factor: number, window: BlockWindow, out: Uint8Array): void {
  const { data, stride, channels } = raster;
  const area = factor * factor;
  const half = area >> 1;
  let target = 0;
  for (let y = 0; y < window.height; y++) {
    const rowAt = raster.offset + (window.y + y) * factor * stride + window.x * factor * channels;
    for (let x = 0; x < window.width; x++) {
      for (let c = 0; c < channels; c++) {
        let at = rowAt + x * factor * channels + c;
        let sum = half;
        for (let j = 0; j < factor; j++) {
          let pixel = at;
          for (let i = 0; i < factor; i++) {
            sum += data[pixel];
            pixel += channels;
          }
          at += stride;
        }
        out[target++] = (sum / area) | 0;
      }
    }
  }
}
