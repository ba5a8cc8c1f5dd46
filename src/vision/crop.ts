import sharp from 'sharp';
import type { Picture } from '../camera/types.ts';
import { BoxSampler } from './box-sampler.ts';
import { PLAIN_RGB } from './colour.ts';
import type { Box } from './types.ts';

/** Height of the picture kept of a face, in heights of the face box, and its shape. */
const SURROUNDINGS = 1.8;
const SHAPE = 4 / 5;
/** No crop is larger than this; a face smaller in the picture keeps its own resolution. */
const MAX_HEIGHT = 600;
const JPEG_QUALITY = 90;

// libvips would keep a cache of operations and a pool of threads, neither of which serves single small crops.
sharp.cache(false);
sharp.concurrency(1);

/** A face with surroundings, cut out of a picture and not yet compressed. */
export interface CutFace {
  readonly width: number;
  readonly height: number;
  /** Three bytes a pixel, row by row, sRGB. */
  readonly rgb: Uint8Array;
}

/** The JPEG of a face that was cut out; compressed on another thread. */
export function toJpeg({ rgb, width, height }: CutFace): Promise<Uint8Array> {
  return sharp(rgb, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: JPEG_QUALITY })
    .toBuffer();
}

/** Cuts faces out of pictures. Keeps its buffers for crops of the same size. */
export class FaceCropper {
  #sampler: BoxSampler | null = null;
  #width = 0;
  #height = 0;
  #planes = new Float32Array(0);

  /** JPEG of a face box, see `cut`. */
  crop(picture: Picture, box: Box): Promise<Uint8Array> {
    return toJpeg(this.cut(picture, box));
  }

  /** A face box with surroundings, 4:5 upright, at most 480x600; black where it reaches beyond the picture. */
  cut(picture: Picture, box: Box): CutFace {
    const view = surroundings(box);
    const height = Math.max(10, Math.min(MAX_HEIGHT, Math.round(view.height)));
    const width = Math.max(8, Math.round(height * SHAPE));
    return { width, height, rgb: this.#sample(picture, view, width, height) };
  }

  #sample(picture: Picture, view: Box, width: number, height: number): Uint8Array {
    if (this.#sampler === null || width !== this.#width || height !== this.#height) {
      this.#sampler = new BoxSampler(width, height, 'blank');
      this.#width = width;
      this.#height = height;
    }
    const size = width * height;
    if (this.#planes.length < 3 * size) this.#planes = new Float32Array(3 * size);
    const planes = this.#planes.subarray(0, 3 * size);
    this.#sampler.colour(picture, view, planes, PLAIN_RGB);
    const rgb = new Uint8Array(3 * size);
    for (let i = 0; i < size; i++) {
      rgb[3 * i] = planes[i] + 0.5;
      rgb[3 * i + 1] = planes[size + i] + 0.5;
      rgb[3 * i + 2] = planes[2 * size + i] + 0.5;
    }
    return rgb;
  }
}

function surroundings(box: Box): Box {
  const height = Math.max(box.height, box.width) * SURROUNDINGS;
  const width = height * SHAPE;
  return { x: box.x + (box.width - width) / 2, y: box.y + (box.height - height) / 2, width, height };
}
