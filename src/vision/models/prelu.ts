import {
  ONNX_ATTRIBUTE_INT,
  ONNX_ATTRIBUTE_INTS,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
} from './onnx.ts';
import { floatsOf, floatTensor } from './steps.ts';

/**
 * Rewrites every PRelu with one slope a channel as two depthwise 1x1 convolutions:
 * PRelu(x) = a x + (1 - a) Relu(x) = conv(x, a) + conv(Relu(x), 1 - a).
 * ONNX Runtime has no blocked (NCHWc) kernel for PRelu on the CPU, so each one costs a change of layout there and back;
 * convolution, Relu and Add stay in the blocked layout, and the Add is fused.
 */
export function rewritePRelu(graph: OnnxGraph): void {
  const weights = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const added: OnnxTensor[] = [];
  graph.node = graph.node.flatMap((node) => {
    if (node.op_type !== 'PRelu') return [node];
    const [x, slopeName] = node.input;
    const [y] = node.output;
    const slope = weights.get(slopeName);
    if (x === undefined || y === undefined || slope === undefined) return [node];
    const a = floatsOf(slope);
    if (slope.dims[0] !== a.length) return [node];
    const shape = [a.length, 1, 1, 1];
    added.push(
      floatTensor(`${y}.slope`, shape, a),
      floatTensor(
        `${y}.rest`,
        shape,
        a.map((v) => 1 - v),
      ),
    );
    return [
      depthwise(x, `${y}.slope`, `${y}.linear`, a.length),
      { op_type: 'Relu', name: `${y}.relu`, input: [x], output: [`${y}.positive`], attribute: [] },
      depthwise(`${y}.positive`, `${y}.rest`, `${y}.bent`, a.length),
      { op_type: 'Add', name: `${y}.add`, input: [`${y}.linear`, `${y}.bent`], output: [y], attribute: [] },
    ];
  });
  const used = new Set(graph.node.flatMap((node) => node.input));
  graph.initializer = [...graph.initializer.filter((tensor) => used.has(tensor.name ?? '')), ...added];
}

function depthwise(input: string, weight: string, output: string, channels: number): OnnxNode {
  const ints = (name: string, values: number[]) => ({ name, ints: values, type: ONNX_ATTRIBUTE_INTS });
  return {
    op_type: 'Conv',
    name: `${output}.conv`,
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
