import { dropDecoding } from './heads.ts';
import { decodeOnnx, encodeOnnx } from './onnx.ts';
import { padChannels } from './pad.ts';
import { pairInputs } from './pair.ts';
import { rewritePRelu } from './prelu.ts';
import { pruneChannels } from './prune.ts';
import type { PreparationStep } from './steps.ts';
import { dropInitializerInputs, flushTinyWeights } from './weights.ts';

const STEPS = {
  'flush-tiny-weights': flushTinyWeights,
  'drop-initializer-inputs': dropInitializerInputs,
  'prune-channels': pruneChannels,
  'pad-channels': padChannels,
  'prelu-to-conv': rewritePRelu,
  'drop-decoding': dropDecoding,
  'pair-inputs': pairInputs,
} as const;

/** The ONNX file after the steps, in their order. The same bytes in give the same bytes out, on every machine. */
export function prepareModel(bytes: Uint8Array, steps: readonly PreparationStep[]): Uint8Array {
  if (steps.length === 0) return bytes;
  const model = decodeOnnx(bytes);
  for (const step of steps) STEPS[step](model.graph);
  return encodeOnnx(model);
}
