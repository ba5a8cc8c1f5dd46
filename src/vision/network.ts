import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { MenshenError } from '../common/index.ts';
import type { ColourInput } from './colour.ts';
import type { LoadedModel, ModelEntry } from './models/index.ts';
import type { ModelRef } from './types.ts';

/**
 * A network of one picture input, with input and outputs allocated once: the caller fills `input`, awaits
 * `run()` and reads the outputs, which the next run overwrites. One caller at a time.
 */
export class Network {
  readonly ref: ModelRef;
  readonly entry: ModelEntry;
  /** Planes, rows, columns. */
  readonly input: Float32Array;
  readonly width: number;
  readonly height: number;
  readonly #session: InferenceSession;
  readonly #feeds: Record<string, Tensor> = {};
  readonly #fetches: Record<string, Tensor> = {};
  readonly #outputs: Record<string, Float32Array> = {};

  constructor(model: LoadedModel) {
    const { entry, session } = model;
    this.ref = model.ref;
    this.entry = entry;
    this.#session = session;
    [this.height, this.width] = entry.input.shape.slice(-2);
    this.input = new Float32Array(samples(entry.input.shape));
    this.#feeds[entry.input.name] = new Tensor('float32', this.input, entry.input.shape);
    for (const output of entry.outputs) {
      const data = new Float32Array(samples(output.shape));
      this.#outputs[output.name] = data;
      this.#fetches[output.name] = new Tensor('float32', data, output.shape);
    }
  }

  /** Runs the network on `input`. */
  async run(): Promise<void> {
    await this.#session.run(this.#feeds, this.#fetches);
  }

  /** The values of an output of the last run, always the same array. Throws MODEL_UNSUPPORTED when the catalogue promises no such output. */
  output(name: string): Float32Array {
    const data = this.#outputs[name];
    if (data === undefined) {
      throw new MenshenError(
        'MODEL_UNSUPPORTED',
        `The ${this.entry.role} network ${this.ref.id} has no output "${name}" in catalog.json, which this role needs.`,
      );
    }
    return data;
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}

/** The colours a network wants, out of its catalogue entry. Throws MODEL_UNSUPPORTED for a grey one. */
export function colourInput(network: Network): ColourInput {
  const { channels, mean, scale } = network.entry.input;
  if (channels === 'GREY') {
    throw new MenshenError(
      'MODEL_UNSUPPORTED',
      `The ${network.entry.role} network ${network.ref.id} must take a colour picture.`,
    );
  }
  return { order: channels === 'RGB' ? 'rgb' : 'bgr', mean, scale };
}

function samples(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
