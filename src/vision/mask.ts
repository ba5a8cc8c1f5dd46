import type { Picture } from '../camera/types.ts';
import { MenshenError } from '../common/index.ts';
import { BoxSampler } from './box-sampler.ts';
import type { ColourConversion } from './colour.ts';
import { FaceCrop } from './face-crop.ts';
import { colourConversion, type Network } from './network.ts';
import { type Box, MASK_STATES, type MaskLook } from './types.ts';

/** Tells what a face wears over mouth and nose: one probability for each of MASK_STATES, in their order. */
export class MaskDetector {
  readonly network: Network;
  readonly #crop: FaceCrop;
  readonly #sampler: BoxSampler;
  readonly #conversion: ColourConversion;

  /** Throws MODEL_UNSUPPORTED when the network does not give three figures. */
  constructor(network: Network) {
    this.network = network;
    const length = network.outputLength('output');
    if (length !== MASK_STATES.length) {
      throw new MenshenError(
        'MODEL_UNSUPPORTED',
        `The mask network ${network.ref.id} gives ${length} numbers; Menshen needs ${MASK_STATES.length}.`,
      );
    }
    this.#crop = new FaceCrop(network.entry);
    this.#sampler = new BoxSampler(network.width, network.height, this.#crop.edge);
    this.#conversion = colourConversion(network);
  }

  async read(picture: Picture, box: Box): Promise<MaskLook> {
    this.#sampler.colour(picture, this.#crop.around(box, picture), this.network.input, this.#conversion);
    await this.network.run();
    const logits = this.network.output('output');
    let best = 0;
    for (let i = 1; i < MASK_STATES.length; i++) if (logits[i] > logits[best]) best = i;
    const weights = MASK_STATES.map((_, i) => Math.exp(logits[i] - logits[best]));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    const probabilities = weights.map((weight) => weight / sum);
    return { state: MASK_STATES[best], score: 1 / sum, probabilities, model: this.network.ref };
  }
}
