import type { Picture } from '../camera/types.ts';
import { BoxSampler } from './box-sampler.ts';
import { EyeStateReader, type EyeStates } from './eyes.ts';
import { FaceCrop } from './face-crop.ts';
import type { Landmarks } from './landmarks.ts';
import { loadModels, type ModelRole } from './models/index.ts';
import { colourConversion, Network } from './network.ts';
import type { Pose } from './pose.ts';
import { Queue } from './queue.ts';
import type { Box, ModelRef } from './types.ts';

const ROLES = ['pose', 'eye', 'age', 'gender'] as const satisfies readonly ModelRole[];
type AttributeRole = (typeof ROLES)[number];

export interface AttributeOptions {
  /** Folder of catalog.json and the networks. */
  readonly modelsDir: string;
  /** Threads a network may use. */
  readonly threads: number;
}

/** What can be told of a face besides who it is: where the head turns, age, sex, and whether the eyes are closed. */
export class AttributeAnalyser {
  readonly #networks: Readonly<Record<AttributeRole, Network>>;
  readonly #pose: FaceInput;
  readonly #age: FaceInput;
  readonly #gender: FaceInput;
  readonly #eyes: EyeStateReader;
  readonly #queue = new Queue();

  private constructor(networks: Readonly<Record<AttributeRole, Network>>) {
    this.#networks = networks;
    this.#pose = new FaceInput(networks.pose);
    this.#age = new FaceInput(networks.age);
    this.#gender = new FaceInput(networks.gender);
    this.#eyes = new EyeStateReader(networks.eye);
  }

  /** Opens the networks. Throws MODELS_CATALOG_INVALID, MODEL_MISSING, MODEL_ALTERED or MODEL_UNSUPPORTED. */
  static async open(options: AttributeOptions): Promise<AttributeAnalyser> {
    const models = await loadModels({ dir: options.modelsDir, roles: ROLES, threads: options.threads });
    return new AttributeAnalyser({
      pose: new Network(models.pose),
      eye: new Network(models.eye),
      age: new Network(models.age),
      gender: new Network(models.gender),
    });
  }

  /** Which weights are in use. */
  get models(): Readonly<Record<AttributeRole, ModelRef>> {
    const { pose, eye, age, gender } = this.#networks;
    return { pose: pose.ref, eye: eye.ref, age: age.ref, gender: gender.ref };
  }

  /** Where the head turns, by a network that looks at the whole head; signs as in `Pose` (the yaw of the network itself runs the other way). */
  pose(picture: Picture, box: Box): Promise<Pose> {
    return this.#queue.run(async () => {
      await this.#pose.run(picture, box);
      const { pose } = this.#networks;
      const [yaw, pitch, roll] = ['output', '617', '618'].map((name) => degreesOf(pose.output(name)));
      return { yaw: -yaw, pitch, roll };
    });
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

  /** Whether the eyes are closed. Weak behind glasses: compare with the same person's other frames. */
  eyes(picture: Picture, landmarks: Landmarks): Promise<EyeStates> {
    return this.#queue.run(() => this.#eyes.read(picture, landmarks));
  }

  /** Frees the networks. Nothing may be called afterwards. */
  async close(): Promise<void> {
    await this.#queue.run(async () => {
      for (const network of Object.values(this.#networks)) await network.close();
    });
  }
}

/** Fills a network's input with a face by the crop rule of its catalogue entry, and runs it. */
class FaceInput {
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

/** Degrees out of the logits of 66 bins of 3 degrees (fr_pose.js of the networks' package; Hopenet, Ruiz et al. 2018). */
function degreesOf(logits: Float32Array): number {
  const top = Math.max(...logits);
  let sum = 0;
  let expected = 0;
  logits.forEach((value, bin) => {
    const weight = Math.exp(value - top);
    sum += weight;
    expected += weight * bin;
  });
  return (3 * expected) / sum - 99;
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
