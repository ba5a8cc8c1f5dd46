import {
  ONNX_ATTRIBUTE_INT,
  ONNX_ATTRIBUTE_INTS,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
} from './onnx.ts';

/** A convolution or PRelu of the graph with its constant weights. */
export interface WeightedNode {
  readonly node: OnnxNode;
  readonly input: string;
  readonly output: string;
  /** Convolution: [out, in / group, height, width]; PRelu: [channels, 1, 1]. */
  readonly weight: OnnxTensor;
  readonly bias: OnnxTensor | null;
  /** `dense`: every output sees every input; `depthwise`: one filter a channel; `prelu`: one slope a channel. */
  readonly kind: 'dense' | 'depthwise' | 'prelu';
}

/** The convolutions and PRelus of a graph whose weights are constant, by the name of their output. Other forms are left out. */
export function weightedNodes(graph: OnnxGraph): Map<string, WeightedNode> {
  const weights = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const found = new Map<string, WeightedNode>();
  for (const node of graph.node) {
    const [input, weightName, biasName] = node.input;
    const [output] = node.output;
    const weight = weights.get(weightName);
    const bias = biasName === undefined ? null : weights.get(biasName);
    if (input === undefined || output === undefined || weight === undefined || bias === undefined) continue;
    const kind = kindOf(node, weight);
    if (kind !== null) found.set(output, { node, input, output, weight, bias, kind });
  }
  return found;
}

/** Operators that treat each channel by itself and leave one of zeros a channel of zeros. */
const CHANNELWISE: ReadonlySet<string> = new Set(['Relu', 'MaxPool', 'AveragePool']);

/** The channels of a dense layer on their way to the dense layers that read them. */
export interface HiddenLayer {
  readonly maker: WeightedNode;
  /** What changes them on the way, channel by channel. */
  readonly through: readonly WeightedNode[];
  readonly readers: readonly HiddenReader[];
}

export interface HiddenReader {
  readonly layer: WeightedNode;
  /** The convolution before it, which made what it reads: the maker or a depthwise one. */
  readonly source: WeightedNode;
}

/**
 * The hidden layer that `maker`, a dense one, begins; null where its channels go anywhere else than, channel by channel, to dense
 * layers: out of the network, or into a sum with others.
 */
export function hiddenLayer(
  maker: WeightedNode,
  graph: OnnxGraph,
  found: ReadonlyMap<string, WeightedNode>,
): HiddenLayer | null {
  const sources = new Map([[maker.output, maker]]);
  const through: WeightedNode[] = [];
  const readers: HiddenReader[] = [];
  for (const node of graph.node) {
    const name = node.input.find((input) => sources.has(input));
    const source = sources.get(name ?? '');
    if (source === undefined) continue;
    const [output = ''] = node.output;
    const layer = found.get(output);
    if (layer !== undefined && layer.input !== name) return null;
    if (layer?.kind === 'dense') {
      readers.push({ layer, source });
      continue;
    }
    if (layer === undefined && !CHANNELWISE.has(node.op_type) && !isEmptyPad(node)) return null;
    if (layer !== undefined) through.push(layer);
    sources.set(output, layer?.kind === 'depthwise' ? layer : source);
  }
  return graph.output.some(({ name }) => sources.has(name ?? '')) ? null : { maker, through, readers };
}

/** A 1x1 convolution with one factor a channel. */
export function scaleChannels(input: string, weight: string, output: string, channels: number): OnnxNode {
  const ints = (name: string, values: number[]) => ({ name, ints: values, type: ONNX_ATTRIBUTE_INTS });
  return {
    op_type: 'Conv',
    name: output,
    input: [input, weight],
    output: [output],
    attribute: [
      ints('dilations', [1, 1]),
      { name: 'group', i: channels, type: ONNX_ATTRIBUTE_INT },
      ints('kernel_shape', [1, 1]),
      ints('pads', [0, 0, 0, 0]),
      ints('strides', [1, 1]),
    ],
  };
}

/** Whether the node pads by nothing, as some exporters put it before each pooling (up to opset 10 it says so in an attribute). */
function isEmptyPad({ op_type, attribute }: OnnxNode): boolean {
  const pads = attribute.find(({ name }) => name === 'pads')?.ints ?? [];
  return op_type === 'Pad' && pads.length > 0 && pads.every((size) => Number(size) === 0);
}

function kindOf(node: OnnxNode, weight: OnnxTensor): WeightedNode['kind'] | null {
  const [first, second, third] = weight.dims;
  if (node.op_type === 'PRelu')
    return weight.dims.length === 3 && second === 1 && third === 1 ? 'prelu' : null;
  if (node.op_type !== 'Conv' || weight.dims.length !== 4) return null;
  const group = Number(node.attribute.find((attribute) => attribute.name === 'group')?.i ?? 1);
  if (group === 1) return 'dense';
  return group === first && second === 1 ? 'depthwise' : null;
}
