import { spawnSync } from 'node:child_process';
import sharp from 'sharp';
import type { Picture } from '../../src/camera/index.ts';
import type { DetectedFace } from '../../src/vision/index.ts';

/** Adds to the values of a pixel, 0..255; `random` gives a standard normal one. */
type Add = (pixel: readonly [number, number, number], random: () => number) => readonly number[];

/** A noise (levels of 0..255) and what is done to the picture afterwards. */
interface Noise {
  readonly add: Add | null;
  /** Noise of the colours, Cb and Cr, in levels, and how many pixels wide its grains are. */
  readonly colour?: { readonly levels: number; readonly grain: number };
  readonly coded?: 'jpeg' | 'h264';
}

const even =
  (levels: number): Add =>
  (_, random) => [levels * random(), levels * random(), levels * random()];
const grey =
  (levels: number): Add =>
  (_, random) => {
    const value = levels * random();
    return [value, value, value];
  };
/** Grows with the root of the light, as that of photons does. */
const shot =
  (levels: number): Add =>
  (pixel, random) =>
    pixel.map((value) => levels * Math.sqrt(Math.max(4, value) / 128) * random());

export const LIGHTS = { 'full light': 1, half: 1 / 2, 'a third': 1 / 3 } as const;

export const NOISES: Readonly<Record<string, Noise>> = {
  none: { add: null },
  'every pixel and colour, 2 levels': { add: even(2) },
  'every pixel and colour, 4 levels': { add: even(4) },
  'every pixel and colour, 8 levels': { add: even(8) },
  'shot noise, 6 levels at 128': { add: shot(6) },
  'without colour, 8 levels': { add: grey(8) },
  'colour, grains of 2 pixels, 4 levels': { add: null, colour: { levels: 4, grain: 2 } },
  'colour, grains of 4 pixels, 4 levels': { add: null, colour: { levels: 4, grain: 4 } },
  'colour, grains of 8 pixels, 6 levels': { add: null, colour: { levels: 6, grain: 8 } },
  'a sensor: grains of 2 pixels in colour and single ones in light, 4 levels': {
    add: grey(4),
    colour: { levels: 4, grain: 2 },
  },
  'the sensor with 8 levels, JPEG of quality 80': {
    add: grey(8),
    colour: { levels: 8, grain: 2 },
    coded: 'jpeg',
  },
  'the sensor with 8 levels, H.264 at CRF 26': {
    add: grey(8),
    colour: { levels: 8, grain: 2 },
    coded: 'h264',
  },
};

/** The side of a face box at most: at a door's 1280x720 faces are seldom larger, and noise is not shrunk with them. */
const LARGEST = 220;
/** What the liveness network sees, in sides of the face box, and some more. */
const SEEN = 1.6;
/** Frames of which a coder sees a noise each; the last is judged. */
const FRAMES = 5;

/** A part of the picture that holds all the liveness network sees of the face, no larger than at a door. */
export async function aroundFace(
  picture: Picture,
  face: DetectedFace,
): Promise<{ cut: Picture; face: DetectedFace }> {
  const { box } = face;
  const side = Math.max(box.width, box.height);
  // Moved inside the picture, as the crop is.
  const begin = (at: number, size: number, most: number) =>
    Math.floor(Math.max(0, Math.min(at + (size - SEEN * side) / 2, most - SEEN * side)));
  const left = begin(box.x, box.width, picture.width);
  const top = begin(box.y, box.height, picture.height);
  const width = Math.min(picture.width - left, Math.ceil(SEEN * side));
  const height = Math.min(picture.height - top, Math.ceil(SEEN * side));
  const scale = Math.min(1, LARGEST / side);
  const { data, info } = await sharp(picture.data, {
    raw: { width: picture.width, height: picture.height, channels: 3 },
  })
    .extract({ left, top, width, height })
    .resize(2 * Math.round((width * scale) / 2), 2 * Math.round((height * scale) / 2), { fit: 'fill' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const [across, down] = [info.width / width, info.height / height];
  return {
    cut: { format: 'rgb24', width: info.width, height: info.height, data },
    face: {
      ...face,
      box: {
        x: (box.x - left) * across,
        y: (box.y - top) * down,
        width: box.width * across,
        height: box.height * down,
      },
    },
  };
}

/** The picture in a part of its light, with noise, coded where that belongs to it. The same `seed` gives the same noise. */
export async function noisy(picture: Picture, light: number, noise: Noise, seed: number): Promise<Picture> {
  const random = normals(seed);
  if (noise.coded !== 'h264') {
    const made = withNoise(picture, light, noise, random);
    return noise.coded === 'jpeg' ? jpeg(made) : made;
  }
  return h264(Array.from({ length: FRAMES }, () => withNoise(picture, light, noise, random)));
}

function withNoise(picture: Picture, light: number, noise: Noise, random: () => number): Picture {
  const { width, height, data } = picture;
  const out = new Uint8ClampedArray(data.length);
  const cb = noise.colour === undefined ? null : new Grains(width, height, noise.colour, random);
  const cr = noise.colour === undefined ? null : new Grains(width, height, noise.colour, random);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = 3 * (y * width + x);
      const lit = [data[at] * light, data[at + 1] * light, data[at + 2] * light] as const;
      const added = noise.add?.(lit, random) ?? [0, 0, 0];
      const [b, r] = [cb?.at(x, y) ?? 0, cr?.at(x, y) ?? 0];
      out[at] = lit[0] + added[0] + 1.402 * r;
      out[at + 1] = lit[1] + added[1] - 0.344 * b - 0.714 * r;
      out[at + 2] = lit[2] + added[2] + 1.772 * b;
    }
  }
  return { ...picture, data: new Uint8Array(out.buffer) };
}

