import type { Picture } from '../camera/types.ts';
import { BoxSampler } from './box-sampler.ts';
import type { ColourConversion } from './colour.ts';
import { FrameShrinker } from './frame-shrinker.ts';
import { InputRaiser, type Shadows } from './input-raiser.ts';
import { InputWidener } from './input-widener.ts';
import { colourConversion, type Network } from './network.ts';
import { facesOfLevel, LEVELS } from './prior-boxes.ts';
import type { SecondWay } from './second-look.ts';
import type { Box, DetectedFace } from './types.ts';
import { type ViewWindow, windowOn } from './view-window.ts';

/** Of two boxes that overlap by more than this (intersection over union) the weaker one is dropped. */
const MAX_OVERLAP = 0.4;

/** Finds faces with a network of the UltraFace kind, its outputs the figures of each level of cells (step `drop-decoding`). */
export class Detector {
  readonly network: Network;
  readonly #shrinker: FrameShrinker;
  readonly #conversion: ColourConversion;
  /** The values of black and of white, one a plane. */
  readonly #black: readonly number[];
  readonly #white: readonly number[];
  /** What serves windows of the last size: that of a camera never changes. */
  #bench: Bench;
  /** What stands in the network's input. */
  #window: ViewWindow;

  constructor(network: Network) {
    this.network = network;
    for (const level of LEVELS.keys()) {
      network.outputLength(`scores.${level}`);
      network.outputLength(`boxes.${level}`);
    }
    const { width, height } = network;
    const { mean, scale } = network.entry.input;
    this.#conversion = colourConversion(network);
    this.#shrinker = new FrameShrinker(width, height);
    this.#black = mean.map((value, plane) => -value / scale[plane]);
    this.#white = mean.map((value, plane) => (255 - value) / scale[plane]);
    this.#window = windowOn({ x: 0, y: 0, width, height }, width, height);
    this.#bench = this.#benchFor(this.#window);
  }

  /**
   * Faces within `view`, an upright box of the picture that may reach beyond it (black is seen there), best first. Boxes are in
   * pixels of the picture and may reach beyond it too.
   */
  async detect(picture: Picture, view: Box, minScore: number): Promise<DetectedFace[]> {
    this.show(picture, view);
    return this.#find(minScore);
  }

  /** Fills the network's input with `view` without looking: for `shadows` and `detectAgain`. */
  show(picture: Picture, view: Box): void {
    const { width, height } = this.network;
    this.#window = windowOn(view, width, height);
    if (this.#bench.columns !== this.#window.columns || this.#bench.rows !== this.#window.rows)
      this.#bench = this.#benchFor(this.#window);
    const { box } = this.#window;
    if (!this.#shrinker.colour(picture, box, this.#conversion))
      this.#bench.sampler.colour(picture, box, this.network.input, this.#conversion);
  }

  /** What lies in shadow of the picture that the last call of `detect` or `show` was about. */
  shadows({ width, height }: Pick<Picture, 'width' | 'height'>): Shadows {
    const { box, columns } = this.#window;
    const scale = columns / box.width;
    const shown = { x: -box.x * scale, y: -box.y * scale, width: width * scale, height: height * scale };
    return this.#bench.raiser.shadows(this.network.input, shown);
  }

  /**
   * Looks again at what the last call of `detect` or `show` showed, in another way and once, for its input is changed; costs little besides the
   * network. `gain` is that of its shadows.
   */
  detectAgain(way: SecondWay, gain: number, minScore: number): Promise<DetectedFace[]> {
    const { input } = this.network;
    const { raiser, widener } = this.#bench;
    const { box } = this.#window;
    if (way === 'wider') this.#window = { ...this.#window, box: widener.widen(input, box) };
    else if (way === 'smoothed')
      this.#window = { ...this.#window, box: raiser.raiseSmoothed(input, gain, box) };
    else raiser.raise(input, gain);
    return this.#find(minScore);
  }

  async #find(minScore: number): Promise<DetectedFace[]> {
    await this.network.run();
    const found = LEVELS.flatMap((_, level) => {
      const scores = this.network.output(`scores.${level}`);
      const boxes = this.network.output(`boxes.${level}`);
      return facesOfLevel(level, { scores, boxes }, this.#window, this.network, minScore);
    });
    return suppress(found);
  }

  /** Makes the network's input that of windows of this size, and what fills it. */
  #benchFor({ columns, rows }: ViewWindow): Bench {
    this.network.adopt(this.#shrinker.input.subarray(0, 3 * columns * rows), [1, 3, rows, columns]);
    return {
      columns,
      rows,
      sampler: new BoxSampler(columns, rows, 'blank'),
      widener: new InputWidener(columns, rows, this.#black),
      raiser: new InputRaiser(columns, rows, this.#black, this.#white),
    };
  }
}

/** What fills an input of one size. */
interface Bench {
  readonly columns: number;
  readonly rows: number;
  readonly sampler: BoxSampler;
  readonly widener: InputWidener;
  readonly raiser: InputRaiser;
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
