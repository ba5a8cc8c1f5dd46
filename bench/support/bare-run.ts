import { Tensor } from 'onnxruntime-node';
import type { LoadedModel } from '../../src/vision/models/index.ts';

/** ONNX Runtime and nothing else: the same input each time, of values as the network is given them. */
export function bareRun(
  { entry, session }: LoadedModel,
  shape: readonly number[] = entry.input.shape,
): () => Promise<unknown> {
  const { name, mean, scale } = entry.input;
  const values = new Float32Array(shape.reduce((product, length) => product * length, 1));
  for (let i = 0; i < values.length; i++) values[i] = (((i * 7919) % 256) - mean[0]) / scale[0];
  const feeds = { [name]: new Tensor('float32', values, shape) };
  return () => session.run(feeds);
}
