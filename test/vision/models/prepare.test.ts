import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { mulberry32 } from '../../../src/common/index.ts';
import type { ModelEntry } from '../../../src/vision/models/index.ts';
import { decodeOnnx, encodeOnnx, type OnnxModel } from '../../../src/vision/models/onnx.ts';
import { prepareModel } from '../../../src/vision/models/prepare.ts';
import { floatsOf, floatTensor } from '../../../src/vision/models/weights.ts';
import { realTarball, stockNetworks } from './support.ts';

const tarball = await realTarball();
const stock = tarball === null ? new Map<ModelEntry, Buffer>() : await stockNetworks(tarball);
const faces = fileURLToPath(new URL('../../../../shared/data/lfw', import.meta.url));
const pictures = existsSync(faces) ? somePictures(faces, 4) : [];

describe.skipIf(tarball === null)('the real networks', () => {
  test.each([...stock].map(([entry, bytes]) => [entry.id, entry, bytes] as const))(
    '%s',
    async (_id, entry, bytes) => {
      const before = sha256(bytes);
      expect(sha256(encodeOnnx(decodeOnnx(bytes))), 'reading and writing loses nothing').toBe(before);
      const prepared = prepareModel(bytes, entry.prepare);
      expect(sha256(bytes), 'the source is left alone').toBe(before);
      expect(sha256(prepared)).toBe(entry.sha256);
      expect(sha256(prepareModel(bytes, entry.prepare)), 'the same bytes each time').toBe(entry.sha256);
      // Of other outputs; test/vision/detect.test.ts compares what is read out of them.
      if (entry.prepare.includes('drop-decoding')) return;
      const inputs = [
        noise(entry, 1),
        noise(entry, 2),
        ...(await Promise.all(pictures.map((path) => pixels(entry, path)))),
      ];
      const difference = await largestDifference(bytes, prepared, entry, inputs);
      expect(difference).toBeLessThan(1e-5);
    },
  );

  test('hold denormal weights as shipped, and none after preparation', () => {
    let shipped = 0;
    for (const [entry, bytes] of stock) {
      shipped += denormalsIn(bytes);
      expect(denormalsIn(prepareModel(bytes, entry.prepare)), entry.id).toBe(0);
    }
    expect(shipped).toBeGreaterThan(50_000);
  });

  test('have no PRelu and no ragged depthwise convolution where these were found to cost time', () => {
    for (const [entry, bytes] of stock) {
      if (!entry.prepare.includes('prelu-to-conv')) continue;
      const { graph } = decodeOnnx(prepareModel(bytes, entry.prepare));
      const shapes = new Map(graph.initializer.map((tensor) => [tensor.name, tensor.dims]));
      expect(graph.node.filter((node) => node.op_type === 'PRelu')).toEqual([]);
      const depthwise = graph.node.filter(
        (node) => node.op_type === 'Conv' && shapes.get(node.input[1])?.[1] === 1,
      );
      expect(depthwise.length).toBeGreaterThan(30);
      for (const node of depthwise) expect((shapes.get(node.input[1])?.[0] ?? 1) % 16).toBe(0);
    }
  });
});

test('a bottleneck of any width, any slopes and any dead channels gives the same result after all steps, in whole blocks', async () => {
  const slopes = fc.double({ min: -2, max: 2, noNaN: true });
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 40 }),
      fc.array(slopes, { minLength: 1 }),
      fc.nat(40),
      fc.nat(),
      async (width, slope, living, seed) => {
        const bytes = encodeOnnx(bottleneck(width, slope, mulberry32(seed), living));
        const prepared = prepareModel(bytes, [
          'flush-tiny-weights',
          'prune-channels',
          'pad-channels',
          'prelu-to-conv',
        ]);
        const { initializer } = decodeOnnx(prepared).graph;
        const widths = initializer.filter(({ dims }) => dims[1] === 4).map(({ dims }) => dims[0]);
        expect(widths).toEqual([Math.ceil(Math.min(width, living) / 16) * 16 || 16]);
        const [a, b] = await Promise.all([open(bytes), open(prepared)]);
        const next = mulberry32(seed + 1);
        const input = new Tensor(
          'float32',
          Float32Array.from({ length: 4 * 9 * 9 }, () => next() * 4 - 2),
          [1, 4, 9, 9],
        );
        const [x, y] = [await a.run({ input }), await b.run({ input })];
        await Promise.all([a.release(), b.release()]);
        for (const name of ['output', 'tap']) expect(distance(x[name], y[name])).toBeLessThan(1e-5);
      },
    ),
    { numRuns: 25 },
  );
});

