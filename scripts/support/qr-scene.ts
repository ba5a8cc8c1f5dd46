import encodeQR from 'qr';
import sharp from 'sharp';
import { mulberry32 } from '../../src/common/index.ts';

/** How a code stands before the camera. */
export interface QrScene {
  readonly text: string;
  /** Pixels of the picture for one module, seen straight on. */
  readonly modulePx: number;
  /** Degrees: turned in the picture's plane, and tilted away to the side and backwards. */
  readonly roll?: number;
  readonly yaw?: number;
  readonly pitch?: number;
  /** Standard deviation of the blur, pixels of the picture. */
  readonly blur?: number;
  /** Luma of a dark and of a light module, 0..255. */
  readonly dark?: number;
  readonly light?: number;
  /** Standard deviation of the noise, in luma. */
  readonly noise?: number;
  /** Strength of the stripes that a camera sees on a screen, in luma; 0 is paper. */
  readonly moire?: number;
  /** JPEG quality, for what a codec does to it. */
  readonly jpeg?: number;
}

/** Light modules round a code, as its standard asks. */
const QUIET = 4;
/** Distance of the camera in widths of the code: how much perspective a tilt makes. */
const DISTANCE = 4;
/** Looks at each pixel, in each direction. */
const SAMPLES = 3;

/** The luma plane of a camera's picture that shows a code in the middle of an untidy background. */
export async function qrScene(scene: QrScene, width: number, height: number, seed = 1): Promise<Uint8Array> {
  const random = mulberry32(seed);
  const luma = background(width, height, random);
  drawCode(luma, width, height, scene);
  if (scene.moire) addMoire(luma, width, scene.moire);
  let data = await soften(luma, width, height, scene.blur ?? 0);
  if (scene.noise) data = addNoise(data, scene.noise, random);
  return scene.jpeg === undefined ? data : throughJpeg(data, width, height, scene.jpeg);
}

/** Shapes of every brightness, like a hall with people: something for a reader to stumble over. */
function background(width: number, height: number, random: () => number): Float32Array {
  const luma = new Float32Array(width * height).fill(110);
  for (let shape = 0; shape < 150; shape++) {
    const [x, y] = [random() * width, random() * height];
    const [w, h] = [random() * 120 + 4, random() * 120 + 4];
    const value = random() * 235;
    for (let row = Math.floor(y); row < Math.min(height, y + h); row++) {
      luma.fill(value, row * width + Math.floor(x), row * width + Math.floor(Math.min(width, x + w)));
    }
  }
  return luma;
}

function drawCode(luma: Float32Array, width: number, height: number, scene: QrScene): void {
  const { dark = 30, light = 215, modulePx } = scene;
  const modules = encodeQR(scene.text, 'raw', { ecc: 'medium', border: QUIET });
  const count = modules.length;
  const look = camera(scene, width, height, count * modulePx);
  const reach = count * modulePx;
  for (let y = Math.max(0, Math.floor(height / 2 - reach)); y < Math.min(height, height / 2 + reach); y++) {
    for (let x = Math.max(0, Math.floor(width / 2 - reach)); x < Math.min(width, width / 2 + reach); x++) {
      let [sum, hits] = [0, 0];
      for (let sample = 0; sample < SAMPLES * SAMPLES; sample++) {
        const dx = ((sample % SAMPLES) + 0.5) / SAMPLES;
        const dy = (Math.floor(sample / SAMPLES) + 0.5) / SAMPLES;
        const [u, v] = look(x + dx, y + dy);
        if (u < 0 || v < 0 || u >= 1 || v >= 1) continue;
        sum += modules[Math.floor(v * count)]?.[Math.floor(u * count)] ? dark : light;
        hits++;
      }
      const at = y * width + x;
      luma[at] = ((luma[at] ?? 0) * (SAMPLES * SAMPLES - hits) + sum) / (SAMPLES * SAMPLES);
    }
  }
}

/** From a pixel to the place on the code, 0..1 where it is on it: the ray of the pixel meets the plane of the code. */
function camera({ roll = 0, yaw = 0, pitch = 0 }: QrScene, width: number, height: number, size: number) {
  const [r, a, p] = [roll, yaw, pitch].map((degrees) => (degrees * Math.PI) / 180) as [
    number,
    number,
    number,
  ];
  const focal = DISTANCE;
  // Axes of the code in the camera's space: rotated about z (roll), then y (yaw), then x (pitch).
  const turn = ([x, y, z]: [number, number, number]): [number, number, number] => {
    const [x1, y1] = [x * Math.cos(r) - y * Math.sin(r), x * Math.sin(r) + y * Math.cos(r)];
    const [x2, z2] = [x1 * Math.cos(a) + z * Math.sin(a), -x1 * Math.sin(a) + z * Math.cos(a)];
    return [x2, y1 * Math.cos(p) - z2 * Math.sin(p), y1 * Math.sin(p) + z2 * Math.cos(p)];
  };
  const [right, down, normal] = [turn([1, 0, 0]), turn([0, 1, 0]), turn([0, 0, 1])];
  const dot = (one: readonly number[], other: readonly number[]) =>
    (one[0] ?? 0) * (other[0] ?? 0) + (one[1] ?? 0) * (other[1] ?? 0) + (one[2] ?? 0) * (other[2] ?? 0);
  return (x: number, y: number): [number, number] => {
    const ray = [(x - width / 2) / size, (y - height / 2) / size, focal];
    const far = (focal * normal[2]) / dot(ray, normal);
    const hit = [ray[0] * far, ray[1] * far, ray[2] * far - focal];
    return [dot(hit, right) + 0.5, dot(hit, down) + 0.5];
  };
}

function addMoire(luma: Float32Array, width: number, strength: number): void {
  for (let at = 0; at < luma.length; at++) {
    const [x, y] = [at % width, Math.floor(at / width)];
    luma[at] = (luma[at] ?? 0) + strength * (Math.sin(x * 2.2 + y * 0.35) + Math.sin(y * 1.9 - x * 0.2));
  }
}

async function soften(luma: Float32Array, width: number, height: number, blur: number): Promise<Uint8Array> {
  const plane = Uint8Array.from(luma, (value) => Math.min(235, Math.max(16, value)));
  if (blur < 0.3) return plane;
  const raw = { raw: { width, height, channels: 1 as const } };
  return sharp(plane, raw).blur(blur).toColourspace('b-w').raw().toBuffer();
}

function addNoise(luma: Uint8Array, deviation: number, random: () => number): Uint8Array {
  return luma.map((value) => {
    const normal = Math.sqrt(-2 * Math.log(random() + 1e-9)) * Math.cos(2 * Math.PI * random());
    return Math.min(255, Math.max(0, value + normal * deviation));
  });
}

async function throughJpeg(luma: Uint8Array, width: number, height: number, quality: number) {
  const jpeg = await sharp(luma, { raw: { width, height, channels: 1 } })
    .jpeg({ quality })
    .toBuffer();
  return new Uint8Array(await sharp(jpeg).toColourspace('b-w').raw().toBuffer());
}
