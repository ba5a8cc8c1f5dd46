import { ONNX_FLOAT, type OnnxDimension, type OnnxGraph, type OnnxNode, type OnnxValue } from './onnx.ts';
import { dropUnusedWeights } from './weights.ts';

/**
 * Takes out of a detector of the UltraFace kind what comes after its convolutions, softmax and boxes of all cells, for hardly a
 * cell in a thousand shows a face and whoever reads them decodes that one alone. What remains has no size of its own: it takes
 * pictures of any height and width. The output `scores` becomes `scores.0`, `scores.1` and so on, one a level of cells, each
 * rows x columns x figures of a cell; `boxes` likewise.
 */
export function dropDecoding(graph: OnnxGraph): void {
  const makers = new Map(graph.node.flatMap((node) => node.output.map((output) => [output, node] as const)));
  const heads = graph.output.flatMap(({ name = '' }) =>
    levelsOf(name, makers).map((node, level) => ({ node, name: `${name}.${level}` })),
  );
  const kept = new Set(heads.flatMap(({ node }) => [...ancestors(node, makers)]));
  for (const { node, name } of heads) node.output = [name];
  graph.node = graph.node.filter((node) => kept.has(node));
  graph.output = heads.map(({ name }) => floatValue(name, [{}, {}, {}, {}]));
  graph.input = graph.input.map(({ name = '', type }) => {
    const [batch = {}, planes = {}] = type?.tensor_type?.shape?.dim ?? [];
    return floatValue(name, [batch, planes, { dim_param: 'height' }, { dim_param: 'width' }]);
  });
  dropUnusedWeights(graph);
}

/** What the nearest concatenation of reshaped transpositions before `output` puts together. */
function levelsOf(output: string, makers: ReadonlyMap<string, OnnxNode>): OnnxNode[] {
  const last = makers.get(output);
  for (const node of last === undefined ? [] : ancestors(last, makers)) {
    if (node.op_type !== 'Concat') continue;
    const levels = node.input.map((input) => makers.get(makers.get(input)?.input[0] ?? ''));
    if (levels.every((level) => level?.op_type === 'Transpose'))
      return levels.filter((level) => level !== undefined);
  }
  throw new Error(`The output ${output} is not put together of the cells of several levels`);
}

/** A node and all that it needs, the nearest first. */
function ancestors(node: OnnxNode, makers: ReadonlyMap<string, OnnxNode>): Set<OnnxNode> {
  const found = new Set([node]);
  for (const { input } of found)
    for (const name of input) {
      const maker = makers.get(name);
      if (maker !== undefined) found.add(maker);
    }
  return found;
}

function floatValue(name: string, dim: readonly OnnxDimension[]): OnnxValue {
  return { name, type: { tensor_type: { elem_type: ONNX_FLOAT, shape: { dim: [...dim] } } } };
}