test('a channel that only one of its readers has no use for stays', () => {
  const model = bottleneck(32, [0.25], mulberry32(1), 32);
  const unread = model.graph.initializer.find(({ name }) => name === 'w3');
  if (unread === undefined) throw new Error('the network has no w3');
  unread.raw_data = new Uint8Array(unread.raw_data?.length ?? 0);
  const { graph } = decodeOnnx(prepareModel(encodeOnnx(model), ['prune-channels']));
  expect(graph.initializer.find((tensor) => tensor.name === 'w1')?.dims).toEqual([32, 4, 1, 1]);
});

test('a PRelu that does not stand between convolutions is left as it is', () => {
  const model = bottleneck(16, [0.25], mulberry32(1));
  model.graph.output.push({ ...model.graph.output[0], name: 'bent' });
  const { graph } = decodeOnnx(prepareModel(encodeOnnx(model), ['prelu-to-conv']));
  expect(graph.node.filter((node) => node.op_type === 'PRelu').map((node) => node.output)).toEqual([
    ['bent'],
  ]);
});

test('a layer whose channels come out of the network keeps its width', () => {
  const model = bottleneck(5, [0.25], mulberry32(1));
  model.graph.output.push({ ...model.graph.output[0], name: 'wide' });
  const { graph } = decodeOnnx(prepareModel(encodeOnnx(model), ['pad-channels']));
  expect(graph.initializer.find((tensor) => tensor.name === 'w1')?.dims).toEqual([5, 4, 1, 1]);
});

test('a network that takes two pictures already is not paired', () => {
  const bytes = prepareModel(encodeOnnx(bottleneck(16, [0.25], mulberry32(1))), ['pair-inputs']);
  expect(() => prepareModel(bytes, ['pair-inputs'])).toThrow('input is not of one picture');
});

test('a network whose outputs are not put together of levels has no decoding to drop', () => {
  const bytes = encodeOnnx(bottleneck(16, [0.25], mulberry32(1)));
  expect(() => prepareModel(bytes, ['drop-decoding'])).toThrow('The output output is not put together');
});

test('bytes that are no ONNX file are refused', () => {
  expect(() => prepareModel(Buffer.from('not a network'), ['pad-channels'])).toThrow();
});

/**
 * Conv 1x1 to `width` channels, PRelu, depthwise 3x3, PRelu, Conv 1x1 back to 4; one more tap reads the widened layer. Beyond the
 * first `living` channels the weights that make and change them are next to nothing, as weight decay leaves them.
 */
function bottleneck(width: number, slopes: readonly number[], next: () => number, living = width): OnnxModel {
  const values = (length: number) => Float32Array.from({ length }, () => next() - 0.5);
  const made = (length: number) =>
    values(length).map((value, i) => (Math.floor((i * width) / length) < living ? value : value * 1e-12));
  const slope = (shift: number) =>
    Float32Array.from({ length: width }, (_, i) => slopes[(i + shift) % slopes.length] ?? 0);
  const conv = (input: string, n: number, output: string, group: number, pads: number) => ({
    op_type: 'Conv',
    input: [input, `w${n}`, `b${n}`],
    output: [output],
    attribute: [
      { name: 'group', i: group, type: 2 },
      { name: 'pads', ints: [pads, pads, pads, pads], type: 7 },
    ],
  });
  const prelu = (input: string, n: number, output: string) => ({
    op_type: 'PRelu',
    input: [input, `s${n}`],
    output: [output],
    attribute: [],
  });
  const value = (name: string) => ({
    name,
    type: {
      tensor_type: { elem_type: 1, shape: { dim: [1, 4, 9, 9].map((size) => ({ dim_value: size })) } },
    },
  });
  return {
    ir_version: 7,
    opset_import: [{ domain: '', version: 11 }],
    graph: {
      name: 'bottleneck',
      node: [
        conv('input', 1, 'wide', 1, 0),
        prelu('wide', 1, 'bent'),
        conv('bent', 2, 'seen', width, 1),
        prelu('seen', 2, 'again'),
        conv('again', 3, 'output', 1, 0),
        conv('bent', 4, 'tap', 1, 0),
      ],
      initializer: [
        floatTensor('w1', [width, 4, 1, 1], made(width * 4)),
        floatTensor('b1', [width], made(width)),
        floatTensor('s1', [width, 1, 1], slope(0)),
        floatTensor('w2', [width, 1, 3, 3], made(width * 9)),
        floatTensor('b2', [width], made(width)),
        floatTensor('s2', [width, 1, 1], slope(1)),
        floatTensor('w3', [4, width, 1, 1], values(4 * width)),
        floatTensor('b3', [4], values(4)),
        floatTensor('w4', [4, width, 1, 1], values(4 * width)),
        floatTensor('b4', [4], values(4)),
      ],
      input: [value('input')],
      output: [value('output'), value('tap')],
    },
  };
}

