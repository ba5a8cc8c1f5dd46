/**
 * Whether noise passes for life: `npx tsx scripts/measure-noise.ts [--data FOLDER] [--every N] [--living N]`. Faces of
 * pad/celeba-spoof, every Nth attack and every Nth living one, are darkened and made noisy as sensors and coders do it
 * (scripts/liveness/noise.ts), turned into camera frames (yuv420p) and judged by the gates of light, sharpness and noise and by the
 * liveness network; a table of docs/explanation/accuracy.md comes from here.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Picture } from '../src/camera/index.ts';
import { DecisionSchema } from '../src/config/index.ts';
import { readPhoto } from '../src/photo/index.ts';
import type { DetectedFace } from '../src/vision/index.ts';
import { aroundFace, LIGHTS, NOISES, noisy } from './liveness/noise.ts';
import { openAnalyser } from './support/analyser.ts';
import { toYuv420p } from './support/yuv.ts';

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: fileURLToPath(new URL('../../shared/data', import.meta.url)) },
    every: { type: 'string', default: '1' },
    living: { type: 'string', default: '2' },
  },
});
const { livenessThreshold } = DecisionSchema.parse({ matchThreshold: 0.4 });
const analyser = await openAnalyser();

/** Faces in a light with a noise. */
class Tally {
  /** Past the gates of light and sharpness; past that of noise as well; and of each those that score as living ones. */
  lit = 0;
  quiet = 0;
  litAlive = 0;
  quietAlive = 0;
  readonly noise: number[] = [];
  lowestAlive = Number.POSITIVE_INFINITY;

  async take(picture: Picture, face: DetectedFace): Promise<void> {
    const quality = analyser.quality(picture, face, await analyser.landmarks(picture, face));
    if (quality.failed.includes('SHARPNESS') || quality.failed.includes('EXPOSURE')) return;
    const alive = (await analyser.liveness(picture, face)).score >= livenessThreshold;
    this.lit++;
    if (alive) {
      this.litAlive++;
      this.lowestAlive = Math.min(this.lowestAlive, quality.noise);
    }
    this.noise.push(quality.noise);
    if (quality.failed.includes('NOISE')) return;
    this.quiet++;
    if (alive) this.quietAlive++;
  }

  get cells(): string {
    const sorted = [...this.noise].sort((a, b) => a - b);
    const at = (part: number) => (sorted[Math.floor(part * (sorted.length - 1))] ?? Number.NaN).toFixed(2);
    return `${this.litAlive} of ${this.lit} | ${this.quietAlive} of ${this.quiet} | ${at(0.05)} ${at(0.5)} ${at(0.95)} | ${this.lowestAlive.toFixed(2)}`;
  }
}

const folder = join(values.data, 'pad/celeba-spoof');
if (!existsSync(folder)) {
  console.log(`Skipped: there is no ${folder}; name the pictures' folder with --data.`);
} else {
  const attacks = await measure('spoof', Number(values.every));
  const living = await measure('live', Number(values.living));
  console.log(
    'noise, light | attacks that score as living ones, of those past light and sharpness | past the gate NOISE as well | their noise (5 %, median, 95 %) | the least of those that score so | living that score so | past the gate NOISE as well | their noise | the least of those that score so',
  );
  for (const [name, tally] of attacks) console.log(`${name} | ${tally.cells} | ${living.get(name)?.cells}`);
}
await analyser.close();

async function measure(kind: 'spoof' | 'live', every: number): Promise<Map<string, Tally>> {
  const tallies = new Map<string, Tally>();
  const files = readdirSync(join(folder, kind)).sort();
  for (const [index, file] of files.entries()) {
    if (index % every !== 0) continue;
    const picture = await readPhoto(join(folder, kind, file));
    const [found] = await analyser.find(picture);
    if (found === undefined) continue;
    const { cut, face } = await aroundFace(picture, found);
    for (const [light, part] of Object.entries(LIGHTS)) {
      for (const [name, noise] of Object.entries(NOISES)) {
        const key = `${name}, ${light}`;
        const tally = tallies.get(key) ?? new Tally();
        tallies.set(key, tally);
        await tally.take(toYuv420p(await noisy(cut, part, noise, index)), face);
      }
    }
  }
  return tallies;
}
