/**
 * Measures how long a picture takes from the camera (an RTSP server on loopback) to us, and what it costs:
 * the camera room as it is, and the same stream through plainer ffmpeg commands.
 * `npx tsx bench/camera-ingest.ts [--seconds 20] [--size 1280x720] [--fps 15] [--only "camera room"]`
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { startRtspServer } from '../scripts/rtsp/server.ts';
import { readTimecode } from '../scripts/rtsp/timecode.ts';
import { openCamera } from '../src/camera/index.ts';
import { createLogger, monotonicMs } from '../src/common/index.ts';
import { makeTestVideo } from '../test/support/rtsp.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    size: { type: 'string', default: '1280x720' },
    fps: { type: 'string', default: '15' },
    only: { type: 'string', default: '' },
  },
});
const [width = 1280, height = 720] = values.size.split('x').map(Number);
const fps = Number(values.fps);
const seconds = Number(values.seconds);
/** Clock ticks of /proc a second, on every Linux there is. */
const TICK_MS = 10;
const LogLine = z.object({ unit: z.number(), sent: z.number() });

interface Seen {
  readonly unit: number;
  readonly at: number;
}

/** Reads for `seconds` after a warm-up; answers what it saw and the CPU time of ffmpeg and of this process, ms a frame. */
type Reader = (url: string) => Promise<{ seen: Seen[]; ffmpegMs: number; nodeMs: number }>;

const room =
  (reader: 'auto' | 'ffmpeg'): Reader =>
  async (url) => {
    const id = 'bench';
    const options = { id, source: url, stallMs: 5000, connectTimeoutMs: 10_000, fps: 15, loop: true, reader };
    const camera = openCamera(options, () => {}, createLogger('bench', 'error'));
    camera.start();
    const meter = new Meter(() => findFfmpeg(`camera=${id}`));
    for (;;) {
      const frame = await camera.next();
      if (frame === null) throw new Error('the camera ended');
      const more = meter.frame(monotonicMs(), readTimecode(frame.picture));
      frame.release();
      if (!more) break;
    }
    const result = meter.result();
    await camera.stop();
    return result;
  };

/** A plain command; pictures are put together and copied once, like in the room. */
function plain(
  outputArgs: readonly string[],
  frameBytes: number,
  linesBefore: (first: boolean) => number,
): Reader {
  return async (url) => {
    const input = [
      '-hide_banner',
      '-loglevel',
      'error',
      '-nostdin',
      '-fflags',
      'nobuffer',
      '-flags',
      'low_delay',
    ];
    const args = [...input, '-rtsp_transport', 'tcp', '-i', url, '-an', ...outputArgs, 'pipe:1'];
    const child = spawn('ffmpeg', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const meter = new Meter(() => child.pid ?? 0);
    await readPlain(child, frameBytes, linesBefore, meter);
    const result = meter.result();
    child.kill('SIGKILL');
    return result;
  };
}

function readPlain(
  child: ChildProcess,
  frameBytes: number,
  linesBefore: (first: boolean) => number,
  meter: Meter,
): Promise<void> {
  const picture = new Uint8Array(frameBytes);
  let filled = 0;
  let lines = linesBefore(true);
  return new Promise((resolve) => {
    child.stdout?.on('data', (chunk: Uint8Array) => {
      for (let at = 0; at < chunk.length; ) {
        if (lines > 0) {
          if (chunk[at++] === 0x0a) lines--;
          continue;
        }
        const count = Math.min(frameBytes - filled, chunk.length - at);
        picture.set(chunk.subarray(at, at + count), filled);
        filled += count;
        at += count;
        if (filled < frameBytes) continue;
        filled = 0;
        lines = linesBefore(false);
        if (!meter.frame(monotonicMs(), readTimecode({ format: 'yuv420p', width, height, data: picture })))
          resolve();
      }
    });
  });
}

/** Counts from the second frame second on, so that starting up and its backlog stay out. */
class Meter {
  readonly #pid: () => number;
  readonly #seen: Seen[] = [];
  #begun = 0;
  #ffmpeg = 0;
  #node = 0;

  constructor(pid: () => number) {
    this.#pid = pid;
  }

  frame(at: number, unit: number | null): boolean {
    if (this.#begun === 0) this.#begun = at + 2000;
    if (at < this.#begun) return true;
    if (this.#seen.length === 0) [this.#ffmpeg, this.#node] = [cpuMs(this.#pid()), ownCpuMs()];
    if (unit !== null) this.#seen.push({ unit, at });
    return at < this.#begun + seconds * 1000;
  }

  result(): { seen: Seen[]; ffmpegMs: number; nodeMs: number } {
    const frames = this.#seen.length;
    return {
      seen: this.#seen,
      ffmpegMs: (cpuMs(this.#pid()) - this.#ffmpeg) / frames,
      nodeMs: (ownCpuMs() - this.#node) / frames,
    };
  }
}

function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

function findFfmpeg(argument: string): number {
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      if (readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').includes(argument)) return Number(name);
    } catch {
      // ended meanwhile
    }
  }
  throw new Error('ffmpeg is not running');
}

const luma = width * height;
const raw = ['-f', 'rawvideo', '-pix_fmt', 'yuv420p'];
const VARIANTS: readonly (readonly [string, Reader])[] = [
  ['the camera room', room('auto')],
  ['the same, reader: ffmpeg', room('ffmpeg')],
  ['rawvideo, -threads 1', plain(['-threads', '1', ...raw], luma * 1.5, () => 0)],
  ['rawvideo, no -threads 1', plain(raw, luma * 1.5, () => 0)],
  [
    'yuv4mpegpipe, -threads 1',
    plain(['-threads', '1', '-f', 'yuv4mpegpipe', '-pix_fmt', 'yuv420p'], luma * 1.5, (first) =>
      first ? 2 : 1,
    ),
  ],
];

const file = await makeTestVideo({ width, height, fps, frames: fps * 60, gop: fps * 2 });
const log = join(tmpdir(), `menshen-bench-${process.pid}.jsonl`);
console.log(`${values.size} at ${fps} pictures a second, ${seconds} s each; milliseconds`);
console.log(
  'variant'.padEnd(28),
  'median'.padStart(8),
  'p95'.padStart(8),
  'worst'.padStart(8),
  'ffmpeg'.padStart(8),
  'Node'.padStart(8),
  ' frames',
);
for (const [name, reader] of VARIANTS.filter(([name]) => name.includes(values.only))) {
  const server = await startRtspServer({ file, fps, log });
  const { seen, ffmpegMs, nodeMs } = await reader(server.url);
  await server.stop();
  const sent = readFileSync(log, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => LogLine.parse(JSON.parse(line)));
  const latencies = seen
    .map(
      ({ unit, at }) =>
        at -
        Math.max(...sent.filter((line) => line.unit === unit && line.sent < at).map((line) => line.sent)),
    )
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  const quantile = (q: number): string =>
    (latencies[Math.floor(latencies.length * q)] ?? Number.NaN).toFixed(1).padStart(8);
  console.log(
    name.padEnd(28),
    quantile(0.5),
    quantile(0.95),
    quantile(0.9999),
    ffmpegMs.toFixed(2).padStart(8),
    nodeMs.toFixed(2).padStart(8),
    ` ${latencies.length}`,
  );
}
