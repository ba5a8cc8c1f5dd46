import { scaleChannels, type WeightedNode, weightedNodes } from './convolution.ts';
import type { OnnxGraph, OnnxTensor } from './onnx.ts';
import { dropUnusedWeights, floatsOf, floatTensor } from './weights.ts';

/**
 * Rewrites every PRelu with one slope `a` a channel that stands between convolutions: PRelu(x) = x + (1 - a) Relu(-x), of which
 * all is computed with the sign turned, n = -x: n + (a - 1) Relu(n). Turning a sign costs nothing, for the convolutions before
 * and after take it into their weights. On the CPU, ONNX Runtime has no kernel for PRelu in its blocked layout (NCHWc)
 * and turns the whole tensor to the plain layout and back for each; Relu and a depthwise 1x1 convolution, which takes in
 * the Add, stay in it. Positive values pass unchanged to the last bit.
 */
export function rewritePRelu(graph: OnnxGraph): void {
  const found = weightedNodes(graph);
  const prelus = new Map(
    [...found].filter(([, layer]) => layer.kind === 'prelu' && standsBetween(layer, graph, found)),
  );
  const turned = new Set([...prelus.values()].flatMap(({ input, output }) => [input, output]));
  for (const layer of found.values()) if (layer.kind !== 'prelu') turn(layer, turned, graph);
  graph.node = graph.node.flatMap((node) => {
    const prelu = prelus.get(node.output[0] ?? '');
    if (prelu === undefined) return [node];
    const { input: n, output: y } = prelu;
    const rest = floatsOf(prelu.weight).map((a) => a - 1);
    graph.initializer.push(floatTensor(`${y}.rest`, [rest.length, 1, 1, 1], rest));
    return [
      { op_type: 'Relu', name: `${y}.below`, input: [n], output: [`${y}.below`], attribute: [] },
      scaleChannels(`${y}.below`, `${y}.rest`, `${y}.lift`, rest.length),
      { op_type: 'Add', name: y, input: [n, `${y}.lift`], output: [y], attribute: [] },
    ];
  });
  dropUnusedWeights(graph);
}

/** Whether a convolution makes what the PRelu reads, for it alone, and convolutions alone read what it makes. */
function standsBetween(
  prelu: WeightedNode,
  graph: OnnxGraph,
  found: ReadonlyMap<string, WeightedNode>,
): boolean {
  const readersOf = (name: string) => graph.node.filter((node) => node.input.includes(name));
  const isConvolution = (name = ''): boolean => (found.get(name)?.kind ?? 'prelu') !== 'prelu';
  return (
    isConvolution(prelu.input) &&
    readersOf(prelu.input).length === 1 &&
    readersOf(prelu.output).every(
      ({ input, output }) => input[0] === prelu.output && isConvolution(output[0]),
    ) &&
    graph.output.every(({ name }) => name !== prelu.input && name !== prelu.output)
  );
}

/** Gives a convolution the weights for an input, an output or both of the other sign. */
function turn(layer: WeightedNode, turned: ReadonlySet<string>, graph: OnnxGraph): void {
  const { node, input, output, weight, bias } = layer;
  const negated = (tensor: OnnxTensor, name: string): string => {
    graph.initializer.push(
      floatTensor(
        name,
        tensor.dims,
        floatsOf(tensor).map((value) => -value),
      ),
    );
    return name;
  };
  const weights =
    turned.has(input) === turned.has(output) ? (weight.name ?? '') : negated(weight, `${output}.turned`);
  if (bias === null) node.input = [input, weights];
  else {
    const offset = turned.has(output) ? negated(bias, `${output}.turned.bias`) : (bias.name ?? '');
    node.input = [input, weights, offset];
  }
}
