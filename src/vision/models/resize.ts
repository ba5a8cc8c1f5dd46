import type { HiddenLayer, WeightedNode } from './convolution.ts';
import { ONNX_ATTRIBUTE_INT, type OnnxGraph, type OnnxTensor } from './onnx.ts';
import { dropUnusedWeights, floatsOf, floatTensor } from './weights.ts';

/** Channels of one block of ONNX Runtime's layout NCHWc with AVX-512 and on arm64; 8 with AVX2, which divides it. */
const BLOCK = 16;

/** Channels in the whole blocks that hold so many. */
export function wholeBlocks(channels: number): number {
  return Math.ceil(channels / BLOCK) * BLOCK;
}

/** Makes a hidden layer of other channels: of its own, each by its index, and behind them of zeros up to `width`. */
export function resizeHidden(
  graph: OnnxGraph,
  { maker, through, readers }: HiddenLayer,
  own: readonly number[],
  width: number,
): void {
  for (const layer of [maker, ...through]) {
    const bias = layer.bias === null ? [] : [pick(layer.bias, 0, own, width)];
    replaceWeights(graph, layer, [pick(layer.weight, 0, own, width), ...bias]);
    if (layer.kind === 'depthwise')
      layer.node.attribute = layer.node.attribute.map((attribute) =>
        attribute.name === 'group' ? { name: 'group', i: width, type: ONNX_ATTRIBUTE_INT } : attribute,
      );
  }
  for (const { layer } of readers) {
    const bias = layer.bias === null ? [] : [layer.bias];
    replaceWeights(graph, layer, [pick(layer.weight, 1, own, width), ...bias]);
  }
  dropUnusedWeights(graph);
}

/** The slices `own` of a tensor along its first or second axis, and zeros behind them. */
function pick(tensor: OnnxTensor, axis: 0 | 1, own: readonly number[], width: number): OnnxTensor {
  const values = floatsOf(tensor);
  const outer = axis === 0 ? 1 : (tensor.dims[0] ?? 0);
  const inner = tensor.dims.slice(axis + 1).reduce((product, size) => product * size, 1);
  const length = tensor.dims[axis] ?? 0;
  const picked = new Float32Array(outer * width * inner);
  for (let row = 0; row < outer; row++)
    for (const [to, from] of own.entries()) {
      const at = (row * length + from) * inner;
      picked.set(values.subarray(at, at + inner), (row * width + to) * inner);
    }
  return floatTensor(
    '',
    tensor.dims.map((size, index) => (index === axis ? width : size)),
    picked,
  );
}

/** Gives a layer weights of its own; the tensors it had may serve others. */
function replaceWeights(graph: OnnxGraph, layer: WeightedNode, tensors: readonly OnnxTensor[]): void {
  const named = tensors.map((tensor, index) => ({
    ...tensor,
    name: `${layer.output}.${index === 0 ? 'weight' : 'bias'}`,
  }));
  const names = new Set(named.map(({ name }) => name));
  graph.initializer = [...graph.initializer.filter(({ name }) => !names.has(name ?? '')), ...named];
  layer.node.input = [layer.input, ...names];
}
