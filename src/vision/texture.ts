import { ALIGNED_SIDE } from './align.ts';
import type { QualityReport } from './types.ts';

/** The part of the aligned face that is looked at: brows to mouth, without hair, background and collar. */
const LEFT = 24;
const RIGHT = 88;
const TOP = 36;
const BOTTOM = 104;
const COUNT = (RIGHT - LEFT) * (BOTTOM - TOP);
const WIDTH = ALIGNED_SIDE;
/** Pixels that the second blur averages over: 2 x REACH + 1. */
const REACH = 4;

export type Texture = Pick<QualityReport, 'sharpness' | 'brightness' | 'contrast'>;

/** Measures the luma of aligned faces (112x112, 0..255). Keeps its buffer between faces. */
export class TextureMeter {
  readonly #smooth = new Float32Array(WIDTH * WIDTH);

  measure(grey: Float32Array): Texture {
    let sum = 0;
    let squares = 0;
    for (let y = TOP; y < BOTTOM; y++) {
      for (let at = y * WIDTH + LEFT; at < y * WIDTH + RIGHT; at++) {
        sum += grey[at];
        squares += grey[at] * grey[at];
      }
    }
    const mean = sum / COUNT;
    const variance = Math.max(0, squares / COUNT - mean * mean);
    smooth(grey, this.#smooth);
    return {
      sharpness: Math.min(lostByBlur(this.#smooth, 1), lostByBlur(this.#smooth, WIDTH)),
      brightness: mean / 255,
      contrast: Math.sqrt(variance) / 255,
    };
  }
}

/** Binomial 3x3: else the noise of a camera in the dark would count as detail. */
function smooth(grey: Float32Array, out: Float32Array): void {
  for (let y = TOP - REACH - 1; y <= BOTTOM + REACH; y++) {
    for (let at = y * WIDTH + LEFT - REACH - 1; at <= y * WIDTH + RIGHT + REACH; at++) {
      const beside = grey[at - 1] + grey[at + 1] + grey[at - WIDTH] + grey[at + WIDTH];
      const across =
        grey[at - WIDTH - 1] + grey[at - WIDTH + 1] + grey[at + WIDTH - 1] + grey[at + WIDTH + 1];
      out[at] = (4 * grey[at] + 2 * beside + across) / 16;
    }
  }
}

/**
 * The part of the differences between neighbours, along one direction (`step` samples apart), that is lost when the
 * picture is blurred once more: much in a sharp picture, little in one blurred already (Crete et al. 2007, "The
 * blur effect"). A ratio, so it knows neither exposure nor contrast.
 */
function lostByBlur(grey: Float32Array, step: number): number {
  let before = 0;
  let lost = 0;
  for (let y = TOP; y < BOTTOM; y++) {
    for (let at = y * WIDTH + LEFT; at < y * WIDTH + RIGHT; at++) {
      const difference = Math.abs(grey[at] - grey[at - step]);
      // What is left of it between two neighbouring means, which share all but their ends.
      const blurred = Math.abs(grey[at + REACH * step] - grey[at - (REACH + 1) * step]) / (2 * REACH + 1);
      before += difference;
      if (difference > blurred) lost += difference - blurred;
    }
  }
  return before > 0 ? lost / before : 0;
}
