/**
 * In how many pictures a face is found by one look, as at a camera's frame, and what each kind of second look adds:
 * `npx tsx scripts/measure-detection.ts [--data FOLDER] [--every N] [--fps N] [--of masked|bare|videos]
 * [--conditions PATTERN] [--looks PATTERN]`. The folder holds masks/web and videos; every Nth picture is taken, and N frames a second;
 * the patterns are regular expressions for the names of those wanted. The tables of docs/explanation/accuracy.md come from here.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Picture } from '../src/camera/index.ts';
import { readPhoto } from '../src/photo/index.ts';
import { Detector } from '../src/vision/detect.ts';
import { defaultModelsDir, loadModels } from '../src/vision/models/index.ts';
import { Network } from '../src/vision/network.ts';
import { findFaces } from '../src/vision/still.ts';
import { CONDITIONS } from './detection/conditions.ts';
import { LOOKS, type LookName } from './detection/looks.ts';
import { filmSize } from './support/film-size.ts';

const MIN_SCORE = 0.7; // vision.detectionScore

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: fileURLToPath(new URL('../../shared/data', import.meta.url)) },
    every: { type: 'string', default: '1' },
    fps: { type: 'string', default: '2' },
    of: { type: 'string', default: 'masked, bare, videos' },
    conditions: { type: 'string', default: '' },
    looks: { type: 'string', default: '' },
  },
});
const isLook = (name: string): name is LookName => name in LOOKS;
const NAMES = Object.keys(LOOKS)
  .filter(isLook)
  .filter((name) => name === 'whole' || new RegExp(values.looks).test(name));
const models = await loadModels({ dir: defaultModelsDir(), roles: ['detection'], threads: 1 });
const detector = new Detector(new Network(models.detection));

/** Found by the look alone, and by the first look or this one. */
class Tally {
  pictures = 0;
  readonly alone = new Map<LookName, number>();
  readonly added = new Map<LookName, number>();
  readonly ms = new Map<LookName, number>();

  async take(picture: Picture): Promise<void> {
    this.pictures++;
    let first = false;
    for (const name of NAMES) {
      const begun = performance.now();
      const found = (await LOOKS[name](detector, picture, MIN_SCORE)).length > 0;
      this.ms.set(name, (this.ms.get(name) ?? 0) + performance.now() - begun);
      if (name === 'whole') first = found;
      if (found) this.alone.set(name, (this.alone.get(name) ?? 0) + 1);
      if (found || first) this.added.set(name, (this.added.get(name) ?? 0) + 1);
    }
  }

  print(title: string): void {
    const percent = (count = 0) => `${((100 * count) / Math.max(1, this.pictures)).toFixed(1)} %`;
    const cells = NAMES.map((name) =>
      name === 'whole' ? percent(this.alone.get(name)) : `${name} ${percent(this.added.get(name))}`,
    );
    console.log(`${title}: ${this.pictures} pictures; found ${cells[0]}; with ${cells.slice(1).join(', ')}`);
  }
}

if (values.of.includes('masked')) await ofPictures('masks/web/mask', 'masked');
if (values.of.includes('bare')) await ofPictures('masks/web/bare', 'bare');
if (values.of.includes('videos')) await ofVideos();
await detector.network.close();

async function ofPictures(folder: string, kind: string): Promise<void> {
  const path = join(values.data, folder);
  if (!existsSync(path)) return skipped(path);
  const files = readdirSync(path).filter(
    (name, index) => /\.jpe?g$/i.test(name) && index % Number(values.every) === 0,
  );
  const wanted = Object.entries(CONDITIONS).filter(([name]) => new RegExp(values.conditions).test(name));
  const tallies = new Map(wanted.map(([name]) => [name, new Tally()]));
  let faceless = 0;
  for (const file of files) {
    const picture = await readPhoto(join(path, file));
    const [face] = await findFaces(detector, picture, MIN_SCORE);
    if (face === undefined) {
      faceless++;
      continue;
    }
    for (const [name, change] of wanted) {
      await tallies.get(name)?.take(await change(picture, face.box));
    }
  }
  console.log(`${kind}: ${files.length} pictures, in ${faceless} no face by any look at photos`);
  for (const [name, tally] of tallies) tally.print(`${kind}, ${name}`);
}

function skipped(path: string): void {
  console.log(
    `Skipped: there is no ${path}. The pictures are not part of this project; name their folder with --data.`,
  );
}

async function ofVideos(): Promise<void> {
  const path = join(values.data, 'videos');
  if (!existsSync(path)) return skipped(path);
  const films = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(mp4|mkv)$/.test(name),
  );
  const asl = new Tally();
  for (const film of films.sort()) {
    const tally = film.startsWith('asl') ? asl : new Tally();
    for (const picture of framesOf(join(path, film))) await tally.take(picture);
    if (tally !== asl) tally.print(film);
  }
  asl.print('videos/asl');
}

function framesOf(film: string): Picture[] {
  const { width, height } = filmSize(film);
  const { stdout } = spawnSync(
    'ffmpeg',
    ['-v', 'error', '-i', film, '-vf', `fps=${values.fps}`, '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'],
    { maxBuffer: 2 ** 31 },
  );
  const size = 3 * width * height;
  return Array.from({ length: Math.floor(stdout.length / size) }, (_, i) => ({
    ...{ format: 'rgb24' as const, width, height },
    data: new Uint8Array(stdout.subarray(i * size, (i + 1) * size)),
  }));
}
