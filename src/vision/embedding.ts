import type { Picture } from '../camera/types.ts';
import { MenshenError } from '../common/index.ts';
import { ALIGNED_SIDE } from './align.ts';
import type { AlignedSampler } from './aligned-sampler.ts';
import type { ColourConversion } from './colour.ts';
import { colourConversion, type Network } from './network.ts';
import { EMBEDDING_DIMENSIONS, type FivePoints } from './types.ts';

/** Turns an aligned face into an embedding. */
export class Embedder {
  readonly network: Network;
  readonly #sampler: AlignedSampler;
  readonly #conversion: ColourConversion;

  /** Throws MODEL_UNSUPPORTED when the network takes or gives other sizes than 112x112 and 512. */
  constructor(network: Network, sampler: AlignedSampler) {
    this.network = network;
    this.#sampler = sampler;
    this.#conversion = colourConversion(network);
    const length = network.outputLength('output');
    if (
      network.width !== ALIGNED_SIDE ||
      network.height !== ALIGNED_SIDE ||
      length !== EMBEDDING_DIMENSIONS
    ) {
      throw new MenshenError(
        'MODEL_UNSUPPORTED',
        `The embedding network ${network.ref.id} takes ${network.width}x${network.height} pixels and gives ${length} numbers; ` +
          `Menshen needs ${ALIGNED_SIDE}x${ALIGNED_SIDE} and ${EMBEDDING_DIMENSIONS}.`,
      );
    }
  }

  /**
   * The embedding of a face, of norm 1; null when the five points span nothing. With `mirrored` the embeddings
   * of the face and of its mirror image are averaged, at twice the cost.
   */
  async embed(picture: Picture, five: FivePoints, mirrored: boolean): Promise<Float32Array | null> {
    if (!this.#sampler.colour(picture, five, this.network.input, this.#conversion)) return null;
    const vector = await this.#direction();
    if (mirrored) {
      mirrorRows(this.network.input, this.network.width);
      const other = await this.#direction();
      for (let i = 0; i < vector.length; i++) vector[i] += other[i];
      normalise(vector);
    }
    return vector;
  }

  async #direction(): Promise<Float32Array> {
    await this.network.run();
    const vector = new Float32Array(this.network.output('output'));
    normalise(vector);
    return vector;
  }
}

/** Scales a vector to the Euclidean norm 1. */
export function normalise(vector: Float32Array): void {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += vector[i] * vector[i];
  const scale = 1 / Math.max(Math.sqrt(sum), 1e-12);
  for (let i = 0; i < vector.length; i++) vector[i] *= scale;
}

/** Turns every row of `width` samples back to front. */
export function mirrorRows(planes: Float32Array, width: number): void {
  for (let row = 0; row < planes.length; row += width) planes.subarray(row, row + width).reverse();
}