/** Relative to the largest figure of an output where that is above 1: logits of 8 carry rounding of 1e-6 of themselves. */
async function largestDifference(
  stockBytes: Uint8Array,
  prepared: Uint8Array,
  entry: ModelEntry,
  inputs: readonly Float32Array[],
): Promise<number> {
  const [before, after] = await Promise.all([open(stockBytes), open(prepared)]);
  let largest = 0;
  for (const values of inputs) {
    const feeds = { [entry.input.name]: new Tensor('float32', values, entry.input.shape) };
    const [x, y] = [await oneByOne(before, entry, values), await after.run(feeds)];
    for (const { name } of entry.outputs)
      largest = Math.max(largest, distance(x[name], y[name]) / Math.max(1, magnitude(x[name])));
  }
  await Promise.all([before.release(), after.release()]);
  return largest;
}

/** The outputs of a network that takes one picture at a time for each of several, in a row. */
async function oneByOne(
  session: InferenceSession,
  entry: ModelEntry,
  values: Float32Array,
): Promise<Record<string, Tensor>> {
  const [pictures = 1, ...shape] = entry.input.shape;
  const size = values.length / pictures;
  const outputs = new Map<string, number[]>(entry.outputs.map(({ name }) => [name, []]));
  for (let at = 0; at < values.length; at += size) {
    const input = new Tensor('float32', values.subarray(at, at + size), [1, ...shape]);
    const results = await session.run({ [entry.input.name]: input });
    for (const [name, all] of outputs) all.push(...Float32Array.from(results[name]?.data ?? [], Number));
  }
  return Object.fromEntries(
    [...outputs].map(([name, all]) => [name, new Tensor('float32', Float32Array.from(all), [all.length])]),
  );
}

function open(bytes: Uint8Array): Promise<InferenceSession> {
  return InferenceSession.create(bytes, { intraOpNumThreads: 1, logSeverityLevel: 3 });
}

function distance(a: Tensor | undefined, b: Tensor | undefined): number {
  const [x, y] = [a?.data, b?.data];
  if (!(x instanceof Float32Array) || !(y instanceof Float32Array) || x.length !== y.length)
    return Number.NaN;
  return x.reduce(
    (largest, value, index) => Math.max(largest, Math.abs(value - (y[index] ?? Number.NaN))),
    0,
  );
}

function magnitude(tensor: Tensor | undefined): number {
  const data = tensor?.data;
  return data instanceof Float32Array
    ? data.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0)
    : Number.NaN;
}

/** A photograph of a face as the network would get it: planes, order and normalisation of the catalogue. */
async function pixels(entry: ModelEntry, path: string): Promise<Float32Array> {
  const [, planes = 3, height = 1, width = 1] = entry.input.shape;
  const image = sharp(path).resize(width, height, { fit: 'cover' });
  const raw = await (planes === 1 ? image.greyscale() : image.removeAlpha()).raw().toBuffer();
  return planar(entry, (plane, index) => {
    const channel = entry.input.channels === 'BGR' ? 2 - plane : plane;
    return raw[index * planes + channel] ?? 0;
  });
}

function noise(entry: ModelEntry, seed: number): Float32Array {
  const next = mulberry32(seed);
  return planar(entry, () => Math.floor(next() * 256));
}

function planar(entry: ModelEntry, pixel: (plane: number, index: number) => number): Float32Array {
  const [pictures = 1, planes = 1, height = 1, width = 1] = entry.input.shape;
  const { mean, scale } = entry.input;
  const size = height * width;
  return Float32Array.from({ length: pictures * planes * size }, (_, at) => {
    const plane = Math.floor(at / size) % planes;
    return (pixel(plane, at % size) - (mean[plane] ?? 0)) / (scale[plane] ?? 1);
  });
}

/** Of IEEE 754 single precision. By its bits, for ONNX Runtime lets the thread take denormals for zero. */
const EXPONENT = 0x7f800000;
const FRACTION = 0x007fffff;

function bitsOf(floats: Float32Array): Uint32Array {
  return new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
}

function denormalsIn(bytes: Uint8Array): number {
  let count = 0;
  for (const tensor of decodeOnnx(bytes).graph.initializer)
    if (tensor.data_type === 1)
      for (const bits of bitsOf(floatsOf(tensor)))
        if ((bits & EXPONENT) === 0 && (bits & FRACTION) !== 0) count++;
  return count;
}

function somePictures(folder: string, count: number): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.jpg'))
    .toSorted()
    .filter((_, index) => index % 997 === 0)
    .slice(0, count)
    .map((name) => `${folder}/${name}`);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
