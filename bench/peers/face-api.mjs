// Answers each path of a picture on stdin with {ms, vector}: CPU time of @vladmandic/face-api with the WASM backend for
// detection (SSD MobileNet), 68 landmarks and description of the best face, reading the file left out.
import { createRequire } from 'node:module';
import { fileFetch, serve } from './serve.mjs';

const require = createRequire(import.meta.url);
globalThis.fetch = fileFetch;
const root = new URL('./node_modules/', import.meta.url);
const tf = require('@tensorflow/tfjs');
require('@tensorflow/tfjs-backend-wasm').setWasmPaths(
  new URL('@tensorflow/tfjs-backend-wasm/dist/', root).pathname,
);
await tf.setBackend('wasm');
await tf.ready();
const faceapi = require('@vladmandic/face-api/dist/face-api.node-wasm.js');
const models = new URL('@vladmandic/face-api/model', root).pathname;
for (const net of ['ssdMobilenetv1', 'faceLandmark68Net', 'faceRecognitionNet'])
  await faceapi.nets[net].loadFromDisk(models);
const options = new faceapi.SsdMobilenetv1Options({ minConfidence: 0.3, maxResults: 1 });
await serve(async ({ data, width, height }) => {
  const tensor = tf.tensor3d(Int32Array.from(data), [height, width, 3], 'int32');
  const found = await faceapi.detectSingleFace(tensor, options).withFaceLandmarks().withFaceDescriptor();
  tf.dispose(tensor);
  return found === undefined ? null : Array.from(found.descriptor);
});
