import { type WeightedNode, weightedNodes } from './convolution.ts';
import { ONNX_ATTRIBUTE_INT, type OnnxGraph, type OnnxTensor } from './onnx.ts';
import { dropUnusedWeights, floatsOf, floatTensor } from './weights.ts';

/** Channels of one block of ONNX Runtime's layout NCHWc with AVX-512; 8 with AVX2, which divides it. */
const BLOCK = 16;

/**
 * Widens hidden layers to whole blocks of channels. A pruned network has layers of 13 or 231 channels; ONNX Runtime
 * computes depthwise convolutions of such a width in the plain layout and converts around each. The added channels
 * have zero weights and carry zeros, and the layers after them read them with zero weights: the result is the same.
 */
export function padChannels(graph: OnnxGraph): void {
  const found = weightedNodes(graph);
  const padded = new Set<string>();
  for (const layer of found.values()) {
    if (layer.kind === 'dense' && isRagged(layer) && isAbsorbed(layer.output, graph, found))
      padded.add(layer.output);
    if (layer.kind !== 'dense' && padded.has(layer.input)) padded.add(layer.output);
  }
  for (const layer of found.values()) {
    const widenOutput = padded.has(layer.output);
    const widenInput = layer.kind === 'dense' && padded.has(layer.input);
    if (widenOutput || widenInput) graph.initializer.push(...widen(layer, widenInput, widenOutput));
  }
  dropUnusedWeights(graph);
}

function isRagged(layer: WeightedNode): boolean {
  return (layer.weight.dims[0] ?? 0) % BLOCK !== 0;
}

/** Whether every way on from a tensor leads, through layers that can be widened, to convolutions that can ignore the new channels. */
function isAbsorbed(name: string, graph: OnnxGraph, found: ReadonlyMap<string, WeightedNode>): boolean {
  if (graph.output.some((value) => value.name === name)) return false;
  return graph.node
    .filter((node) => node.input.includes(name))
    .every((node) => {
      const layer = found.get(node.output[0] ?? '');
      if (layer === undefined || layer.input !== name) return false;
      return layer.kind === 'dense' || isAbsorbed(layer.output, graph, found);
    });
}

/** Points the layer to wider copies of its weights, and returns these. */
function widen(layer: WeightedNode, widenInput: boolean, widenOutput: boolean): OnnxTensor[] {
  const { node, weight, bias } = layer;
  const [outputs = 0, inputs = 1, ...kernel] = weight.dims;
  const dims = [widenOutput ? toBlocks(outputs) : outputs, widenInput ? toBlocks(inputs) : inputs, ...kernel];
  const wide = [copyInto(weight, dims, `${layer.output}.weight`)];
  if (bias !== null) wide.push(copyInto(bias, [dims[0] ?? 0], `${layer.output}.bias`));
  node.input = [layer.input, ...wide.map((tensor) => tensor.name ?? '')];
  if (layer.kind === 'depthwise')
    node.attribute = node.attribute.map((attribute) =>
      attribute.name === 'group' ? { name: 'group', i: dims[0], type: ONNX_ATTRIBUTE_INT } : attribute,
    );
  return wide;
}

function toBlocks(channels: number): number {
  return Math.ceil(channels / BLOCK) * BLOCK;
}

/** The tensor in the corner of a larger one of zeros; only the first two dimensions may grow. */
function copyInto(tensor: OnnxTensor, dims: number[], name: string): OnnxTensor {
  const values = floatsOf(tensor);
  const [rows = 0, columns = 1, ...kernel] = tensor.dims;
  const step = kernel.reduce((product, size) => product * size, 1);
  const wideColumns = dims[1] ?? 1;
  const wide = new Float32Array((dims[0] ?? 0) * wideColumns * step);
  for (let row = 0; row < rows; row++)
    wide.set(values.subarray(row * columns * step, (row + 1) * columns * step), row * wideColumns * step);
  return floatTensor(name, dims, wide);
}
