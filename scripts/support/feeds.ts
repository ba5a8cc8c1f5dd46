import { type InferenceSession, Tensor } from 'onnxruntime-node';
import type { ModelEntry } from '../../src/vision/models/index.ts';

/** Random pixels as the network gets them, by the name of its input. */
export function feedsOf(
  { input: { name, mean, scale, shape: own } }: ModelEntry,
  shape: readonly number[] = own,
): InferenceSession.FeedsType {
  const size = shape.reduce((product, side) => product * side, 1);
  const values = Float32Array.from({ length: size }, () => (Math.random() * 255 - mean[0]) / scale[0]);
  return { [name]: new Tensor('float32', values, shape) };
}
