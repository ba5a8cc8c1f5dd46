import type { Raster } from './raster.ts';
import type { Taps } from './taps.ts';

/** Source rows mixed by weight, one output row at a time; grown on demand and shared by all resamplings. */
let mixed = new Float32Array(4096);

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
  const span = (columns.high - columns.low) * channels;
  if (span > mixed.length) mixed = new Float32Array(span);
  for (let y = 0; y < rows.length; y++) {
    mixRows(raster, columns.low, span, rows, y);
    for (let c = 0; c < channels; c++) {
      const target = at + (c * rows.length + y) * columns.length;
      mixColumns(columns, channels, c, out, target);
      if (columns.partial || rows.inside[y] < 1 - 1e-6) {
        fillBlank(columns, rows.inside[y], out, target, blank[c]);
      }
    }
  }
}

/** mixed[...] = weighted sum of the source rows that make output row y. */
function mixRows(raster: Raster, low: number, span: number, rows: Taps, y: number): void {
  const { data, stride, channels } = raster;
  const row = mixed;
  const count = rows.count[y];
  const weights = rows.weights;
  let weightAt = y * rows.stride;
  let source = raster.offset + rows.first[y] * stride + low * channels;
  let left = count;
  if (left === 0) {
    row.fill(0, 0, span);
    return;
  }
  // Several rows a pass: the running sum stays in a register instead of going through memory for each row.
  let begun = false;
  while (left >= 4) {
    const w0 = weights[weightAt];
    const w1 = weights[weightAt + 1];
    const w2 = weights[weightAt + 2];
    const w3 = weights[weightAt + 3];
    const s1 = source + stride;
    const s2 = s1 + stride;
    const s3 = s2 + stride;
    if (begun) {
      for (let x = 0; x < span; x++) {
        row[x] += w0 * data[source + x] + w1 * data[s1 + x] + w2 * data[s2 + x] + w3 * data[s3 + x];
      }
    } else {
      for (let x = 0; x < span; x++) {
        row[x] = w0 * data[source + x] + w1 * data[s1 + x] + w2 * data[s2 + x] + w3 * data[s3 + x];
      }
    }
    begun = true;
    left -= 4;
    weightAt += 4;
    source += 4 * stride;
  }
  while (left >= 2) {
    const w0 = weights[weightAt];
    const w1 = weights[weightAt + 1];
    const s1 = source + stride;
    if (begun) for (let x = 0; x < span; x++) row[x] += w0 * data[source + x] + w1 * data[s1 + x];
    else for (let x = 0; x < span; x++) row[x] = w0 * data[source + x] + w1 * data[s1 + x];
    begun = true;
    left -= 2;
    weightAt += 2;
    source += 2 * stride;
  }
  if (left === 1) {
    const w0 = weights[weightAt];
    if (begun) for (let x = 0; x < span; x++) row[x] += w0 * data[source + x];
    else for (let x = 0; x < span; x++) row[x] = w0 * data[source + x];
  }
}

/** out[target + x] = weighted sum of channel c of the mixed row. */
function mixColumns(columns: Taps, channels: number, c: number, out: Float32Array, target: number): void {
  const row = mixed;
  const { first, count, weights, stride, low, length } = columns;
  for (let x = 0; x < length; x++) {
    const taps = count[x];
    const weightAt = x * stride;
    let source = (first[x] - low) * channels + c;
    let sum = 0;
    for (let t = 0; t < taps; t++) {
      sum += weights[weightAt + t] * row[source];
      source += channels;
    }
    out[target + x] = sum;
  }
}

function fillBlank(columns: Taps, rowInside: number, out: Float32Array, target: number, blank: number): void {
  for (let x = 0; x < columns.length; x++) out[target + x] += blank * (1 - columns.inside[x] * rowInside);
}
