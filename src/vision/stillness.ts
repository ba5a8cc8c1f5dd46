import type { Picture } from '../camera/types.ts';
import { rasters } from './raster.ts';
import { workbench } from './workbench.ts';

/** Pixels of a cell's side: a face that can be recognised covers some thirty cells, one that is only just found four. */
const CELL = 16;
/** Rows of a cell that are read; of their pixels every fourth, as the loop `cells` of kernel.wat has it. */
const ROW_STEP = 8;
const SAMPLES = (CELL / ROW_STEP) * (CELL / 4);

/** A cell counts as changed by this many levels of luma, or by this many times the noise where that is more. */
const CHANGED_LEVELS = 8;
const CHANGED_NOISES = 5;
/** Noise beyond this, mean difference of cells in levels, is not believed: it is somebody moving. */
const MAX_NOISE = 4;
/** Weight of one picture in the running mean of the noise. */
const NOISE_WEIGHT = 0.05;
/** So many changed cells are a change. */
const CHANGED_CELLS = 3;

/**
 * Tells whether a picture shows something else than the one that was looked at last, by the luma alone: means of cells
 * of 16 x 16 pixels, of which eight are read (of an `rgb24` picture 16 bytes are a cell's width). Costs some 0.1 ms for 1280x720,
 * where detection costs milliseconds.
 */
export class Stillness {
  #seen = new Int16Array(0);
  #cells = new Int16Array(0);
  #size = '';
  #noise = MAX_NOISE;

  /** Whether the picture is like the one before `remember`. Never of a picture of another size, or of the first. */
  still(picture: Picture): boolean {
    const { format, width, height } = picture;
    const size = `${format} ${width} ${height}`;
    const known = size === this.#size;
    if (!known) {
      const cells = Math.floor(rasters(picture)[0].stride / CELL) * Math.floor(height / CELL);
      this.#seen = new Int16Array(cells);
      this.#cells = new Int16Array(cells);
      this.#size = size;
      this.#noise = MAX_NOISE;
    }
    this.#measure(picture);
    return known && this.#cells.length > 0 && !this.#changed();
  }

  /** The picture of the last call of `still` is what the next ones are compared with. */
  remember(): void {
    this.#seen.set(this.#cells);
  }

  #measure(picture: Picture): void {
    if (this.#cells.length === 0) return;
    const { data, offset, stride, height } = rasters(picture)[0];
    const columns = Math.floor(stride / CELL);
    workbench.clear();
    const pair = workbench.room(2 * stride);
    const sums = workbench.room(this.#cells.byteLength);
    for (let row = 0; row < Math.floor(height / CELL); row++) {
      const at = offset + row * CELL * stride;
      workbench.put(data.subarray(at, at + stride), pair);
      workbench.put(data.subarray(at + ROW_STEP * stride, at + (ROW_STEP + 1) * stride), pair + stride);
      workbench.loops.cells(pair, stride, sums + 2 * columns * row, columns);
    }
    workbench.take(sums, new Uint8Array(this.#cells.buffer));
  }

  #changed(): boolean {
    const threshold = SAMPLES * Math.max(CHANGED_LEVELS, CHANGED_NOISES * this.#noise);
    const cells = this.#cells;
    const seen = this.#seen;
    let total = 0;
    let changed = 0;
    for (let i = 0; i < cells.length; i++) {
      const difference = Math.abs(cells[i] - seen[i]);
      total += difference;
      if (difference > threshold) changed++;
    }
    const mean = Math.min(MAX_NOISE, total / (SAMPLES * cells.length));
    this.#noise += NOISE_WEIGHT * (mean - this.#noise);
    return changed >= CHANGED_CELLS;
  }
}
