// Answers each path of a picture on stdin with {ms, vector}: CPU time of @vladmandic/human with its WASM backend for detection,
// mesh and description of the largest face, reading the file left out.
import { createRequire } from 'node:module';
import { fileFetch, serve } from './serve.mjs';

const require = createRequire(import.meta.url);
globalThis.fetch = fileFetch;
const root = new URL('./node_modules/', import.meta.url);
const { default: Human } = require(new URL('@vladmandic/human/dist/human.node-wasm.js', root).pathname);
const off = { enabled: false };
const human = new Human({
  debug: false,
  backend: 'wasm',
  wasmPath: new URL('@tensorflow/tfjs-backend-wasm/dist/', root).pathname,
  modelBasePath: new URL('@vladmandic/human/models/', root).href,
  cacheSensitivity: 0,
  filter: off,
  gesture: off,
  body: off,
  hand: off,
  object: off,
  segmentation: off,
  face: {
    enabled: true,
    detector: { maxDetected: 1, rotation: true },
    mesh: { enabled: true },
    description: { enabled: true },
    attention: off,
    iris: off,
    emotion: off,
    antispoof: off,
    liveness: off,
  },
});
await human.load();
await serve(async ({ data, width, height }) => {
  const tensor = human.tf.tensor(data, [1, height, width, 3], 'float32');
  const { face } = await human.detect(tensor);
  human.tf.dispose(tensor);
  return face[0]?.embedding ?? null;
});
