import type { Picture } from '../camera/types.ts';
import { BoxSampler } from './box-sampler.ts';
import type { ColourConversion } from './colour.ts';
import { FrameShrinker } from './frame-shrinker.ts';
import { InputRaiser, type Shadows } from './input-raiser.ts';
import { InputWidener } from './input-widener.ts';
import { colourConversion, type Network } from './network.ts';
import type { SecondWay } from './second-look.ts';
import type { Box, DetectedFace } from './types.ts';

/** Of two boxes that overlap by more than this (intersection over union) the weaker one is dropped. */
const MAX_OVERLAP = 0.4;

/** Finds faces with a network of the UltraFace kind: scores of background and face, boxes decoded to 0..1 of its input. */
export class Detector {
  readonly network: Network;
  readonly #sampler: BoxSampler;
  readonly #shrinker: FrameShrinker;
  readonly #widener: InputWidener;
  readonly #raiser: InputRaiser;
  readonly #conversion: ColourConversion;

  constructor(network: Network) {
    this.network = network;
    network.outputLength('scores');
    network.outputLength('boxes');
    const { width, height } = network;
    const { mean, scale } = network.entry.input;
    this.#conversion = colourConversion(network);
    this.#sampler = new BoxSampler(width, height, 'blank');
    this.#shrinker = new FrameShrinker(width, height);
    network.adopt(this.#shrinker.input);
    const black = mean.map((value, plane) => -value / scale[plane]);
    const white = mean.map((value, plane) => (255 - value) / scale[plane]);
    this.#widener = new InputWidener(width, height, black);
    this.#raiser = new InputRaiser(width, height, black, white);
  }

  /**
   * Faces within `view`, an upright box of the picture that may reach beyond it (black is seen there),
   * best first. Boxes are in pixels of the picture and may reach beyond it too.
   */
  async detect(picture: Picture, view: Box, minScore: number): Promise<DetectedFace[]> {
    if (!this.#shrinker.colour(picture, view, this.#conversion))
      this.#sampler.colour(picture, view, this.network.input, this.#conversion);
    return this.#find(view, minScore);
  }

  /** What lies in shadow of the picture that the last call of `detect` showed in `view`. */
  shadows({ width, height }: Pick<Picture, 'width' | 'height'>, view: Box): Shadows {
    const scale = this.network.width / view.width;
    const shown = { x: -view.x * scale, y: -view.y * scale, width: width * scale, height: height * scale };
    return this.#raiser.shadows(this.network.input, shown);
  }

  /**
   * Looks again at what the last call of `detect` showed in `view`, in another way; costs little besides the network. `gain` is that
   * of its shadows.
   */
  detectAgain(view: Box, way: SecondWay, gain: number, minScore: number): Promise<DetectedFace[]> {
    const { input } = this.network;
    if (way === 'wider') return this.#find(this.#widener.widen(input, view), minScore);
    if (way === 'smoothed') return this.#find(this.#raiser.raiseSmoothed(input, gain, view), minScore);
    this.#raiser.raise(input, gain);
    return this.#find(view, minScore);
  }

  async #find(view: Box, minScore: number): Promise<DetectedFace[]> {
    await this.network.run();
    const scores = this.network.output('scores');
    const boxes = this.network.output('boxes');
    const found: DetectedFace[] = [];
    for (let i = 0; 2 * i < scores.length; i++) {
      const score = scores[2 * i + 1];
      if (score < minScore) continue;
      const left = boxes[4 * i];
      const top = boxes[4 * i + 1];
      const width = boxes[4 * i + 2] - left;
      const height = boxes[4 * i + 3] - top;
      if (!(width > 0 && height > 0)) continue;
      found.push({
        box: {
          x: view.x + left * view.width,
          y: view.y + top * view.height,
          width: width * view.width,
          height: height * view.height,
        },
        score,
      });
    }
    return suppress(found);
  }
}

/** The smallest box of the shape `width` by `height` that holds the whole picture (from 0, 0), centred on it. */
export function letterbox(picture: Pick<Picture, 'width' | 'height'>, width: number, height: number): Box {
  const scale = Math.max(picture.width / width, picture.height / height);
  return {
    x: (picture.width - width * scale) / 2,
    y: (picture.height - height * scale) / 2,
    width: width * scale,
    height: height * scale,
  };
}

/** A box `factor` times as large with the same centre. */
export function widened(box: Box, factor: number): Box {
  return {
    x: box.x - (box.width * (factor - 1)) / 2,
    y: box.y - (box.height * (factor - 1)) / 2,
    width: box.width * factor,
    height: box.height * factor,
  };
}

/** Non-maximum suppression: keeps the best of every heap of overlapping boxes, best first. */
export function suppress(faces: readonly DetectedFace[], maxOverlap = MAX_OVERLAP): DetectedFace[] {
  const order = [...faces].sort((one, other) => other.score - one.score);
  const kept: DetectedFace[] = [];
  for (const face of order) {
    if (kept.every((better) => overlap(better.box, face.box) <= maxOverlap)) kept.push(face);
  }
  return kept;
}

/** Intersection over union of two boxes, 0..1. */
export function overlap(one: Box, other: Box): number {
  const width = Math.min(one.x + one.width, other.x + other.width) - Math.max(one.x, other.x);
  const height = Math.min(one.y + one.height, other.y + other.height) - Math.max(one.y, other.y);
  if (width <= 0 || height <= 0) return 0;
  const common = width * height;
  return common / (one.width * one.height + other.width * other.height - common);
}
