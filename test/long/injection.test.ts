import { randomBytes, randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StreamGuard } from '../../src/gate/stream-guard.ts';
import { fakeCamera } from '../camera/rtsp/fake-camera.ts';
import { eventually, staged, type Watched } from '../camera/support.ts';
import { encodeH264, makeTestVideo } from '../support/rtsp.ts';

const WIDTH = 320;
const HEIGHT = 180;
const FPS = 15;

let folder = '';
const films = { round: '', pattern: '', slices: '', small: '', frozen: '', day: '', night: '' };
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'menshen-injection-'));
  films.round = await makeTestVideo({ frames: 90 });
  films.pattern = await makeTestVideo();
  films.small = await makeTestVideo({ width: 512, height: 288 });
  films.frozen = await stillScene('frozen', 8, 0, 23);
  films.day = await stillScene('day', 60, 2.5, 26);
  films.night = await stillScene('night', 60, 1, 38);
  films.slices = await stillScene('slices', 60, 2.5, 26, 4);
}, 120_000);
afterAll(() => rm(folder, { recursive: true }));

/** A still scene; `noise` is the standard deviation of what the sensor adds, in levels. */
async function stillScene(
  name: string,
  seconds: number,
  noise: number,
  crf: number,
  slices = 1,
): Promise<string> {
  const file = join(folder, `${name}.h264`);
  await encodeH264({ file, width: WIDTH, height: HEIGHT, fps: FPS, gop: 2 * FPS, crf, slices }, pictures());
  return file;

  function* pictures(): Generator<Uint8Array> {
    const size = WIDTH * HEIGHT;
    const scene = Float32Array.from(
      { length: size },
      (_, i) => 60 + (i % WIDTH) / 8 + 30 * Math.sin(i / WIDTH / 9),
    );
    // Even over a width of 255 levels has the deviation 73.6.
    const grain = Float32Array.from(randomBytes(4 * size), (byte) => (byte - 127.5) * (noise / 73.6));
    for (let n = 0; n < seconds * FPS; n++) {
      const data = new Uint8Array(size * 1.5).fill(128, size);
      const begin = randomInt(3 * size);
      for (let i = 0; i < size; i++) data[i] = Math.round((scene[i] ?? 0) + (grain[begin + i] ?? 0));
      yield data;
    }
  }
}

/** The same packets with a marker bit at the end of each slice, as a server sends them that wants another reader. */
function torn(packets: readonly Buffer[]): Buffer[] {
  return packets.map((packet) => {
    const [head = 0, fragment = 0] = packet.subarray(12);
    const ends = (head & 0x1f) < 6 || ((head & 0x1f) === 28 && (fragment & 0x40) !== 0);
    const marked = Buffer.from(packet);
    if (ends) marked[1] = 0x80 | 96;
    return marked;
  });
}

const doubtsOf = ({ integrity }: Watched): string[] =>
  integrity.flatMap(({ doubts }) => doubts.map(({ kind }) => kind));

/** Takes frames until `ms` have passed or `enough`. */
async function watchFor(camera: Watched, ms: number, enough: () => boolean): Promise<void> {
  const limit = Date.now() + ms;
  while (Date.now() < limit && !enough()) (await camera.frame()).release();
}

describe.concurrent('A stream that was replaced', () => {
  it(
    'is doubted in the second round of a film',
    staged(async (stage) => {
      const server = await stage.serve({ file: films.round });
      const camera = stage.watch({ source: server.url });
      await watchFor(camera, 60_000, () => doubtsOf(camera).includes('looped'));
      expect(doubtsOf(camera)).toEqual(['looped']);
    }),
  );

  it(
    'is doubted when one picture is sent for ever',
    staged(async (stage) => {
      const server = await stage.serve({ file: films.frozen });
      const camera = stage.watch({ source: server.url });
      await watchFor(camera, 90_000, () => doubtsOf(camera).length > 0);
      expect(doubtsOf(camera)[0]).toMatch(/frozen|looped/);
    }),
  );

  it(
    'counts as stalled when its clock runs slow, since its pictures grow old',
    staged(async (stage) => {
      const server = await stage.serve({ file: films.pattern, clock: 0.8 });
      const camera = stage.watch({ source: server.url });
      const taking = watchFor(camera, 40_000, () => camera.states.some(({ state }) => state === 'down'));
      expect(await camera.until('down', 40_000)).toMatchObject({ code: 'CAMERA_STALLED' });
      await taking;
    }),
  );

  it(
    'is doubted when it comes back in another size or of another encoder, and not when it is the same',
    staged(async (stage) => {
      const file = films.pattern;
      const first = await stage.serve({ file });
      const camera = stage.watch({ source: first.url });
      const guard = new StreamGuard({ id: 'entrance', injection: 'deny' });
      const reported = (): string[] => camera.integrity.flatMap((report) => guard.report(report)?.type ?? []);
      await camera.until('streaming');
      await first.stop();
      await camera.until('down');
      const same = await stage.serve({ file, port: first.port });
      await camera.until('streaming', 20_000);
      expect(reported()).toEqual([]);
      await same.stop();
      await camera.until('down');
      await stage.serve({ file: films.small, port: first.port });
      await camera.until('streaming', 20_000);
      await eventually(() => camera.integrity.at(-1)?.stream.width === 512);
      expect(reported()).toEqual(['camera.injection_suspected']);
      expect(guard.distrust).toContain('512x288');
    }),
  );

  it(
    'is doubted when it is sent so that only ffmpeg can read it, until our reader can again',
    staged(async (stage) => {
      let tears = false;
      const packets = (sound: Buffer[]): Buffer[] => (tears ? torn(sound) : sound);
      const first = await fakeCamera(films.slices, { fps: FPS, packets });
      const camera = stage.watch({ source: first.url, stallMs: 5000 });
      const guard = new StreamGuard({ id: 'entrance', injection: 'deny' });
      const reported = (): string[] =>
        camera.integrity.splice(0).flatMap((report) => guard.report(report)?.type ?? []);
      await eventually(() => camera.integrity.some(({ stream }) => stream.reader === 'own'), 30_000);
      expect(reported()).toEqual([]);
      tears = true;
      await eventually(() => camera.integrity.length > 0, 60_000);
      expect(reported()).toEqual(['camera.injection_suspected']);
      expect(guard.distrust).toContain('only ffmpeg can read it');
      tears = false;
      first.stop();
      const { port } = first;
      const again = await fakeCamera(films.slices, { fps: FPS, port });
      await eventually(() => camera.integrity.length > 0, 60_000);
      expect(reported()).toEqual(['camera.injection_cleared']);
      again.stop();
    }),
  );
});

describe.concurrent('A real camera', () => {
  it.each([
    ['by day', 'day'],
    ['at night, where all but the key pictures are skipped', 'night'],
  ] as const)('is believed before a still scene %s', async (_, film) => {
    await staged(async (stage) => {
      const server = await stage.serve({ file: films[film], loop: false });
      const camera = stage.watch({ source: server.url });
      await watchFor(camera, 44_000, () => false);
      expect(doubtsOf(camera)).toEqual([]);
      expect(camera.camera.stats().received).toBeGreaterThan(100);
    })();
  });
});
