import type { Picture } from '../camera/types.ts';
import { BoxSampler } from './box-sampler.ts';
import { FaceCrop } from './face-crop.ts';
import { colourConversion, type Network } from './network.ts';
import type { Box } from './types.ts';

/** Fills a network's input with a face by the crop rule of its catalogue entry, and runs it. */
export class FaceInput {
  readonly #network: Network;
  readonly #crop: FaceCrop;
  readonly #sampler: BoxSampler;
  readonly #conversion: ReturnType<typeof colourConversion>;

  constructor(network: Network) {
    this.#network = network;
    this.#crop = new FaceCrop(network.entry);
    this.#sampler = new BoxSampler(network.width, network.height, this.#crop.edge);
    this.#conversion = colourConversion(network);
  }

  async run(picture: Picture, box: Box): Promise<void> {
    this.#sampler.colour(picture, this.#crop.around(box, picture), this.#network.input, this.#conversion);
    await this.#network.run();
  }
}
