import type { Picture } from '../camera/types.ts';
import { EyeStateReader, type EyeStates } from './eyes.ts';
import { FaceInput } from './face-input.ts';
import type { Landmarks } from './landmarks.ts';
import { loadModels, type ModelRole } from './models/index.ts';
import { Network } from './network.ts';
import type { Pose } from './pose.ts';
import { Queue } from './queue.ts';
import type { Box, ModelRef } from './types.ts';

const ROLES = ['pose', 'eye'] as const satisfies readonly ModelRole[];
type HeadRole = (typeof ROLES)[number];

export interface HeadOptions {
  /** Folder of catalog.json and the networks. */
  readonly modelsDir: string;
  /** Threads a network may use. */
  readonly threads: number;
}

/** What a head does: where it turns, and whether its eyes are closed. */
export class HeadAnalyser {
  readonly #networks: Readonly<Record<HeadRole, Network>>;
  readonly #pose: FaceInput;
  readonly #eyes: EyeStateReader;
  readonly #queue = new Queue();

  private constructor(networks: Readonly<Record<HeadRole, Network>>) {
    this.#networks = networks;
    this.#pose = new FaceInput(networks.pose);
    this.#eyes = new EyeStateReader(networks.eye);
  }

  /** Opens the networks. Throws MODELS_CATALOG_INVALID, MODEL_MISSING, MODEL_ALTERED or MODEL_UNSUPPORTED. */
  static async open(options: HeadOptions): Promise<HeadAnalyser> {
    const models = await loadModels({ dir: options.modelsDir, roles: ROLES, threads: options.threads });
    return new HeadAnalyser({ pose: new Network(models.pose), eye: new Network(models.eye) });
  }

  /** Which weights are in use. */
  get models(): Readonly<Record<HeadRole, ModelRef>> {
    return { pose: this.#networks.pose.ref, eye: this.#networks.eye.ref };
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
