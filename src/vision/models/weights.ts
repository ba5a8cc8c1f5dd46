import { ONNX_FLOAT, type OnnxGraph, type OnnxTensor } from './onnx.ts';

/**
 * 2^-50, about 1e-15. Dead channels of a trained network keep weights that decay towards zero: some are denormal
 * themselves (below 2^-126), the others give denormal sums further on, and many CPUs compute with denormals some
 * hundred times slower. Measured: docs/decisions/model-preparation.md.
 */
const TINY = 2 ** -50;

/** Sets weights to zero that are too small to move any result, so that neither they nor their products are denormal. */
export function flushTinyWeights(graph: OnnxGraph): void {
  for (const tensor of graph.initializer) flushTensor(tensor);
  for (const node of graph.node)
    for (const attribute of node.attribute) if (attribute.t !== undefined) flushTensor(attribute.t);
}

/**
 * Old exporters list every weight among the graph's inputs, where a caller could replace it; ONNX Runtime then
 * takes none of them as constant and warns of each. From IR version 4 on the list is not needed.
 */
export function dropInitializerInputs(graph: OnnxGraph): void {
  const weights = new Set(graph.initializer.map((tensor) => tensor.name));
  graph.input = graph.input.filter((value) => !weights.has(value.name));
}

/** The weights of a float tensor, copied. Throws when the tensor holds something else. */
export function floatsOf(tensor: OnnxTensor): Float32Array {
  if (tensor.data_type !== ONNX_FLOAT) throw new Error(`Tensor ${tensor.name} is not float32`);
  if (tensor.raw_data === undefined) return Float32Array.from(tensor.float_data ?? []);
  const { buffer, byteOffset, byteLength } = tensor.raw_data;
  const view = new DataView(buffer, byteOffset, byteLength);
  return Float32Array.from({ length: byteLength / 4 }, (_, index) => view.getFloat32(index * 4, true));
}

/** Takes weights out of the graph that no node uses any more. */
export function dropUnusedWeights(graph: OnnxGraph): void {
  const used = new Set(graph.node.flatMap((node) => node.input));
  graph.initializer = graph.initializer.filter((tensor) => used.has(tensor.name ?? ''));
}

/** A float tensor of the given shape, stored as little-endian raw bytes. */
export function floatTensor(name: string, dims: number[], values: ArrayLike<number>): OnnxTensor {
  const raw = new Uint8Array(values.length * 4);
  const view = new DataView(raw.buffer);
  for (let index = 0; index < values.length; index++) view.setFloat32(index * 4, values[index] ?? 0, true);
  return { name, dims, data_type: ONNX_FLOAT, raw_data: raw };
}

function flushTensor(tensor: OnnxTensor): void {
  if (tensor.data_type !== ONNX_FLOAT) return;
  if (tensor.float_data !== undefined) tensor.float_data = tensor.float_data.map((v) => (isTiny(v) ? 0 : v));
  if (tensor.raw_data === undefined) return;
  // A Buffer's slice() would share the memory of the file read.
  const flushed = Uint8Array.from(tensor.raw_data);
  const view = new DataView(flushed.buffer);
  for (let at = 0; at < flushed.length; at += 4)
    if (isTiny(view.getFloat32(at, true))) view.setFloat32(at, 0, true);
  tensor.raw_data = flushed;
}

function isTiny(value: number): boolean {
  return value !== 0 && Math.abs(value) < TINY;
}
