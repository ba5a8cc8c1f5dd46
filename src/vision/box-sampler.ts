import type { Picture } from '../camera/types.ts';
import { BLACK, type ColourConversion, toGrey } from './colour.ts';
import { rasters } from './raster.ts';
import { resample } from './resample.ts';
import { type Edge, type Shrinking, Taps } from './taps.ts';
import type { Box } from './types.ts';

/**
 * Samples an upright box of a picture into planes of a fixed size. Reads only the pixels of the box.
 */
export class BoxSampler {
  readonly #width: number;
  readonly #height: number;
  readonly #edge: Edge;
  readonly #columns: Taps;
  readonly #rows: Taps;
  readonly #chromaColumns: Taps;
  readonly #chromaRows: Taps;
  #planned = '';

  /** `edge` says what lies outside the picture: black (`blank`) or the repeated border. */
  constructor(width: number, height: number, edge: Edge, shrinking: Shrinking = 'average') {
    this.#width = width;
    this.#height = height;
    this.#edge = edge;
    this.#columns = new Taps(width, shrinking);
    this.#rows = new Taps(height, shrinking);
    this.#chromaColumns = new Taps(width, shrinking);
    this.#chromaRows = new Taps(height, shrinking);
  }

  /** Fills `out` (3 x height x width) with the colours of the box. */
  colour(picture: Picture, box: Box, out: Float32Array, conversion: ColourConversion): void {
    const size = this.#width * this.#height;
    this.#plan(picture, box);
    const planes = rasters(picture);
    const blank = BLACK[picture.format];
    for (let p = 0; p < planes.length; p++) {
      const chroma = p > 0;
      resample(
        planes[p],
        chroma ? this.#chromaColumns : this.#columns,
        chroma ? this.#chromaRows : this.#rows,
        out,
        p * size,
        blank[p],
      );
    }
    conversion.apply(out, size, picture.format, ...this.#filled());
  }

  /** Fills the first height x width samples of `out` with the luma (0..255) of the box; for `rgb24` it needs room for three planes. */
  grey(picture: Picture, box: Box, out: Float32Array): void {
    this.#plan(picture, box);
    resample(rasters(picture)[0], this.#columns, this.#rows, out, 0, BLACK[picture.format][0]);
    toGrey(out, this.#width * this.#height, picture.format);
  }

  /** The samples that show anything of the picture: whole rows, the first and the one after the last. */
  #filled(): [number, number] {
    const { inside } = this.#rows;
    const begin = inside.findIndex((sum) => sum > 0);
    const end = inside.findLastIndex((sum) => sum > 0) + 1;
    return [Math.max(begin, 0) * this.#width, end * this.#width];
  }

  /** The tables depend on the box and the picture's size alone: for the detector they stay the same for hours. */
  #plan(picture: Picture, box: Box): void {
    const { format, width, height } = picture;
    const key = `${format} ${width} ${height} ${box.x} ${box.y} ${box.width} ${box.height}`;
    if (key === this.#planned) return;
    this.#columns.plan(box.x, box.width, width, this.#edge);
    this.#rows.plan(box.y, box.height, height, this.#edge);
    if (format === 'yuv420p') {
      this.#chromaColumns.plan(box.x / 2, box.width / 2, Math.ceil(width / 2), this.#edge);
      this.#chromaRows.plan(box.y / 2, box.height / 2, Math.ceil(height / 2), this.#edge);
    }
    this.#planned = key;
  }
}
