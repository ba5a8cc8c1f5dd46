import { type HiddenLayer, hiddenLayer, weightedNodes } from './convolution.ts';
import type { OnnxGraph, OnnxTensor } from './onnx.ts';
import { resizeHidden, wholeBlocks } from './resize.ts';
import { floatsOf } from './weights.ts';

/**
 * What a channel gives on is told by the largest weight that makes it times the largest with which it is read. Below this no
 * float32 tells a sum with it from one without, beside figures of 1.
 */
const DEAD = 2 ** -24;

/**
 * Takes dead channels out of hidden layers: training with weight decay leaves many, whose weights it has driven towards
 * zero, and ONNX Runtime computes them like any other. Whole blocks of channels stay, the least dead filling the last one.
 */
export function pruneChannels(graph: OnnxGraph): void {
  for (const output of weightedNodes(graph).keys()) {
    const found = weightedNodes(graph);
    const maker = found.get(output);
    const hidden = maker?.kind === 'dense' ? hiddenLayer(maker, graph, found) : null;
    if (hidden === null) continue;
    const effects = effectsOf(hidden);
    const width = wholeBlocks(Math.max(1, effects.filter((effect) => effect >= DEAD).length));
    if (width < effects.length) resizeHidden(graph, hidden, largest(effects, width), width);
  }
}

/** Of each channel: the most it gives to any layer that reads it. */
function effectsOf({ maker, readers }: HiddenLayer): number[] {
  const effects = new Array<number>(maker.weight.dims[0] ?? 0).fill(0);
  for (const { layer, source } of readers) {
    const read = peaks(layer.weight, 1);
    const weights = peaks(source.weight, 0);
    const biases = source.bias === null ? [] : peaks(source.bias, 0);
    for (const [channel, effect] of effects.entries()) {
      const made = Math.max(weights[channel] ?? 0, biases[channel] ?? 0);
      effects[channel] = Math.max(effect, made * (read[channel] ?? 0));
    }
  }
  return effects;
}

/** The largest magnitude in each slice of a tensor along its first or second axis. */
function peaks(tensor: OnnxTensor, axis: 0 | 1): number[] {
  const length = tensor.dims[axis] ?? 0;
  const inner = tensor.dims.slice(axis + 1).reduce((product, size) => product * size, 1);
  const found = new Array<number>(length).fill(0);
  for (const [at, value] of floatsOf(tensor).entries()) {
    const slice = Math.floor(at / inner) % length;
    found[slice] = Math.max(found[slice] ?? 0, Math.abs(value));
  }
  return found;
}

/** The indices of the `count` largest values, in their order. */
function largest(values: readonly number[], count: number): number[] {
  return [...values.keys()]
    .sort((one, other) => (values[other] ?? 0) - (values[one] ?? 0) || one - other)
    .slice(0, count)
    .sort((one, other) => one - other);
}
