import type { Picture } from '../camera/types.ts';
import { type Raster, rasters } from './raster.ts';
import type { Box } from './types.ts';

/** The middle of the face box that is looked at, in parts of it: skin, without hair and background. */
const INNER = 0.7;
/**
 * Points that are compared lie so far apart, in sides of the face box: three samples of the liveness network, which sees 1.5
 * sides in 128. Nearer ones miss coarse noise, which coding leaves; farther ones take lips and brows for noise.
 */
const STEP = (3 * 1.5) / 128;
/** Points looked at along a side of the face at most, and along a side of a cell. */
const POINTS = 64;
const CELL = 6;
/** The part of the cells that may lie below the measure: noise is everywhere, whereas brows, lips and patterns leave smooth skin. */
const QUIET = 0.05;
/** Of a normal distribution: standard deviation over mean deviation. */
const DEVIATION = Math.sqrt(Math.PI / 2);
/** Cb and Cr of full range out of those of limited range, and out of a colour less its luma (ITU-R BT.601). */
const FULL_RANGE = 255 / 224;
const CB = 0.564;
const CR = 0.713;
/** Where there is nothing to look at: worse than any noise. */
const UNKNOWN = 255;

/** Part of a raster in which each point has others a step to its right and below. */
interface Part {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  /** From point to point. */
  readonly across: number;
  readonly down: number;
  /** From a point to those it is compared with. */
  readonly step: number;
}

/** Sums up how far the differences of differences in a cell deviate from nothing, over Cb and Cr. */
type CellSum = (x: number, y: number, part: Part) => number;

/**
 * Noise of the colours of a face (Cb and Cr): the standard deviation in levels of 0..255, as the smoothest twentieth of the
 * face has it at least. Taken from differences of differences of four points each, in which even slopes of colour vanish.
 * 255 where the picture shows too little of the box.
 */
export function colourNoise(picture: Picture, face: Box): number {
  const [first, cb, cr] = rasters(picture);
  if (picture.format === 'rgb24')
    return quietOf(partOf(first, face, 1), (x, y, part) => sumOfRgb(first, x, y, part));
  return quietOf(
    partOf(cb, face, 2),
    (x, y, part) => FULL_RANGE * (sumOfPlane(cb, x, y, part) + sumOfPlane(cr, x, y, part)),
  );
}

/** The middle of the face in a raster that is `smaller` times as small as the picture. */
function partOf({ width, height }: Raster, face: Box, smaller: number): Part {
  const step = Math.max(1, Math.round((STEP * Math.max(face.width, face.height)) / smaller));
  const edge = (begin: number, size: number, at: number): number => Math.floor((begin + at * size) / smaller);
  const [near, far] = [(1 - INNER) / 2, (1 + INNER) / 2];
  const left = Math.max(0, edge(face.x, face.width, near));
  const top = Math.max(0, edge(face.y, face.height, near));
  const right = Math.min(width - step, edge(face.x, face.width, far));
  const bottom = Math.min(height - step, edge(face.y, face.height, far));
  const across = Math.max(1, Math.ceil((right - left) / POINTS));
  const down = Math.max(1, Math.ceil((bottom - top) / POINTS));
  return { left, top, right, bottom, across, down, step };
}

/** The measure out of the sums of all cells. */
function quietOf(part: Part, sum: CellSum): number {
  const { left, top, right, bottom } = part;
  const [width, height] = [CELL * part.across, CELL * part.down];
  const cells: number[] = [];
  for (let y = top; y + height <= bottom; y += height) {
    for (let x = left; x + width <= right; x += width) cells.push(sum(x, y, part));
  }
  if (cells.length === 0) return UNKNOWN;
  cells.sort((one, other) => one - other);
  // Two colours; and the difference of four points deviates twice as much as one.
  return (DEVIATION * cells[Math.floor(QUIET * (cells.length - 1))]) / (2 * 2 * CELL * CELL);
}

function sumOfPlane({ data, offset, stride }: Raster, x: number, y: number, part: Part): number {
  const { across, down, step } = part;
  const below = step * stride;
  let sum = 0;
  for (let row = 0; row < CELL; row++) {
    let at = offset + (y + row * down) * stride + x;
    for (let column = 0; column < CELL; column++, at += across)
      sum += Math.abs(data[at] - data[at + step] - data[at + below] + data[at + below + step]);
  }
  return sum;
}

function sumOfRgb({ data, offset, stride }: Raster, x: number, y: number, part: Part): number {
  const { across, down, step } = part;
  const [right, below] = [3 * step, step * stride];
  let sum = 0;
  for (let row = 0; row < CELL; row++) {
    let at = offset + (y + row * down) * stride + 3 * x;
    for (let column = 0; column < CELL; column++, at += 3 * across) {
      const other = at + below;
      const red = data[at] - data[at + right] - data[other] + data[other + right];
      const green = data[at + 1] - data[at + right + 1] - data[other + 1] + data[other + right + 1];
      const blue = data[at + 2] - data[at + right + 2] - data[other + 2] + data[other + right + 2];
      const luma = 0.299 * red + 0.587 * green + 0.114 * blue;
      sum += CB * Math.abs(blue - luma) + CR * Math.abs(red - luma);
    }
  }
  return sum;
}
