import type { Picture } from '../camera/types.ts';
import { MenshenError } from '../common/index.ts';
import { BoxSampler } from './box-sampler.ts';
import { GreyConversion } from './colour.ts';
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

/** Tells closed eyes from open ones on small grey crops, both of a face at once. */
export class EyeStateReader {
  readonly network: Network;
  readonly #factor: number;
  readonly #sampler: BoxSampler;
  readonly #conversion: GreyConversion;

  /** Throws MODEL_UNSUPPORTED when the catalogue gives the network another crop rule than "eye", or not two of them to look at. */
  constructor(network: Network) {
    const { crop, shape, mean, scale } = network.entry.input;
    if (crop.rule !== 'eye' || shape[0] !== 2) {
      throw new MenshenError(
        'MODEL_UNSUPPORTED',
        `The ${network.entry.role} network ${network.ref.id} has the crop rule "${crop.rule}" and an input of ${shape[0]} in catalog.json; its role needs "eye" and 2.`,
      );
    }
    this.network = network;
    this.#factor = crop.factor;
    this.#sampler = new BoxSampler(network.width, network.height, 'repeat');
    this.#conversion = new GreyConversion(mean[0], scale[0]);
  }

  async read(picture: Picture, landmarks: Landmarks): Promise<EyeStates> {
    const { input } = this.network;
    const half = input.length / 2;
    for (const [at, eye] of [
      [0, 'left'],
      [half, 'right'],
    ] as const) {
      const box = this.#around(landmarks, eye);
      this.#sampler.grey(picture, box, input.subarray(at, at + half), this.#conversion);
    }
    await this.network.run();
    const [left, leftOpen, right, rightOpen] = this.network.output('output');
    return { left: 1 / (1 + Math.exp(leftOpen - left)), right: 1 / (1 + Math.exp(rightOpen - right)) };
  }

  /** A square on the middle of the lids, as wide as the corners are apart, times the factor of the catalogue. */
  #around({ all }: Landmarks, eye: keyof typeof EYES): Box {
    const { corners, lids } = EYES[eye];
    const x = lids.reduce<number>((sum, index) => sum + all[2 * index], 0) / lids.length;
    const y = lids.reduce<number>((sum, index) => sum + all[2 * index + 1], 0) / lids.length;
    const side = Math.max(1, Math.abs(all[2 * corners[1]] - all[2 * corners[0]]) * this.#factor);
    return { x: x - side / 2, y: y - side / 2, width: side, height: side };
  }
}