/** Noise in grains: values at the corners of a grid, interpolated between. */
class Grains {
  readonly #grain: number;
  readonly #columns: number;
  readonly #values: Float32Array;

  constructor(
    width: number,
    height: number,
    colour: { readonly levels: number; readonly grain: number },
    random: () => number,
  ) {
    this.#grain = colour.grain;
    this.#columns = Math.ceil(width / colour.grain) + 2;
    const size = this.#columns * (Math.ceil(height / colour.grain) + 2);
    this.#values = Float32Array.from({ length: size }, () => colour.levels * random());
  }

  at(x: number, y: number): number {
    const [column, row] = [Math.floor(x / this.#grain), Math.floor(y / this.#grain)];
    const [right, down] = [x / this.#grain - column, y / this.#grain - row];
    const values = this.#values;
    const at = row * this.#columns + column;
    const below = at + this.#columns;
    const above = values[at] * (1 - right) + values[at + 1] * right;
    return above * (1 - down) + (values[below] * (1 - right) + values[below + 1] * right) * down;
  }
}

/** A table of normally distributed numbers (Box and Muller), for a fresh one a pixel would take minutes. */
const NORMALS = tableOfNormals(1 << 20);

function tableOfNormals(size: number): Float32Array {
  let state = 12345;
  const uniform = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  return Float32Array.from(
    { length: size },
    () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}

function normals(seed: number): () => number {
  let at = (seed * 7919) % NORMALS.length;
  return () => {
    at = (at + 1) % NORMALS.length;
    return NORMALS[at];
  };
}

async function jpeg({ width, height, data }: Picture): Promise<Picture> {
  const bytes = await sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 80 })
    .toBuffer();
  const decoded = await sharp(bytes).raw().toBuffer();
  return { format: 'rgb24', width, height, data: decoded };
}

/** The last of the frames after coding. Width and height must be even. */
function h264(frames: readonly Picture[]): Picture {
  const { width, height } = frames[0];
  const raw = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-video_size', `${width}x${height}`];
  const coded = ffmpeg(
    [
      ...[...raw, '-framerate', '15', '-i', 'pipe:0', '-pix_fmt', 'yuv420p'],
      ...[
        '-c:v',
        'libx264',
        '-preset',
        'veryfast',
        '-tune',
        'zerolatency',
        '-crf',
        '26',
        '-f',
        'h264',
        'pipe:1',
      ],
    ],
    Buffer.concat(frames.map(({ data }) => data)),
  );
  const decoded = ffmpeg(
    ['-f', 'h264', '-i', 'pipe:0', '-pix_fmt', 'rgb24', '-f', 'rawvideo', 'pipe:1'],
    coded,
  );
  const size = 3 * width * height;
  return { format: 'rgb24', width, height, data: decoded.subarray(decoded.length - size) };
}

function ffmpeg(args: readonly string[], input: Uint8Array): Buffer {
  const { stdout, stderr, status } = spawnSync('ffmpeg', ['-v', 'error', '-threads', '1', ...args], {
    input,
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`ffmpeg: ${stderr.toString()}`);
  return stdout;
}
