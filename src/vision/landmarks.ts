import type { Picture } from '../camera/types.ts';
import { BoxSampler } from './box-sampler.ts';
import { GreyConversion } from './colour.ts';
import { FaceCrop } from './face-crop.ts';
import type { Network } from './network.ts';
import type { Box, FivePoints, Point } from './types.ts';

const POINTS = 68;

/** The points of one face. */
export interface Landmarks {
  /** x and y of the 68 points of the iBUG 300-W scheme, in pixels of the picture. */
  readonly all: Float32Array;
  readonly five: FivePoints;
}

/** Finds the 68 landmarks of a face on a grey crop. */
export class LandmarkFinder {
  readonly network: Network;
  readonly #crop: FaceCrop;
  readonly #sampler: BoxSampler;
  readonly #conversion: GreyConversion;

  constructor(network: Network) {
    this.network = network;
    network.outputLength('output');
    this.#crop = new FaceCrop(network.entry);
    this.#sampler = new BoxSampler(network.width, network.height, this.#crop.edge);
    const { mean, scale } = network.entry.input;
    this.#conversion = new GreyConversion(mean[0], scale[0]);
  }

  async find(picture: Picture, box: Box): Promise<Landmarks> {
    const crop = this.#crop.around(box, picture);
    this.#sampler.grey(picture, crop, this.network.input, this.#conversion);
    await this.network.run();
    const output = this.network.output('output');
    const all = new Float32Array(2 * POINTS);
    for (let i = 0; i < POINTS; i++) {
      all[2 * i] = crop.x + output[2 * i] * crop.width;
      all[2 * i + 1] = crop.y + output[2 * i + 1] * crop.height;
    }
    return { all, five: fiveOf(all) };
  }
}

/**
 * Five points out of 68, as the package of the networks does it (fr_feature.js, `convert68pts5pts`): each
 * eye from its four lid points, the nose tip, each corner of the mouth from its outer and inner corner.
 */
export function fiveOf(all: Float32Array): FivePoints {
  return [
    mean(all, 37, 38, 40, 41),
    mean(all, 43, 44, 46, 47),
    mean(all, 30),
    mean(all, 48, 60),
    mean(all, 54, 64),
  ];
}

function mean(all: Float32Array, ...indices: readonly number[]): Point {
  let x = 0;
  let y = 0;
  for (const index of indices) {
    x += all[2 * index];
    y += all[2 * index + 1];
  }
  return { x: x / indices.length, y: y / indices.length };
}
