import type { Picture } from '../camera/types.ts';
import type { EyeStates } from './eyes.ts';
import { FaceInput } from './face-input.ts';
import { HeadAnalyser, type HeadOptions } from './head.ts';
import type { Landmarks } from './landmarks.ts';
import { loadModels, type ModelRole } from './models/index.ts';
import { Network } from './network.ts';
import type { Pose } from './pose.ts';
import { Queue } from './queue.ts';
import type { Box, ModelRef } from './types.ts';

const ROLES = ['age', 'gender'] as const satisfies readonly ModelRole[];
type LooksRole = (typeof ROLES)[number];
type AttributeRole = LooksRole | 'pose' | 'eye';

export type AttributeOptions = HeadOptions;

/** What can be told of a face besides who it is: where the head turns, age, sex, and whether the eyes are closed. */
export class AttributeAnalyser {
  readonly #head: HeadAnalyser;
  readonly #networks: Readonly<Record<LooksRole, Network>>;
  readonly #age: FaceInput;
  readonly #gender: FaceInput;
  readonly #queue = new Queue();

  private constructor(head: HeadAnalyser, networks: Readonly<Record<LooksRole, Network>>) {
    this.#head = head;
    this.#networks = networks;
    this.#age = new FaceInput(networks.age);
    this.#gender = new FaceInput(networks.gender);
  }

  /** Opens the networks. Throws MODELS_CATALOG_INVALID, MODEL_MISSING, MODEL_ALTERED or MODEL_UNSUPPORTED. */
  static async open(options: AttributeOptions): Promise<AttributeAnalyser> {
    const head = await HeadAnalyser.open(options);
    const models = await loadModels({ dir: options.modelsDir, roles: ROLES, threads: options.threads });
    return new AttributeAnalyser(head, { age: new Network(models.age), gender: new Network(models.gender) });
  }

  /** Which weights are in use. */
  get models(): Readonly<Record<AttributeRole, ModelRef>> {
    const { age, gender } = this.#networks;
    return { ...this.#head.models, age: age.ref, gender: gender.ref };
  }

  /** See `HeadAnalyser.pose`. */
  pose(picture: Picture, box: Box): Promise<Pose> {
    return this.#head.pose(picture, box);
  }

  /** Years, 0..101, with a fraction. An estimate: nothing at a door may hang on it. */
  age(picture: Picture, box: Box): Promise<number> {
    return this.#queue.run(async () => {
      await this.#age.run(picture, box);
      return Math.min(101, Math.max(0, 101 * mergeStages(this.#networks.age)));
    });
  }

  /** 0..1: near 0 a woman, near 1 a man; an estimate from the looks alone. */
  gender(picture: Picture, box: Box): Promise<number> {
    return this.#queue.run(async () => {
      await this.#gender.run(picture, box);
      return Math.min(1, Math.max(0, mergeStages(this.#networks.gender)));
    });
  }

  /** See `HeadAnalyser.eyes`. */
  eyes(picture: Picture, landmarks: Landmarks): Promise<EyeStates> {
    return this.#head.eyes(picture, landmarks);
  }

  /** Frees the networks. Nothing may be called afterwards. */
  async close(): Promise<void> {
    await this.#head.close();
    await this.#queue.run(async () => {
      for (const network of Object.values(this.#networks)) await network.close();
    });
  }
}

/** Bins of each of the three stages of SSR-Net. */
const BINS = 3;

/** The three stages of an SSR-Net merged to 0..1 (fr_age.js and fr_gender.js of the networks' package; Yang et al. 2018). */
function mergeStages(network: Network): number {
  let width = 1;
  let sum = 0;
  for (const stage of [1, 2, 3]) {
    const probabilities = network.output(`prob_stage_${stage}`);
    const offsets = network.output(`index_offset_stage${stage}`);
    width /= BINS * (1 + network.output(`stage${stage}_delta_k`)[0]);
    for (let bin = 0; bin < BINS; bin++) sum += (bin + offsets[bin]) * probabilities[bin] * width;
  }
  return sum;
}
