import type { Picture } from '../camera/types.ts';
import { BLACK, type ColourConversion, PLAIN_GREY } from './colour.ts';
import { rasters } from './raster.ts';
import { resample } from './resample.ts';
import { type Edge, type Shrinking, Taps } from './taps.ts';
import type { Box } from './types.ts';
import { workbench } from './workbench.ts';

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
    workbench.begin(size);
    for (let p = 0; p < planes.length; p++) {
      const chroma = p > 0;
      resample(
        planes[p],
        chroma ? this.#chromaColumns : this.#columns,
        chroma ? this.#chromaRows : this.#rows,
        p,
        blank[p],
      );
    }
    conversion.apply(picture.format, ...this.#filled());
    for (let p = 0; p < 3; p++) out.set(workbench.plane(p), p * size);
  }

  /** Fills the first height x width samples of `out` with the luma of the box, 0..255 unless the conversion has it otherwise. */
  grey(picture: Picture, box: Box, out: Float32Array, conversion = PLAIN_GREY): void {
    const size = this.#width * this.#height;
    this.#plan(picture, box);
    workbench.begin(size);
    resample(rasters(picture)[0], this.#columns, this.#rows, 0, BLACK[picture.format][0]);
    conversion.apply(picture.format, size);
    out.set(workbench.plane(0));
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
