import type { Picture } from '../camera/types.ts';
import { MenshenError } from '../common/index.ts';
import { BoxSampler } from './box-sampler.ts';
import type { Landmarks } from './landmarks.ts';
import type { Network } from './network.ts';
import type { Box } from './types.ts';

/** Probability that an eye is closed, 0..1; left and right as seen in the picture. */
export interface EyeStates {
  readonly left: number;
  readonly right: number;
}

/** Landmarks of an eye: outer and inner corner, then the four points of the lids. */
const EYES = {
  left: { corners: [36, 39], lids: [37, 38, 40, 41] },
  right: { corners: [42, 45], lids: [43, 44, 46, 47] },
} as const;

/** Tells closed eyes from open ones on small grey crops. */
export class EyeStateReader {
  readonly network: Network;
  readonly #factor: number;
  readonly #sampler: BoxSampler;
  readonly #grey: Float32Array;

  /** Throws MODEL_UNSUPPORTED when the catalogue gives the network another crop rule than "eye". */
  constructor(network: Network) {
    const { crop } = network.entry.input;
    if (crop.rule !== 'eye') {
      throw new MenshenError(
        'MODEL_UNSUPPORTED',
        `The ${network.entry.role} network ${network.ref.id} has the crop rule "${crop.rule}" in catalog.json; its role needs "eye".`,
      );
    }
    this.network = network;
    this.#factor = crop.factor;
    this.#sampler = new BoxSampler(network.width, network.height, 'repeat');
    this.#grey = new Float32Array(3 * network.width * network.height);
  }

  async read(picture: Picture, landmarks: Landmarks): Promise<EyeStates> {
    return {
      left: await this.#closed(picture, this.#around(landmarks, 'left')),
      right: await this.#closed(picture, this.#around(landmarks, 'right')),
    };
  }

  /** A square on the middle of the lids, as wide as the corners are apart, times the factor of the catalogue. */
  #around({ all }: Landmarks, eye: keyof typeof EYES): Box {
    const { corners, lids } = EYES[eye];
    const x = lids.reduce<number>((sum, index) => sum + all[2 * index], 0) / lids.length;
    const y = lids.reduce<number>((sum, index) => sum + all[2 * index + 1], 0) / lids.length;
    const side = Math.max(1, Math.abs(all[2 * corners[1]] - all[2 * corners[0]]) * this.#factor);
    return { x: x - side / 2, y: y - side / 2, width: side, height: side };
  }

  async #closed(picture: Picture, box: Box): Promise<number> {
    this.#sampler.grey(picture, box, this.#grey);
    const { input, entry } = this.network;
    for (let i = 0; i < input.length; i++) {
      input[i] = (this.#grey[i] - entry.input.mean[0]) / entry.input.scale[0];
    }
    await this.network.run();
    const [closed, open] = this.network.output('output');
    return 1 / (1 + Math.exp(open - closed));
  }
}
