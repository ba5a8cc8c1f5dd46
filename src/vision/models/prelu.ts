import { scaleChannels, weightedNodes } from './convolution.ts';
import type { OnnxGraph, OnnxTensor } from './onnx.ts';
import { dropUnusedWeights, floatsOf, floatTensor } from './weights.ts';

/**
 * Rewrites every PRelu with one slope `a` a channel: PRelu(x) = x + (1 - a) Relu(-x), where both factors become
 * depthwise 1x1 convolutions. On the CPU, ONNX Runtime has no kernel for PRelu in its blocked layout (NCHWc) and turns
 * the whole tensor to the plain layout and back for each; these convolutions stay in it, the first one takes in the Relu
 * and the second the Add. Positive values pass unchanged to the last bit.
 */
export function rewritePRelu(graph: OnnxGraph): void {
  const found = weightedNodes(graph);
  const added: OnnxTensor[] = [];
  graph.node = graph.node.flatMap((node) => {
    const prelu = found.get(node.output[0] ?? '');
    if (prelu?.kind !== 'prelu') return [node];
    const { input: x, output: y } = prelu;
    const slope = floatsOf(prelu.weight);
    const shape = [slope.length, 1, 1, 1];
    const rest = slope.map((a) => 1 - a);
    added.push(
      floatTensor(
        `${y}.minus`,
        shape,
        rest.map(() => -1),
      ),
      floatTensor(`${y}.rest`, shape, rest),
    );
    return [
      scaleChannels(x, `${y}.minus`, `${y}.negated`, slope.length),
      { op_type: 'Relu', name: `${y}.below`, input: [`${y}.negated`], output: [`${y}.below`], attribute: [] },
      scaleChannels(`${y}.below`, `${y}.rest`, `${y}.lift`, slope.length),
      { op_type: 'Add', name: y, input: [x, `${y}.lift`], output: [y], attribute: [] },
    ];
  });
  graph.initializer.push(...added);
  dropUnusedWeights(graph);
}
