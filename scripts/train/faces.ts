/**
 * Finds the face and its 68 landmarks in every picture of some folders, for the training scripts beside this one:
 * `npx tsx scripts/train/faces.ts OUT FOLDER...` writes one JSON line a picture to OUT. Pictures without a face are
 * left out and counted. The face taken is the one nearest to the middle of the picture. Each line carries the embedding
 * as enrolment takes it (mirrored) as well, by which faces are known again.
 */
import { readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readPhoto } from '../../src/photo/index.ts';
import type { DetectedFace } from '../../src/vision/index.ts';
import { openAnalyser } from '../support/analyser.ts';

const [out, ...folders] = process.argv.slice(2);
if (out === undefined || folders.length === 0) throw new Error('Usage: faces.ts OUT FOLDER...');

const analyser = await openAnalyser();
const lines: string[] = [];
for (const folder of folders) {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(isPicture).sort();
  const before = lines.length;
  for (const file of files) {
    const line = await lineOf(join(folder, file));
    if (line !== null) lines.push(line);
  }
  console.log(`${folder}: faces in ${lines.length - before} of ${files.length} pictures`);
}
await analyser.close();
await mkdir(dirname(out), { recursive: true });
await writeFile(out, `${lines.join('\n')}\n`);

async function lineOf(path: string): Promise<string | null> {
  const picture = await readPhoto(path);
  const face = nearestToCentre(await analyser.find(picture), picture.width, picture.height);
  if (face === null) return null;
  const landmarks = await analyser.landmarks(picture, face);
  const embedding = await analyser.embed(picture, landmarks, { mirrored: true });
  const { width, height } = picture;
  const { box, score } = face;
  return JSON.stringify({
    ...{ path, width, height, box, score, points: rounded(landmarks.all, 3) },
    ...(embedding === null ? {} : { embedding: rounded(embedding.vector, 6) }),
  });
}

function rounded(values: Float32Array, digits: number): number[] {
  return Array.from(values, (value) => Number(value.toFixed(digits)));
}

function isPicture(name: string): boolean {
  return /\.(jpe?g|png|webp|bmp)$/i.test(name);
}

function nearestToCentre(faces: readonly DetectedFace[], width: number, height: number): DetectedFace | null {
  const distance = ({ box }: DetectedFace) =>
    Math.hypot(box.x + (box.width - width) / 2, box.y + (box.height - height) / 2);
  return faces.reduce<DetectedFace | null>(
    (best, face) => (best === null || distance(face) < distance(best) ? face : best),
    null,
  );
}
