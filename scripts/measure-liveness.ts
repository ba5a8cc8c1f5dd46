/**
 * Which films of living people and of replays open a door: `npx tsx scripts/measure-liveness.ts [--fps N]
 * [--attempts N] [--eyes PIXELS] FILM...`. Each film goes through the pipeline once, every face recognised; then
 * so many attempts begin at different moments of it, judged by the rules of the door with a gallery that knows
 * everybody, so that liveness alone decides, once with the edges around the face and once without. --eyes is the distance between the eyes that is asked for.
 */
import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { Access } from '../src/access/index.ts';
import type { Picture } from '../src/camera/index.ts';
import { type DecisionConfig, DecisionSchema, VisionSchema } from '../src/config/index.ts';
import type { Sighting } from '../src/vision/index.ts';
import { Pipeline } from '../src/vision/pipeline.ts';
import { openAnalyser } from './support/analyser.ts';
import { quantile } from './support/quantile.ts';

const { values, positionals } = parseArgs({
  options: {
    fps: { type: 'string', default: '10' },
    attempts: { type: 'string', default: '10' },
    eyes: { type: 'string' },
  },
  allowPositionals: true,
});
const fps = Number(values.fps);
const attempts = Number(values.attempts);
const eyes = values.eyes === undefined ? {} : { minEyeDistance: Number(values.eyes) };
const { quality, maxFaces } = VisionSchema.parse({ quality: eyes });
const policy = DecisionSchema.parse({ matchThreshold: 0.4 });
const analyser = await openAnalyser({ quality });

for (const film of positionals) {
  const sightings = await watch(film);
  const scores = sightings.flatMap(({ liveness }) => (liveness === null ? [] : [liveness.score]));
  const last = (sightings.at(-1)?.frame.capturedAt ?? 0) - 1000;
  const edges = sightings.flatMap(({ enclosure }) => enclosure ?? []);
  const framed = edges.filter((enclosure) => enclosure >= policy.enclosureThreshold).length;
  const tried = (by: DecisionConfig) =>
    Array.from({ length: attempts }, (_, n) => attempt(sightings, (n * last) / attempts, by));
  const results = tried(policy);
  const unframed = tried({ ...policy, enclosureThreshold: 2 }).filter(
    ({ grantedMs }) => grantedMs !== null,
  ).length;
  const passed = results.flatMap(({ grantedMs }) => (grantedMs === null ? [] : [grantedMs]));
  const low = [0, 0.1, 0.5].map((part) => quantile(scores, part).toFixed(3)).join(' / ');
  const slowest = passed.length === 0 ? '' : `, slowest ${Math.max(...passed).toFixed(0)} ms`;
  const reasons = [...new Set(results.flatMap(({ reason }) => reason ?? []))].join();
  console.log(
    `${basename(film)}: ${scores.length} frames, score lowest / 10th percentile / median ${low}; framed ${framed}, most ${Math.max(0, ...edges).toFixed(2)}; ${passed.length} of ${attempts} attempts passed (${unframed} without the edges)${slowest}${reasons === '' ? '' : `; ${reasons}`}`,
  );
}
await analyser.close();

/** Every sighting of a film; times are those of the film. */
async function watch(film: string): Promise<Sighting[]> {
  const sightings: Sighting[] = [];
  const recognise = { burst: 100_000, intervalMs: 0 };
  const area = { left: 0, top: 0, right: 1, bottom: 1 };
  const pipeline = new Pipeline(analyser, { camera: 'film', area, maxFaces, recognise });
  const listener = { sighting: (one: Sighting) => void sightings.push(one), trackEnd() {}, crop() {} };
  let seq = 0;
  for await (const picture of picturesOf(film)) {
    const capturedAt = (seq * 1000) / fps;
    await pipeline.process({ camera: 'film', seq: seq++, capturedAt, picture, release() {} }, listener);
  }
  return sightings;
}

/** One person steps before the camera at `from`: ms from the first good frame to the door, and why it stayed shut. */
function attempt(sightings: readonly Sighting[], from: number, by: DecisionConfig) {
  const access = new Access('door', by, {
    newId: randomUUID,
    software: 'measure',
    configVersion: 'measure',
    qualityLimits: quality,
  });
  let firstAt: number | null = null;
  let reason: string | null = null;
  for (const sighting of sightings.filter(({ frame }) => frame.capturedAt >= from)) {
    const now = sighting.frame.capturedAt;
    const probe = access.see(sighting, now);
    if (sighting.liveness !== null) firstAt ??= now;
    if (probe === null) continue;
    const candidates = [{ personId: 'anybody', name: 'anybody', referenceId: 'r', score: 0.9 }];
    const decision = access.decide(probe, { candidates, frameScores: probe.frames.map(() => 0.9) }, now);
    if (decision === null) continue;
    if (decision.record.outcome === 'grant') return { grantedMs: now - (firstAt ?? now), reason: null };
    reason = decision.record.reason;
  }
  return { grantedMs: null, reason: reason ?? 'too few good frames' };
}

async function* picturesOf(film: string): AsyncGenerator<Picture> {
  const probe = spawnSync('ffprobe', [
    ...['-v', 'error', '-select_streams', 'v:0', '-show_entries', 'stream=width,height'],
    ...['-of', 'csv=p=0', film],
  ]);
  const [width = 0, height = 0] = probe.stdout.toString().trim().split(',').map(Number);
  const size = width * height + 2 * Math.ceil(width / 2) * Math.ceil(height / 2);
  const filter = ['-vf', `fps=${fps}`, '-pix_fmt', 'yuv420p', '-f', 'rawvideo', 'pipe:1'];
  const ffmpeg = spawn('ffmpeg', ['-v', 'error', '-i', film, '-an', ...filter], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let rest = Buffer.alloc(0);
  for await (const chunk of ffmpeg.stdout) {
    rest = Buffer.concat([rest, chunk as Buffer]);
    for (; rest.length >= size; rest = rest.subarray(size))
      yield { format: 'yuv420p', width, height, data: rest.subarray(0, size) };
  }
}
