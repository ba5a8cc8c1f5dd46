import { ONNX_FLOAT, type OnnxGraph, type OnnxTensor } from './onnx.ts';

/**
 * The bits of 2^-50, about 1e-15, as float32. Dead channels of a trained network keep weights that decay towards zero: some are denormal
 * themselves (below 2^-126), the others give denormal sums further on, and many CPUs compute with denormals some
 * hundred times slower. Measured: docs/decisions/model-preparation.md.
 */
const TINY_BITS = (127 - 50) << 23;

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

/** The weights of a float tensor, copied bit by bit (every machine ONNX Runtime serves is little-endian, as the file is). */
export function floatsOf(tensor: OnnxTensor): Float32Array {
  if (tensor.data_type !== ONNX_FLOAT) throw new Error(`Tensor ${tensor.name} is not float32`);
  if (tensor.raw_data === undefined) return Float32Array.from(tensor.float_data ?? []);
  return new Float32Array(Uint8Array.from(tensor.raw_data).buffer);
}

/** Takes weights out of the graph that no node uses any more. */
export function dropUnusedWeights(graph: OnnxGraph): void {
  const used = new Set(graph.node.flatMap((node) => node.input));
  graph.initializer = graph.initializer.filter((tensor) => used.has(tensor.name ?? ''));
}

/** A float tensor of the given shape, stored as raw bytes. */
export function floatTensor(name: string, dims: number[], values: Float32Array): OnnxTensor {
  return { name, dims, data_type: ONNX_FLOAT, raw_data: bytesOf(values) };
}

function bytesOf(values: Float32Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
}

function flushTensor(tensor: OnnxTensor): void {
  if (tensor.data_type !== ONNX_FLOAT) return;
  const values = floatsOf(tensor);
  const bits = new Uint32Array(values.buffer);
  for (const [index, pattern] of bits.entries()) if (isTiny(pattern)) bits[index] = 0;
  if (tensor.raw_data !== undefined) tensor.raw_data = bytesOf(values);
  else tensor.float_data = [...values];
}

/**
 * Looks at the bits: where a session of ONNX Runtime has told the CPU to take denormals for zero, JavaScript too sees
 * them as equal to zero, and the prepared file would depend on what else the process has done.
 */
function isTiny(pattern: number): boolean {
  const magnitude = pattern & 0x7fffffff;
  return magnitude !== 0 && magnitude < TINY_BITS;
}
