import sharp, { type Sharp } from 'sharp';
import type { Picture } from '../../src/camera/index.ts';
import type { Box } from '../../src/vision/index.ts';

/** What is done to a picture (rgb24) whose face box is known. */
export type Condition = (picture: Picture, face: Box) => Promise<Picture> | Picture;

/** Conditions at a door that pictures of the web seldom show. */
export const CONDITIONS: Readonly<Record<string, Condition>> = {
  'as it is': (picture) => picture,
  'dark: 1/12 of the light, noise of 4 levels': (picture) => dark(picture, 1 / 12),
  'dark: 1/25 of the light, noise of 4 levels': (picture) => dark(picture, 1 / 25),
  'dark: 1/12 of the light, noise of 4 levels, the face 160 pixels wide in a frame of 1280': async (
    picture,
    face,
  ) => dark(await framed(picture, face, 160, HD), 1 / 12),
  'dark: 1/25 of the light, noise of 4 levels, the face 160 pixels wide in a frame of 1280': async (
    picture,
    face,
  ) => dark(await framed(picture, face, 160, HD), 1 / 25),
  'backlit: the face at 1/8, around it white': backlit,
  'tilted by 25 degrees': (picture, face) => tilted(picture, face, 25),
  'tilted by 45 degrees': (picture, face) => tilted(picture, face, 45),
  'cut: the chin (30 % of the box) below the border': (picture, face) => cut(picture, face, 0, 0.3),
  'cut: a side (30 % of the box) beyond the border': (picture, face) => cut(picture, face, 0.3, 0),
  'far: the face 20 pixels wide in a frame of 640': (picture, face) => framed(picture, face, 20, VGA),
  'near: the face fills the frame': near,
};

const VGA = { width: 640, height: 480 };
const HD = { width: 1280, height: 720 };
const BLACK = { r: 0, g: 0, b: 0 };

function open({ data, width, height }: Picture): Sharp {
  return sharp(data, { raw: { width, height, channels: 3 } });
}

async function close(image: Sharp): Promise<Picture> {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  return { format: 'rgb24', width: info.width, height: info.height, data };
}

/** Numbers of about a normal distribution, the same each time (Park and Miller's generator, twelve of them summed). */
function noise(): () => number {
  let state = 1;
  const uniform = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  return () => Array.from({ length: 12 }, uniform).reduce((sum, value) => sum + value, -6);
}

/** A table of noise, for a fresh number a pixel would take seconds. */
const NOISE = Float32Array.from({ length: 65_537 }, noise());

/** Part of the light, and noise of 4 levels. */
export function dark(picture: Picture, light: number): Picture {
  const data = new Uint8ClampedArray(picture.data.length);
  for (let i = 0; i < data.length; i++) data[i] = picture.data[i] * light + 4 * NOISE[i % NOISE.length];
  return { ...picture, data: new Uint8Array(data.buffer) };
}

function backlit(picture: Picture, face: Box): Picture {
  const { width, height } = picture;
  const data = new Uint8Array(picture.data);
  const [x0, y0] = [face.x + face.width / 2, face.y + face.height / 2];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const far = Math.hypot((x - x0) / (0.75 * face.width), (y - y0) / (0.75 * face.height));
      const below = y > y0 && Math.abs(x - x0) < face.width; // neck and shoulders
      const shadow = far < 1 || below ? 1 : Math.max(0, 1 - 4 * (far - 1));
      for (let i = 3 * (y * width + x), end = i + 3; i < end; i++)
        data[i] = shadow * (data[i] / 8) + (1 - shadow) * Math.min(255, 180 + data[i]);
    }
  }
  return { ...picture, data };
}

async function tilted(picture: Picture, face: Box, degrees: number): Promise<Picture> {
  const side = Math.round(2.2 * Math.max(face.width, face.height));
  const around = await close(await window(picture, centred(face, 1.5 * side)));
  const turned = await close(open(around).rotate(degrees, { background: BLACK }));
  const middle = { x: turned.width / 2, y: turned.height / 2, width: 0, height: 0 };
  return close(await window(turned, centred(middle, side)));
}

async function cut(picture: Picture, face: Box, side: number, chin: number): Promise<Picture> {
  const size = 2.5 * Math.max(face.width, face.height);
  const right = face.x + face.width * (1 - side);
  const bottom = face.y + face.height * (1 - chin);
  const box = centred(face, size);
  if (side > 0) box.x = right - size;
  if (chin > 0) box.y = bottom - size;
  return close(await window(picture, box));
}

/** In the middle of a larger frame, the face so many pixels wide. */
async function framed(
  picture: Picture,
  face: Box,
  pixels: number,
  { width, height }: Pick<Picture, 'width' | 'height'>,
): Promise<Picture> {
  const small = Math.max(1, Math.round((picture.width * pixels) / face.width));
  const scaled = await close(open(picture).resize(small));
  const part = small / picture.width;
  const middle = { x: (face.x + face.width / 2) * part, y: (face.y + face.height / 2) * part };
  const frame = { x: middle.x - width / 2, y: middle.y - height / 2, width, height };
  return close(await window(scaled, frame));
}

async function near(picture: Picture, face: Box): Promise<Picture> {
  return close(await window(picture, { ...face }));
}

function centred({ x, y, width, height }: Box, side: number): { -readonly [K in keyof Box]: Box[K] } {
  return { x: x + width / 2 - side / 2, y: y + height / 2 - side / 2, width: side, height: side };
}

/** What lies within the box; beyond the picture grey, as a wall would be. */
async function window(picture: Picture, box: Box): Promise<Sharp> {
  const [left, top] = [Math.round(box.x), Math.round(box.y)];
  const [width, height] = [Math.max(16, Math.round(box.width)), Math.max(16, Math.round(box.height))];
  const inside = {
    left: Math.min(picture.width - 1, Math.max(0, left)),
    top: Math.min(picture.height - 1, Math.max(0, top)),
  };
  const part = await open(picture)
    .extract({
      ...inside,
      width: Math.max(1, Math.min(picture.width, left + width) - inside.left),
      height: Math.max(1, Math.min(picture.height, top + height) - inside.top),
    })
    .png({ compressionLevel: 0 })
    .toBuffer();
  const wall = sharp({ create: { width, height, channels: 3, background: { r: 128, g: 128, b: 128 } } });
  return wall.composite([{ input: part, left: Math.max(0, -left), top: Math.max(0, -top) }]).removeAlpha();
}
