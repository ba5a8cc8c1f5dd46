import { existsSync, readFileSync } from 'node:fs';
import sharp from 'sharp';
import type { Frame, Picture } from '../../src/camera/types.ts';
import type { FaceAnalyser } from '../../src/vision/index.ts';

/** Four people face on, in one photograph; set-up brings it (see scripts/setup/pictures.mjs). */
const PHOTO = '.cache/demo/sample6.jpg';
export const PHOTO_MISSING = !existsSync(PHOTO);

export const WIDTH = 1280;
export const HEIGHT = 720;

/** Head and shoulders of somebody, to be put anywhere into a frame. */
export interface Figure {
  readonly picture: Buffer;
  readonly width: number;
  readonly height: number;
}

export interface Place {
  readonly figure: Figure;
  /** Centre of the face in the frame, pixels. */
  readonly x: number;
  readonly y: number;
}

/** The people of the photograph, left to right, with faces about `faceSize` pixels wide. */
export async function people(analyser: FaceAnalyser, faceSize = 110): Promise<Figure[]> {
  const { data, info } = await sharp(readFileSync(PHOTO))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const photo: Picture = { format: 'rgb24', width: info.width, height: info.height, data };
  const faces = (await analyser.find(photo)).sort((a, b) => a.box.x - b.box.x);
  return Promise.all(
    faces.map(async ({ box }) => {
      const left = Math.round(box.x - 0.5 * box.width);
      const top = Math.round(box.y - 0.5 * box.height);
      const scale = faceSize / box.width;
      const width = Math.round(2 * box.width * scale);
      const height = Math.round(2 * box.height * scale);
      const picture = await sharp(PHOTO)
        .extract({ left, top, width: Math.round(2 * box.width), height: Math.round(2 * box.height) })
        .resize(width, height, { fit: 'fill' })
        .removeAlpha()
        .raw()
        .toBuffer();
      return { picture, width, height };
    }),
  );
}

/** A grey hall with figures in it, the later ones in front. */
export function scene(places: readonly Place[]): Buffer {
  const data = Buffer.alloc(WIDTH * HEIGHT * 3, 110);
  for (const { figure, x, y } of places) {
    const left = Math.round(x - figure.width / 2);
    const top = Math.round(y - figure.height / 2);
    for (let row = 0; row < figure.height; row++) {
      const to = top + row;
      if (to < 0 || to >= HEIGHT) continue;
      const from = Math.max(0, -left);
      const until = Math.min(figure.width, WIDTH - left);
      if (from >= until) continue;
      figure.picture.copy(
        data,
        3 * (to * WIDTH + left + from),
        3 * (row * figure.width + from),
        3 * (row * figure.width + until),
      );
    }
  }
  return data;
}

/** Frame number `seq` of a camera of 15 fps. */
export function frameOf(seq: number, places: readonly Place[], startedAt = 1000): Frame {
  const picture: Picture = { format: 'rgb24', width: WIDTH, height: HEIGHT, data: scene(places) };
  return { camera: 'test', seq, capturedAt: startedAt + (seq * 1000) / 15, picture, release: () => {} };
}
