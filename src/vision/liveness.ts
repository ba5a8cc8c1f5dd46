import type { Picture } from '../camera/types.ts';
import { BoxSampler } from './box-sampler.ts';
import type { ColourConversion } from './colour.ts';
import { FaceCrop } from './face-crop.ts';
import { colourConversion, type Network } from './network.ts';
import type { Box } from './types.ts';

/** Presentation attack detection on one picture: three classes, the first of which is bona fide. */
export class LivenessDetector {
  readonly network: Network;
  readonly #crop: FaceCrop;
  readonly #sampler: BoxSampler;
  readonly #conversion: ColourConversion;

  constructor(network: Network) {
    this.network = network;
    network.outputLength('output');
    this.#crop = new FaceCrop(network.entry);
    // Separates a little better than averaging does (docs/decisions/still-picture.md) and costs less.
    this.#sampler = new BoxSampler(network.width, network.height, this.#crop.edge, 'interpolate');
    this.#conversion = colourConversion(network);
  }

  /** Probability that the face is a bona fide presentation, 0..1. */
  async score(picture: Picture, box: Box): Promise<number> {
    this.#sampler.colour(picture, this.#crop.around(box, picture), this.network.input, this.#conversion);
    await this.network.run();
    return softmaxFirst(this.network.output('output'));
  }
}

function softmaxFirst(values: Float32Array): number {
  const top = Math.max(...values);
  let sum = 0;
  for (const value of values) sum += Math.exp(value - top);
  return Math.exp(values[0] - top) / sum;
}
