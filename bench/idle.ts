import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { encodeH264 } from '../scripts/rtsp/encode.ts';
import { type RtspServer, startRtspServer } from '../scripts/rtsp/server.ts';
import { openAnalyser } from '../scripts/support/analyser.ts';
import { quantile } from '../scripts/support/quantile.ts';
import { toYuv420p } from '../scripts/support/yuv.ts';
import { createLogger, monotonicMs } from '../src/common/index.ts';
import { CameraSchema } from '../src/config/schema/camera.ts';
import { VisionSchema } from '../src/config/schema/vision.ts';
import { VisionHost } from '../src/vision/client.ts';
import { HEIGHT, type Place, people, scene, WIDTH } from '../test/vision/figures.ts';
import { atMost, type BenchRow, told } from './row.ts';
import { cpuMs } from './support/processes.ts';

const FPS = 15;
/** One round of the film: an empty hall, then somebody for two seconds. */
const EMPTY = 5 * FPS;
const SHOWN = 2 * FPS;
const VISITS = 6;
const WARM_UP_MS = 4000;
/** A camera is idle for hours: what runs fifteen times a second is compiled by V8 after some half a minute. */
const SETTLING_MS = 30_000;
/** As a gate has it. */
const { idleIntervalMs: IDLE_INTERVAL_MS } = VisionSchema.parse({});
const IDLE_MS = 30_000;
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
      costRow(
        await cost(hall, IDLE_INTERVAL_MS),
        'idle.cpu',
        4,
        `faces looked for every ${IDLE_INTERVAL_MS} ms`,
      ),
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
  await sleep(SETTLING_MS);
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
  const host = await watch(server, IDLE_INTERVAL_MS);
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
  const analyser = await openAnalyser();
  const [, figure] = await people(analyser);
  await analyser.close();
  if (figure === undefined) throw new Error('the photograph holds too few people');
  const empty = pictureOf([]);
  const shown = [0, 1, 2].map((step) => pictureOf([{ figure, x: 640 + step, y: 300 }]));
  const film = (frames: readonly Uint8Array[], file: string): Promise<void> =>
    encodeH264({ width: WIDTH, height: HEIGHT, fps: FPS, file }, frames.map(noisy));
  const nobody = Array.from({ length: EMPTY }, () => empty);
  await film(nobody.slice(0, 2 * FPS), hall);
  await film([...nobody, ...Array.from({ length: SHOWN }, (_, n) => shown[n % shown.length])], visits);
}

function pictureOf(places: readonly Place[]): Uint8Array {
  return toYuv420p({ format: 'rgb24', width: WIDTH, height: HEIGHT, data: scene(places) }).data;
}

const noise = Int8Array.from({ length: 65_521 }, () => Math.round((2 * Math.random() - 1) * NOISE));

/** The picture with other noise in its luma each time. */
function noisy(picture: Uint8Array): Uint8Array {
  const out = Uint8Array.from(picture);
  let at = Math.floor(Math.random() * noise.length);
  for (let i = 0; i < WIDTH * HEIGHT; i++) {
    out[i] += noise[at];
    at = at + 1 === noise.length ? 0 : at + 1;
  }
  return out;
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
