import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { encodeH264 } from '../scripts/rtsp/encode.ts';
import { type RtspServer, startRtspServer } from '../scripts/rtsp/server.ts';
import { quantile } from '../scripts/support/quantile.ts';
import { createLogger, monotonicMs } from '../src/common/index.ts';
import { CameraSchema } from '../src/config/schema/camera.ts';
import { VisionSchema } from '../src/config/schema/vision.ts';
import { VisionHost } from '../src/vision/client.ts';
import { FaceAnalyser } from '../src/vision/index.ts';
import { defaultModelsDir } from '../src/vision/models/index.ts';
import { HEIGHT, people, scene, WIDTH } from '../test/vision/figures.ts';
import { atMost, type BenchRow, told } from './row.ts';
import { cpuMs } from './support/processes.ts';

const FPS = 15;
/** One round of the film: an empty hall, then somebody for two seconds. */
const EMPTY = 5 * FPS;
const SHOWN = 2 * FPS;
const VISITS = 6;
const WARM_UP_MS = 4000;
const IDLE_MS = 15_000;
/** Noise of a sensor in levels of luma, evenly spread, before the encoder has its way with it. */
const NOISE = 4;

const SentSchema = z.object({ unit: z.number(), sent: z.number() });

/**
 * What a camera costs that shows an empty hall, and how soon somebody is seen who comes in: the vision process behind a
 * real RTSP stream of 1280x720 at 15 fps.
 */
export async function benchIdle(): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'menshen-idle-'));
  try {
    const hall = join(folder, 'hall.h264');
    const visits = join(folder, 'visits.h264');
    await makeFilms(hall, visits);
    return [
      costRow(await cost(hall, 500), 'idle.cpu', 4, 'faces looked for twice a second'),
      costRow(await cost(hall, 0), 'idle.cpu.every', null, 'the same with faces looked for in every frame'),
      ...wakeRows(await wakings(visits, join(folder, 'sent'))),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Parts of a core that the vision process takes, without ffmpeg, %. */
async function cost(film: string, idleIntervalMs: number): Promise<number> {
  const server = await startRtspServer({ file: film, fps: FPS });
  const host = await watch(server, idleIntervalMs);
  await sleep(WARM_UP_MS);
  const pid = host.pid ?? 0;
  const [cpu, at] = [cpuMs(pid), monotonicMs()];
  await sleep(IDLE_MS);
  const part = (100 * (cpuMs(pid) - cpu)) / (monotonicMs() - at);
  await host.stop();
  await server.stop();
  return part;
}

/** From the camera sending the first picture that shows somebody to the first sighting, ms, of each visit. */
async function wakings(film: string, log: string): Promise<number[]> {
  const server = await startRtspServer({ file: film, fps: FPS, log });
  const host = await watch(server, 500);
  const first = new Map<string, number>();
  host.on('sighting', ({ track }) => {
    if (!first.has(track)) first.set(track, monotonicMs());
  });
  await sleep(WARM_UP_MS + (VISITS * (EMPTY + SHOWN) * 1000) / FPS);
  await host.stop();
  await server.stop();
  const shown = readFileSync(log, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => SentSchema.parse(JSON.parse(line)))
    .filter(({ unit }) => unit === EMPTY);
  return [...first.values()].flatMap((at) => {
    const sent = Math.max(...shown.map((line) => line.sent).filter((time) => time < at));
    return at - sent < (SHOWN * 1000) / FPS ? [at - sent] : [];
  });
}

async function watch({ url }: RtspServer, idleIntervalMs: number): Promise<VisionHost> {
  const { password: _, ...camera } = CameraSchema.parse({ id: 'bench', source: url, door: 'door' });
  const vision = VisionSchema.parse({ idleIntervalMs });
  const host = new VisionHost({ camera, vision, log: createLogger('bench', 'error') });
  const streaming = new Promise<void>((resolve) => {
    host.on('camera', ({ state }) => {
      if (state === 'streaming') resolve();
    });
  });
  host.start();
  await streaming;
  return host;
}

async function makeFilms(hall: string, visits: string): Promise<void> {
  const { threads, detectionScore, quality } = VisionSchema.parse({});
  const analyser = await FaceAnalyser.open({
    modelsDir: defaultModelsDir(),
    threads,
    detectionScore,
    quality,
  });
  const [, figure] = await people(analyser);
  await analyser.close();
  if (figure === undefined) throw new Error('the photograph holds too few people');
  const options = { width: WIDTH, height: HEIGHT, fps: FPS, format: 'rgb24' as const };
  const frames = (count: number, from: number): Iterable<Uint8Array> =>
    (function* () {
      for (let n = 0; n < count; n++) {
        yield noisy(scene(n < from ? [] : [{ figure, x: 640 + (n % 3), y: 300 }]));
      }
    })();
  await encodeH264({ ...options, file: hall }, frames(2 * FPS, Number.POSITIVE_INFINITY));
  await encodeH264({ ...options, file: visits }, frames(EMPTY + SHOWN, EMPTY));
}

function noisy(picture: Uint8Array): Uint8Array {
  for (let i = 0; i < picture.length; i += 3) {
    const noise = Math.round((2 * Math.random() - 1) * NOISE);
    for (let c = 0; c < 3; c++) picture[i + c] = Math.min(255, Math.max(0, picture[i + c] + noise));
  }
  return picture;
}

function costRow(value: number, id: string, bound: number | null, how: string): BenchRow {
  const what = `of a core for the vision process without ffmpeg, nobody in view, ${WIDTH}x${HEIGHT} at ${FPS} fps; ${how}`;
  return bound === null ? told(id, value, '%', what) : atMost(id, value, '%', bound, what);
}

function wakeRows(times: readonly number[]): BenchRow[] {
  const what = `from sending the first picture of somebody to their first sighting, ${times.length} visits`;
  return [
    atMost('idle.wake.p50', quantile(times, 0.5), 'ms', 100, `${what}, median`),
    told('idle.wake.worst', quantile(times, 1), 'ms', `${what}, the slowest`),
  ];
}
