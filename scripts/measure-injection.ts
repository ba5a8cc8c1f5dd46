/**
 * What the watch for repeated pictures makes of films of real cameras, as they are and strongly compressed:
 * `npx tsx scripts/measure-injection.ts FILE...`. No film may be doubted; tells the longest time without a new
 * picture, and what a picture costs.
 */
import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import { RepeatWatch } from '../src/camera/integrity/repeats.ts';
import { samplePicture } from '../src/camera/integrity/sample.ts';
import { monotonicMs } from '../src/common/index.ts';

const WIDTH = 640;
const HEIGHT = 360;
const FPS = 15;
const COMPRESSED = [
  '-c:v',
  'libx264',
  '-preset',
  'veryfast',
  '-bf',
  '0',
  '-g',
  String(2 * FPS),
  '-crf',
  '36',
];

for (const file of process.argv.slice(2)) {
  for (const compressed of [false, true]) {
    const { pictures, repeated, longestMs, doubts, costMs } = await measure(file, compressed);
    const how = compressed ? 'compressed' : 'as it is';
    console.log(
      `${basename(file)}, ${how}: ${pictures} pictures, ${repeated} seen before, ${longestMs.toFixed(0)} ms without a new one at most, doubted: ${doubts.size === 0 ? 'no' : [...doubts].join()}, ${(costMs / pictures).toFixed(3)} ms a picture`,
    );
  }
}

async function measure(file: string, compressed: boolean) {
  const watch = new RepeatWatch();
  const known = new Set<number>();
  const found = { pictures: 0, repeated: 0, longestMs: 0, doubts: new Set<string>(), costMs: 0 };
  let freshAt = 0;
  for await (const data of picturesOf(file, compressed)) {
    const at = (found.pictures * 1000) / FPS;
    const started = monotonicMs();
    const sample = samplePicture({ format: 'yuv420p', width: WIDTH, height: HEIGHT, data });
    const doubt = watch.observe(sample, at);
    found.costMs += monotonicMs() - started;
    found.pictures++;
    if (doubt !== null) found.doubts.add(doubt);
    if (known.has(sample.hash)) found.repeated++;
    else freshAt = at;
    found.longestMs = Math.max(found.longestMs, at - freshAt);
    known.add(sample.hash);
  }
  return found;
}

async function* picturesOf(file: string, compressed: boolean): AsyncGenerator<Uint8Array> {
  const size = (WIDTH * HEIGHT * 3) / 2;
  const scale = `fps=${FPS},scale=${WIDTH}:${HEIGHT}`;
  const coder = spawn('ffmpeg', [
    ...['-v', 'error', '-i', file, '-an', '-vf', scale, '-pix_fmt', 'yuv420p'],
    ...(compressed ? [...COMPRESSED, '-f', 'h264'] : ['-f', 'rawvideo']),
    'pipe:1',
  ]);
  let out = coder.stdout;
  if (compressed) {
    const decoder = spawn('ffmpeg', [
      '-v',
      'error',
      '-f',
      'h264',
      '-i',
      'pipe:0',
      '-f',
      'rawvideo',
      'pipe:1',
    ]);
    coder.stdout.pipe(decoder.stdin);
    out = decoder.stdout;
  }
  let rest = Buffer.alloc(0);
  for await (const chunk of out) {
    rest = Buffer.concat([rest, chunk as Buffer]);
    for (; rest.length >= size; rest = rest.subarray(size)) yield rest.subarray(0, size);
  }
}
