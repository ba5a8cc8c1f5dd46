import type { Picture } from '../camera/types.ts';
import { ALIGNED_SIDE, ARCFACE_POINTS, fitSimilarity, invert, type Similarity } from './align.ts';
import { BLACK, type ColourInput, toColour, toGrey } from './colour.ts';
import { type Raster, rasters } from './raster.ts';
import type { FivePoints } from './types.ts';

const SIDE = ALIGNED_SIDE;
const SIZE = SIDE * SIDE;

/** Samples the face turned and scaled so that its five points lie where ArcFace wants them: 112x112. */
export class AlignedSampler {
  #shrunk = new Uint8Array(0);

  /** Fills `out` (3 x 112 x 112) with the colours of the aligned face. False when the five points span nothing. */
  colour(picture: Picture, five: FivePoints, out: Float32Array, input: ColourInput): boolean {
    const toSource = alignment(five);
    if (toSource === null) return false;
    const planes = rasters(picture);
    for (let p = 0; p < planes.length; p++)
      this.#sample(planes[p], toSource, p > 0, out, p * SIZE, BLACK[picture.format][p]);
    toColour(out, SIZE, picture.format, input);
    return true;
  }

  /** Fills the first 112 x 112 samples of `out` with the luma (0..255) of the aligned face; for `rgb24` it needs room for three planes. */
  grey(picture: Picture, five: FivePoints, out: Float32Array): boolean {
    const toSource = alignment(five);
    if (toSource === null) return false;
    this.#sample(rasters(picture)[0], toSource, false, out, 0, BLACK[picture.format][0]);
    toGrey(out, SIZE, picture.format);
    return true;
  }

  #sample(
    raster: Raster,
    luma: Similarity,
    chroma: boolean,
    out: Float32Array,
    at: number,
    blank: readonly number[],
  ): void {
    const toSource = chroma ? shrinkBy(luma, 2) : luma;
    const factor = Math.floor(Math.hypot(toSource.a, toSource.b));
    if (factor < 2) {
      sampleSimilar(raster, toSource, out, at, blank);
      return;
    }
    // Interpolation alone would skip pixels: average whole blocks first, then interpolate among those.
    const window = windowOf(toSource, factor, raster);
    if (window.width < 1 || window.height < 1) {
      for (let c = 0; c < raster.channels; c++) out.fill(blank[c], at + c * SIZE, at + (c + 1) * SIZE);
      return;
    }
    const bytes = window.width * window.height * raster.channels;
    if (bytes > this.#shrunk.length) this.#shrunk = new Uint8Array(bytes);
    shrink(raster, window, factor, this.#shrunk);
    const small: Raster = {
      data: this.#shrunk,
      offset: 0,
      stride: window.width * raster.channels,
      width: window.width,
      height: window.height,
      channels: raster.channels,
    };
    const scaled = shrinkBy(toSource, factor);
    sampleSimilar(small, { ...scaled, dx: scaled.dx - window.x, dy: scaled.dy - window.y }, out, at, blank);
  }
}

/** From positions in the aligned face to positions in the picture (0.5, 0.5 being the centre of its first pixel). */
function alignment(five: FivePoints): Similarity | null {
  const forward = fitSimilarity(five, ARCFACE_POINTS);
  return forward === null ? null : invert(forward);
}

function shrinkBy(transform: Similarity, factor: number): Similarity {
  return {
    a: transform.a / factor,
    b: transform.b / factor,
    dx: transform.dx / factor,
    dy: transform.dy / factor,
  };
}

interface Window {
  /** In blocks of `factor` pixels. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The blocks that the aligned face touches, cut to those wholly inside the raster. */
function windowOf(toSource: Similarity, factor: number, raster: Raster): Window {
  const { a, b, dx, dy } = shrinkBy(toSource, factor);
  const side = SIDE;
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

/** Means of factor x factor blocks of one window of the raster. */
function shrink(raster: Raster, window: Window, factor: number, out: Uint8Array): void {
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

/** Bilinear samples of the raster at the pixels of the aligned face, seen through `toSource`. */
function sampleSimilar(
  raster: Raster,
  toSource: Similarity,
  out: Float32Array,
  at: number,
  blank: readonly number[],
): void {
  const { data, stride, channels, width, height, offset } = raster;
  const { a, b } = toSource;
  const lastX = width - 1;
  const lastY = height - 1;
  for (let y = 0; y < SIDE; y++) {
    let sourceX = toSource.dx - b * y - HALF;
    let sourceY = toSource.dy + a * y - HALF;
    let target = at + y * SIDE;
    for (let x = 0; x < SIDE; x++) {
      const left = Math.floor(sourceX);
      const top = Math.floor(sourceY);
      const partX = sourceX - left;
      const partY = sourceY - top;
      if (left >= 0 && top >= 0 && left < lastX && top < lastY) {
        let pixel = offset + top * stride + left * channels;
        for (let c = 0; c < channels; c++) {
          const below = pixel + stride;
          const upper = data[pixel] + partX * (data[pixel + channels] - data[pixel]);
          const lower = data[below] + partX * (data[below + channels] - data[below]);
          out[target + c * SIZE] = upper + partY * (lower - upper);
          pixel++;
        }
      } else {
        const inX = left >= -1 && left <= lastX;
        const inY = top >= -1 && top <= lastY;
        for (let c = 0; c < channels; c++) {
          out[target + c * SIZE] =
            inX && inY ? atBorder(raster, left, top, partX, partY, c, blank[c]) : blank[c];
        }
      }
      sourceX += a;
      sourceY += b;
      target++;
    }
  }
}

/** Pixel centres lie half a pixel inside. */
const HALF = 0.5;

function atBorder(
  raster: Raster,
  left: number,
  top: number,
  partX: number,
  partY: number,
  c: number,
  blank: number,
): number {
  const { data, stride, channels, width, height, offset } = raster;
  let sum = 0;
  for (let j = 0; j < 2; j++) {
    for (let i = 0; i < 2; i++) {
      const x = left + i;
      const y = top + j;
      const inside = x >= 0 && y >= 0 && x < width && y < height;
      const weight = (i === 0 ? 1 - partX : partX) * (j === 0 ? 1 - partY : partY);
      sum += weight * (inside ? data[offset + y * stride + x * channels + c] : blank);
    }
  }
  return sum;
}
