import type { Picture } from '../camera/types.ts';
import type { ColourConversion } from './colour.ts';
import { openKernel } from './open-kernel.ts';
import type { Box } from './types.ts';

/** Pixels of the picture to a sample, in each direction; half as many in the colour planes. */
const FACTOR = 4;
const PAGE = 65_536;
/** Three colours of six figures. */
const MATRIX_BYTES = 72;
/** So much of a picture is copied in at a time: it is read while it lies in the nearest cache. */
const BAND_BYTES = 32_768;

/**
 * Shrinks a whole camera picture of four times the network's width into the network's input, colours and all, in WebAssembly: what
 * `BoxSampler` does for any box, for the one that is looked at in every frame (1280x720 into 320x184), several times as fast.
 */
export class FrameShrinker {
  /** The input, 3 x height x width or the beginning of it, in the memory of the module, so that nothing is copied out of it. */
  readonly input: Float32Array;
  readonly #width: number;
  readonly #height: number;
  readonly #memory: WebAssembly.Memory;
  readonly #bytes: Uint8Array;
  /** Addresses of the matrix of colours and of a band of the picture. */
  readonly #matrix: number;
  readonly #band: number;
  readonly #loops: ReturnType<typeof openKernel>;

  /** Largest size of the input. */
  constructor(width: number, height: number) {
    this.#width = width;
    this.#height = height;
    this.#matrix = 12 * width * height;
    this.#band = this.#matrix + MATRIX_BYTES;
    const bytes = this.#band + Math.max(BAND_BYTES, FACTOR * FACTOR * width);
    this.#memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE) });
    this.#bytes = new Uint8Array(this.#memory.buffer);
    this.input = new Float32Array(this.#memory.buffer, 0, 3 * width * height);
    this.#loops = openKernel(this.#memory);
  }

  /** Fills `input` with the colours of the box, 3 planes of a quarter of its height; false, having done nothing, where it does not fit. */
  colour(picture: Picture, box: Box, conversion: ColourConversion): boolean {
    if (!this.#fits(picture, box)) return false;
    const size = this.#width * (box.height / FACTOR);
    const rows = picture.height / FACTOR;
    const begin = (-box.y / FACTOR) * this.#width;
    const end = begin + rows * this.#width;
    const [a, b, c] = [0, 1, 2].map((plane) => 4 * (plane * size + begin));
    this.#shrink(picture, rows, a, b, c);
    new Float32Array(this.#memory.buffer, this.#matrix).set(conversion.fromYuv);
    const [red, green, blue] = conversion.order.map((plane) => 4 * (plane * size + begin));
    this.#loops.colours(a, b, c, red, green, blue, 4 * (end - begin), this.#matrix);
    conversion.order.forEach((plane, colour) => {
      this.input.fill(conversion.black[colour], plane * size, plane * size + begin);
      this.input.fill(conversion.black[colour], plane * size + end, (plane + 1) * size);
    });
    return true;
  }

  #fits({ format, width, height, data }: Picture, box: Box): boolean {
    const rows = height / FACTOR;
    const top = -box.y / FACTOR;
    return (
      format === 'yuv420p' &&
      width === FACTOR * this.#width &&
      this.#width % 8 === 0 &&
      Number.isInteger(rows) &&
      Number.isInteger(top) &&
      top >= 0 &&
      Number.isInteger(box.height / FACTOR) &&
      box.height <= FACTOR * this.#height &&
      top + rows <= box.height / FACTOR &&
      box.x === 0 &&
      box.width === width &&
      data.length >= (width * height * 3) / 2
    );
  }

  /** The means of the planes Y, U and V to where the colours that are made of them in place shall lie. */
  #shrink({ width, height, data }: Picture, rows: number, y: number, u: number, v: number): void {
    const luma = width * height;
    this.#means(this.#loops.fours, data, { stride: width, bytes: FACTOR * width }, rows, y);
    const half = { stride: width / 2, bytes: (FACTOR / 2) * (width / 2) };
    this.#means(this.#loops.twos, data.subarray(luma), half, rows, u);
    this.#means(this.#loops.twos, data.subarray((luma * 5) / 4), half, rows, v);
  }

  /** `rows` of means of a plane, each of them made of so many `bytes` of it, to the address `out`. */
  #means(
    loop: ReturnType<typeof openKernel>['fours'],
    plane: Uint8Array,
    { stride, bytes }: { readonly stride: number; readonly bytes: number },
    rows: number,
    out: number,
  ): void {
    const atOnce = Math.max(1, Math.floor(BAND_BYTES / bytes));
    for (let row = 0; row < rows; row += atOnce) {
      const count = Math.min(atOnce, rows - row);
      this.#bytes.set(plane.subarray(row * bytes, (row + count) * bytes), this.#band);
      loop(this.#band, stride, out + 4 * this.#width * row, this.#width, count);
    }
  }
}
