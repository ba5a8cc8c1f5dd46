import type { Raster } from './raster.ts';
import { type Taps, WEIGHT_ONE } from './taps.ts';
import { Band, workbench } from './workbench.ts';

/**
 * Resamples a raster by two axis tables into planes of the workbench, the first channel into `plane`: a row of the planes is
 * mixed out of rows of the raster by weight, then each sample out of neighbours in that. `blank[c]` is the value of what lies
 * outside the raster (used only where the tables lack weight).
 */
export function resample(
  raster: Raster,
  columns: Taps,
  rows: Taps,
  plane: number,
  blank: readonly number[],
): void {
  const { channels, stride } = raster;
  const { low, high, length } = columns;
  const { loops } = workbench;
  workbench.clear();
  const mixed = workbench.room(2 * (high - low) * channels);
  const rowWeights = workbench.place(rows.fixed);
  const sampling = new ColumnSampling(columns, channels, mixed);
  const most = rows.count.reduce((one, other) => Math.max(one, other), 1);
  const band = new Band(raster, low, high, rows.high, most);
  const outs = Array.from({ length: channels }, (_, c) => workbench.plane(plane + c));
  for (let y = 0; y < rows.length; y++) {
    const inside = rows.inside[y];
    const at = y * length;
    if (inside === 0) {
      for (let c = 0; c < channels; c++) outs[c].fill(blank[c], at, at + length);
      continue;
    }
    const count = rows.count[y];
    const from = band.address(rows.first[y], count);
    loops.mix(from, stride, count, rowWeights + 4 * y * rows.stride, mixed, (high - low) * channels);
    for (let c = 0; c < channels; c++) {
      sampling.sample(c, workbench.at(plane + c) + 4 * at);
      if (columns.partial || inside < WEIGHT_ONE) fillBlank(columns, inside, outs[c], at, blank[c]);
    }
  }
}

/** Samples a mixed row by the table of the columns. */
class ColumnSampling {
  readonly #columns: Taps;
  readonly #pixel: number;
  /** Address where column 0 of the raster would stand. */
  readonly #origin: number;
  readonly #mixed: number;
  readonly #walks: boolean;
  readonly #first: number;
  readonly #count: number;
  readonly #weights: number;

  constructor(columns: Taps, channels: number, mixed: number) {
    this.#columns = columns;
    this.#pixel = 2 * channels;
    this.#mixed = mixed;
    this.#origin = mixed - columns.low * this.#pixel;
    this.#walks = columns.step > 0 && channels === 1;
    this.#first = workbench.place(columns.first);
    this.#count = workbench.place(columns.count);
    this.#weights = workbench.place(columns.fixed);
  }

  sample(channel: number, out: number): void {
    const { position, step, stride, length } = this.#columns;
    if (this.#walks) {
      workbench.loops.walk(this.#mixed, position, step, out, length);
      return;
    }
    const row = this.#origin + 2 * channel;
    workbench.loops.weigh(row, this.#pixel, this.#first, this.#count, this.#weights, stride, out, length);
  }
}

/** Beside the columns that lack nothing, where the row lacks nothing either: most of a picture with bars at its sides. */
function fillBlank(columns: Taps, rowInside: number, out: Float32Array, at: number, blank: number): void {
  const { length, inside } = columns;
  const part = rowInside / WEIGHT_ONE;
  const whole = rowInside === WEIGHT_ONE ? inside.indexOf(WEIGHT_ONE) : -1;
  const last = whole < 0 ? -1 : inside.lastIndexOf(WEIGHT_ONE);
  for (let x = 0; x < length; x++) {
    if (x === whole) x = last;
    else out[at + x] += blank * (1 - (inside[x] * part) / WEIGHT_ONE);
  }
}
