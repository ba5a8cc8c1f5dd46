import { meanOfBlocks } from './block-rows.ts';
import type { Raster } from './raster.ts';
import { FRACTION_BITS, mixRows, rowStart } from './row-mixer.ts';
import { type Taps, WEIGHT_ONE } from './taps.ts';

const UNIT = 1 / (1 << FRACTION_BITS);

/**
 * Resamples a raster by two axis tables into planes of 32-bit floats: channel c of output sample (x, y)
 * goes to `out[at + (c * rows + y) * columns + x]`. `blank[c]` is the value of what lies outside the
 * raster (used only where the tables lack weight).
 */
export function resample(
  raster: Raster,
  columns: Taps,
  rows: Taps,
  out: Float32Array,
  at: number,
  blank: readonly number[],
): void {
  const { channels } = raster;
  const shift = columns.low * channels - rowStart(raster, columns);
  const plane = rows.length * columns.length;
  for (let y = 0; y < rows.length; y++) {
    const target = at + y * columns.length;
    const inside = rows.inside[y];
    if (inside === 0) {
      for (let c = 0; c < channels; c++) {
        out.fill(blank[c], target + c * plane, target + c * plane + columns.length);
      }
      continue;
    }
    if (meanOfBlocks(raster, columns, rows, y, out, target)) continue;
    const row = mixRows(raster, columns, rows, y);
    for (let c = 0; c < channels; c++) {
      if (columns.step > 0 && channels === 1) stepColumns(row, columns, shift, out, target);
      else if (columns.linear) interpolateColumns(row, columns, channels, shift + c, out, target + c * plane);
      else mixColumns(row, columns, channels, shift + c, out, target + c * plane);
      if (columns.partial || inside < WEIGHT_ONE)
        fillBlank(columns, inside, out, target + c * plane, blank[c]);
    }
  }
}

/** out[target + x] = weighted sum of one channel of the mixed row, whose sample `columns.low` stands at `shift`. */
function mixColumns(
  row: Uint16Array,
  columns: Taps,
  channels: number,
  shift: number,
  out: Float32Array,
  target: number,
): void {
  const { first, count, fixed, stride, low, length } = columns;
  const scale = UNIT / WEIGHT_ONE;
  for (let x = 0; x < length; x++) {
    const taps = count[x];
    const weightAt = x * stride;
    let source = (first[x] - low) * channels + shift;
    let sum = 0;
    for (let t = 0; t < taps; t++) {
      sum += fixed[weightAt + t] * row[source];
      source += channels;
    }
    out[target + x] = sum * scale;
  }
}

/** The same where all have two taps: their weights follow from the position, and are not looked up. */
function stepColumns(
  row: Uint16Array,
  columns: Taps,
  shift: number,
  out: Float32Array,
  target: number,
): void {
  const { step, length } = columns;
  const scale = UNIT / WEIGHT_ONE;
  let position = columns.position;
  for (let x = 0; x < length; x++) {
    const source = (position >> 16) + shift;
    const left = row[source];
    out[target + x] = ((left << 8) + ((position >> 8) & 0xff) * (row[source + 1] - left)) * scale;
    position += step;
  }
}

/** The same with never more than two taps. */
function interpolateColumns(
  row: Uint16Array,
  columns: Taps,
  channels: number,
  shift: number,
  out: Float32Array,
  target: number,
): void {
  const { first, fixed, stride, low, length } = columns;
  const scale = UNIT / WEIGHT_ONE;
  for (let x = 0; x < length; x++) {
    const source = (first[x] - low) * channels + shift;
    const weightAt = x * stride;
    out[target + x] = (fixed[weightAt] * row[source] + fixed[weightAt + 1] * row[source + channels]) * scale;
  }
}

function fillBlank(columns: Taps, rowInside: number, out: Float32Array, target: number, blank: number): void {
  const part = rowInside / WEIGHT_ONE;
  for (let x = 0; x < columns.length; x++)
    out[target + x] += blank * (1 - (columns.inside[x] * part) / WEIGHT_ONE);
}
