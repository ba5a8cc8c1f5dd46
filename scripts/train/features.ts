/**
 * Runs the trunk of the embedding network over the views that embedding.py has drawn:
 * `npx tsx scripts/train/features.ts FOLDER` reads trunk.onnx and views.bin (112 x 112 x 3 bytes each, BGR) and writes
 * features.bin (float16).
 */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const SIDE = 112;
const SIZE = SIDE * SIDE;
const [folder = '.'] = process.argv.slice(2);
const session = await InferenceSession.create(join(folder, 'trunk.onnx'), {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  extra: { session: { set_denormal_as_zero: '1' } },
});
const [inputName = ''] = session.inputNames;
const [outputName = ''] = session.outputNames;
const views = await open(join(folder, 'views.bin'));
const out = await open(join(folder, 'features.bin'), 'w');
const view = new Uint8Array(3 * SIZE);
const input = new Float32Array(3 * SIZE);
let count = 0;
while ((await views.read(view)).bytesRead === view.length) {
  for (let i = 0; i < SIZE; i++)
    for (let c = 0; c < 3; c++) input[c * SIZE + i] = (view[3 * i + c] - 127.5) / 128;
  const result = await session.run({ [inputName]: new Tensor('float32', input, [1, 3, SIDE, SIDE]) });
  const { data } = result[outputName];
  if (!(data instanceof Float32Array)) throw new Error(`The trunk gives ${typeof data} instead of float32`);
  await out.write(halves(data));
  if (++count % 1000 === 0) console.log(`${count} views`);
}
await views.close();
await out.close();

/** Float16, rounded towards zero; too small to be told becomes 0. */
function halves(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(bits, (word) => {
    const sign = (word >>> 16) & 0x8000;
    const exponent = ((word >>> 23) & 0xff) - 112;
    if (exponent <= 0) return sign;
    return exponent >= 31 ? sign | 0x7bff : sign | (exponent << 10) | ((word >>> 13) & 0x3ff);
  });
}
