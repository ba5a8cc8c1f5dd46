/**
 * What the quality measures come to on folders of pictures: percentiles of each, and the part of the faces that
 * each gate refuses. `npx tsx scripts/measure-quality.ts [--blur] FOLDER...`; with --blur every picture is also
 * blurred, as if out of focus or moving. The tables of docs/reference/quality.md come from here.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import type { Picture } from '../src/camera/index.ts';
import { readPhoto } from '../src/photo/index.ts';
import { QUALITY_GATES, type QualityReport } from '../src/vision/index.ts';
import { openAnalyser } from './support/analyser.ts';

const MEASURES = [
  'eyeDistance',
  'margin',
  'yaw',
  'pitch',
  'roll',
  'sharpness',
  'brightness',
  'contrast',
  'noise',
  'score',
] as const;
/** Pixels between the eyes of an aligned face: blur is given in pixels of that. */
const ALIGNED_EYES = 35.24;

const { values, positionals } = parseArgs({
  options: { blur: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const analyser = await openAnalyser();
for (const folder of positionals) {
  const reports = new Map<string, QualityReport[]>();
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(isPicture)) {
    await measure(await readPhoto(join(folder, file)), reports);
  }
  for (const [kind, list] of reports) print(`${folder}, ${kind}`, list);
}
await analyser.close();

function isPicture(name: string): boolean {
  return /\.(jpe?g|png|webp|bmp)$/i.test(name);
}

async function measure(picture: Picture, reports: Map<string, QualityReport[]>): Promise<void> {
  const eyes = await take(picture, 'as they are', reports);
  if (!values.blur || eyes === null) return;
  const pixel = eyes / ALIGNED_EYES;
  for (const sigma of [1, 2, 3])
    await take(await defocused(picture, sigma * pixel), `out of focus by ${sigma}`, reports);
  for (const length of [4, 7, 11])
    await take(moved(picture, Math.round(length * pixel)), `moved by ${length}`, reports);
}

/** Adds the best face's report; answers its eye distance. */
async function take(
  picture: Picture,
  kind: string,
  reports: Map<string, QualityReport[]>,
): Promise<number | null> {
  const [face] = await analyser.find(picture);
  if (face === undefined) return null;
  const quality = analyser.quality(picture, face, await analyser.landmarks(picture, face));
  reports.set(kind, [...(reports.get(kind) ?? []), quality]);
  return quality.eyeDistance;
}

async function defocused(picture: Picture, sigma: number): Promise<Picture> {
  const { width, height } = picture;
  const data = await sharp(picture.data, { raw: { width, height, channels: 3 } })
    .blur(Math.max(0.3, sigma))
    .raw()
    .toBuffer();
  return { ...picture, data };
}

/** Each pixel becomes the mean of `length` pixels beside it, as when the face moves sideways. */
function moved(picture: Picture, length: number): Picture {
  const { width, height, data } = picture;
  const out = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let k = 0; k < length; k++) {
          const from = Math.min(width - 1, Math.max(0, x + k - (length >> 1)));
          sum += data[3 * (y * width + from) + c];
        }
        out[3 * (y * width + x) + c] = sum / length;
      }
    }
  }
  return { ...picture, data: out };
}

function print(title: string, reports: readonly QualityReport[]): void {
  console.log(`\n${title}: ${reports.length} faces`);
  for (const measure of MEASURES) {
    const sorted = reports.map((report) => report[measure]).sort((a, b) => a - b);
    const at = [0.01, 0.05, 0.5, 0.95, 0.99].map((q) =>
      sorted[Math.floor(q * (sorted.length - 1))].toFixed(3).padStart(9),
    );
    console.log(`  ${measure.padEnd(12)}${at.join('')}`);
  }
  const refused = QUALITY_GATES.map((gate) => {
    const part = reports.filter(({ failed }) => failed.includes(gate)).length / reports.length;
    return `${gate} ${(100 * part).toFixed(1)} %`;
  });
  console.log(`  refused: ${refused.join(', ')}`);
}
