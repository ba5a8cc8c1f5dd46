import type { Box } from './types.ts';

/** Of so many samples of an input, in each direction, ... */
const FROM = 3;
/** ... so many are made. */
const TO = 2;
/** The centres of two samples as wide as three stand a quarter of one beside the centres of the outer ones. */
const NEAR = 0.75;
const FAR = 0.25;

/**
 * How much wider a widened input shows its picture. On 92 masked web portraits the second look found 98 instead of 92 %, 72
 * instead of 46 % with the chin below the border, 88 instead of 65 % where the face filled the frame; 3 times found fewer.
 */
export const WIDER = FROM / TO;

/**
 * Shrinks what stands in a network's input to its middle, a margin of nothing around it: the same picture seen wider, without
 * reading the picture again.
 */
export class InputWidener {
  readonly #width: number;
  readonly #height: number;
  /** The values of black, one a plane. */
  readonly #black: readonly number[];
  /** One plane as it was, with room for a black margin to its right and below that makes whole blocks of it. */
  readonly #before: Float32Array;
  readonly #left: number;
  readonly #top: number;

  constructor(width: number, height: number, black: readonly number[]) {
    this.#width = width;
    this.#height = height;
    this.#black = black;
    this.#before = new Float32Array(width * wholeBlocks(height));
    this.#left = Math.floor((width - (width * TO) / FROM) / 2);
    this.#top = Math.floor((height - (height * TO) / FROM) / 2);
  }

  /** Widens `input` (planes x height x width), which shows the box `view` of a picture, in place; answers which box it shows then. */
  widen(input: Float32Array, view: Box): Box {
    const size = this.#width * this.#height;
    for (const [plane, black] of this.#black.entries()) {
      this.#widenPlane(input.subarray(plane * size, (plane + 1) * size), black);
    }
    const [width, height] = [view.width * WIDER, view.height * WIDER];
    return {
      x: view.x - (this.#left * width) / this.#width,
      y: view.y - (this.#top * height) / this.#height,
      width,
      height,
    };
  }

  #widenPlane(plane: Float32Array, black: number): void {
    const width = this.#width;
    const before = this.#before;
    before.set(plane);
    before.fill(black, plane.length);
    plane.fill(black);
    let target = this.#top * width + this.#left;
    for (let row = 0; row < before.length; row += FROM * width) {
      shrinkRows(before, row, width, plane, target, black);
      target += TO * width;
    }
  }
}

/** Three rows of `width` samples from `at` on to two, each output between the two samples next to its centre; black follows the rows. */
function shrinkRows(
  from: Float32Array,
  at: number,
  width: number,
  out: Float32Array,
  target: number,
  black: number,
): void {
  let upper = target;
  let lower = target + width;
  const end = at + width;
  const whole = end - (width % FROM);
  for (let x = at; x < whole; x += FROM) {
    const middle = x + width;
    const last = middle + width;
    const left = NEAR * from[x] + FAR * from[middle];
    const centre = NEAR * from[x + 1] + FAR * from[middle + 1];
    const right = NEAR * from[x + 2] + FAR * from[middle + 2];
    out[upper] = NEAR * left + FAR * centre;
    out[upper + 1] = FAR * centre + NEAR * right;
    const lowLeft = FAR * from[middle] + NEAR * from[last];
    const lowCentre = FAR * from[middle + 1] + NEAR * from[last + 1];
    const lowRight = FAR * from[middle + 2] + NEAR * from[last + 2];
    out[lower] = NEAR * lowLeft + FAR * lowCentre;
    out[lower + 1] = FAR * lowCentre + NEAR * lowRight;
    upper += TO;
    lower += TO;
  }
  if (whole === end) return;
  const middle = whole + width;
  const last = middle + width;
  const two = whole + 1 < end;
  const centre = two ? NEAR * from[whole + 1] + FAR * from[middle + 1] : black;
  const lowCentre = two ? FAR * from[middle + 1] + NEAR * from[last + 1] : black;
  out[upper] = NEAR * (NEAR * from[whole] + FAR * from[middle]) + FAR * centre;
  out[upper + 1] = FAR * centre + NEAR * black;
  out[lower] = NEAR * (FAR * from[middle] + NEAR * from[last]) + FAR * lowCentre;
  out[lower + 1] = FAR * lowCentre + NEAR * black;
}

function wholeBlocks(samples: number): number {
  return Math.ceil(samples / FROM) * FROM;
}
