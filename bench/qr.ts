import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { SCENES } from '../scripts/demo/cast.ts';
import { makeFilm } from '../scripts/demo/film.ts';
import { type QrScene, qrScene } from '../scripts/support/qr-scene.ts';
import { quantile } from '../scripts/support/quantile.ts';
import { createLogger } from '../src/common/index.ts';
import { CameraSchema, VisionSchema } from '../src/config/schema.ts';
import { VisionHost } from '../src/vision/client.ts';
import { QrDecoder } from '../src/vision/qr/decoder.ts';
import type { BenchRow } from './row.ts';

const [WIDTH, HEIGHT] = [1280, 720];
/** As many characters as a pass has, and some. */
const TEXT = `MENSHEN-PASS:${'Ab3_'.repeat(8)}`;
const SEEDS = 3;
const EMPTY = 12;
const ROUNDS = 3;
const WATCH_MS = 12_000;

/** How a code can come before a camera; the same list was put before every decoder that was thought of. */
const SCENES_OF: Readonly<Record<string, readonly Omit<QrScene, 'text'>[]>> = {
  size: [2, 2.5, 3, 4, 6, 9].map((modulePx) => ({ modulePx })),
  turned: [15, 30, 45, 60, 80].map((roll) => ({ modulePx: 4, roll })),
  tilted: [
    { modulePx: 4, yaw: 30 },
    { modulePx: 4, yaw: 45 },
    { modulePx: 4, yaw: 55 },
    { modulePx: 4, yaw: 30, pitch: 30 },
    { modulePx: 4, yaw: -25, pitch: 30, roll: 20 },
  ],
  blurred: [
    { modulePx: 4, blur: 1 },
    { modulePx: 4, blur: 2 },
    { modulePx: 6, blur: 3 },
  ],
  'badly lit': [
    { modulePx: 3, noise: 15 },
    { modulePx: 4, dark: 90, light: 140, noise: 4 },
    { modulePx: 4, dark: 105, light: 135, noise: 4 },
    { modulePx: 4, dark: 20, light: 60, noise: 6, blur: 0.8, jpeg: 50 },
  ],
  'on a screen': [
    { modulePx: 3, moire: 14, blur: 0.8, noise: 6, jpeg: 60, yaw: 15 },
    { modulePx: 4, moire: 14, blur: 0.8, noise: 6, jpeg: 60, roll: 10 },
    { modulePx: 5, moire: 14, blur: 1.2, noise: 6, jpeg: 60, yaw: 25, pitch: 10 },
    { modulePx: 4, moire: 10, blur: 1, noise: 8, jpeg: 50, dark: 70, light: 130 },
  ],
};

/**
 * QR codes in 1280x720: the processor time of one look, how many of the codes held up are read, and what looking for
 * them does to the time of a frame with a face (a vision process with and without, in turns).
 */
export async function benchQr(): Promise<BenchRow[]> {
  const decoder = await QrDecoder.open();
  const costs: number[] = [];
  const read = async (luma: Uint8Array): Promise<string[]> => {
    const before = process.cpuUsage();
    const texts = await decoder.read(luma, WIDTH, HEIGHT);
    const { user, system } = process.cpuUsage(before);
    costs.push((user + system) / 1000);
    return texts;
  };
  const rates: BenchRow[] = [];
  for (const [kind, scenes] of Object.entries(SCENES_OF)) {
    let [found, shown] = [0, 0];
    for (const scene of scenes) {
      for (let seed = 1; seed <= SEEDS; seed++) {
        const held = { text: TEXT, noise: 3, blur: 0.5, jpeg: 75, ...scene };
        if ((await read(await qrScene(held, WIDTH, HEIGHT, seed))).includes(TEXT)) found++;
        shown++;
      }
    }
    rates.push(
      row(
        `qr.read.${kind.replace(/.* /, '')}`,
        (100 * found) / shown,
        '%',
        `read of ${shown} codes, ${kind}`,
      ),
    );
  }
  const withCode = costs.splice(0).sort((a, b) => a - b);
  for (let seed = 0; seed < EMPTY; seed++) {
    await read(await qrScene({ text: TEXT, modulePx: 0.01, noise: 4 }, WIDTH, HEIGHT, 100 + seed));
  }
  return [
    row(
      'qr.look.p50',
      quantile(withCode, 0.5),
      'ms',
      'processor time of a look at 1280x720 with a code, median',
    ),
    row('qr.look.p99', quantile(withCode, 0.99), 'ms', '99th percentile'),
    row('qr.look.empty', quantile(costs, 0.5), 'ms', 'without a code, median'),
    ...rates,
    ...(await besideFaces()),
  ];
}

async function besideFaces(): Promise<BenchRow[]> {
  const film = await makeFilm(undefined, 'alice', [SCENES[0]]);
  const frames = { without: [] as number[], with: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    frames.without.push(...(await frameTimes(film.file, false)));
    frames.with.push(...(await frameTimes(film.file, true)));
  }
  return (['without', 'with'] as const).map((which) =>
    row(
      `qr.frame.${which}`,
      quantile(frames[which], 0.5),
      'ms',
      `a frame with faces, ${which} the search for codes`,
    ),
  );
}

/** The median time of a frame, of each second. */
async function frameTimes(source: string, qr: boolean): Promise<number[]> {
  const { password, ...camera } = CameraSchema.parse({ id: 'bench', source, door: 'door', qr });
  const host = new VisionHost({
    camera,
    vision: VisionSchema.parse({}),
    log: createLogger('bench', 'error'),
  });
  const times: number[] = [];
  host.on('heartbeat', ({ steps }) => {
    if (steps.frame !== undefined) times.push(steps.frame.p50);
  });
  const up = once(host, 'up');
  host.start();
  await up;
  await sleep(WATCH_MS);
  await host.stop();
  return times;
}

function row(id: string, value: number, unit: string, what: string): BenchRow {
  return { id, value, unit, bound: null, holds: true, what };
}
