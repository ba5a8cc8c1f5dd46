import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import type { Picture } from '../../camera/index.ts';
import { MEMORY, parseJson } from '../../common/index.ts';
import { RefusedInput } from './refuse.ts';

/** ffprobe reads little; decoding 8 s takes a fraction of a second. */
const PROBE_MS = 5000;
const DECODE_MS = 20_000;
const MAX_PROBE_BYTES = 64 * 1024;
/** Pictures of a clip are shrunk to this and thinned out to this rate: enough for a blink, and for eyes of 20 pixels. */
const LONGER_SIDE = 640;
const FRAMES_A_SECOND = 15;
/** A clip that promises larger pictures is not opened: 8 s of 4K. */
const MAX_PIXELS = 4096 * 2304;

/** What the container is by its first bytes; null when it is none of mp4, mov and avi. */
export function containerOf(bytes: Uint8Array): 'mov' | 'avi' | null {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 12)).toString('latin1');
  if (text.startsWith('RIFF') && text.slice(8) === 'AVI ') return 'avi';
  return ['ftyp', 'moov', 'mdat', 'wide', 'free', 'skip'].includes(text.slice(4, 8)) ? 'mov' : null;
}

export interface ClipFacts {
  readonly seconds: number;
  readonly framesPerSecond: number;
}

/** A clip in memory, open for ffmpeg and without a name, so that nothing of it stays whatever happens. */
export class ClipFile {
  readonly #file: number;
  readonly #container: 'mov' | 'avi';

  constructor(bytes: Uint8Array, container: 'mov' | 'avi') {
    const path = `${MEMORY}/menshen-${randomBytes(12).toString('hex')}`;
    this.#container = container;
    this.#file = openSync(path, 'wx+', 0o600);
    unlinkSync(path);
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
  }

  close(): void {
    closeSync(this.#file);
  }

  /** Length and rate as the container tells them. Throws RefusedInput DAMAGED. */
  async probe(): Promise<ClipFacts> {
    const entries = 'stream=width,height,avg_frame_rate,duration:format=duration';
    const child = this.#start('ffprobe', PROBE_MS, [
      ...['-select_streams', 'v:0', '-show_entries', entries, '-of', 'json'],
      ...this.#input(),
    ]);
    let text = '';
    for await (const chunk of stdoutOf(child)) {
      text += String(chunk);
      if (text.length > MAX_PROBE_BYTES) child.kill('SIGKILL');
    }
    return factsOf(text);
  }

  /**
   * Decoded pictures in order, a constant time apart; `every` is that time in seconds. Throws RefusedInput DAMAGED.
   * The consumer may take its time: ffmpeg waits.
   */
  async *frames(facts: ClipFacts): AsyncGenerator<{ readonly picture: Picture; readonly at: number }> {
    const rate = Math.min(facts.framesPerSecond, FRAMES_A_SECOND);
    const scale = `min(1,${LONGER_SIDE}/max(iw,ih))`;
    const child = this.#start('ffmpeg', DECODE_MS, [
      '-nostdin',
      ...this.#input(),
      ...['-map', '0:v:0', '-an', '-t', String(Math.ceil(facts.seconds + 1))],
      ...['-vf', `fps=${rate},scale='max(2,trunc(iw*${scale}/2)*2)':'max(2,trunc(ih*${scale}/2)*2)'`],
      ...['-threads', '1', '-f', 'yuv4mpegpipe', '-pix_fmt', 'yuv420p', '-strict', '-1', 'pipe:1'],
    ]);
    let number = 0;
    try {
      for await (const picture of yuv4mpeg(stdoutOf(child))) yield { picture, at: number++ / rate };
    } finally {
      child.kill('SIGKILL');
    }
  }

  #input(): string[] {
    // The container is said, so that no playlist or script is taken for a clip; nothing but this file is read.
    return ['-protocol_whitelist', 'file', '-f', this.#container, '-i', 'file:/proc/self/fd/3'];
  }

  #start(program: string, timeout: number, args: readonly string[]): ChildProcess {
    const child = spawn(program, ['-hide_banner', '-loglevel', 'quiet', ...args], {
      stdio: ['ignore', 'pipe', 'ignore', this.#file],
      timeout,
      killSignal: 'SIGKILL',
    });
    // A program that does not start shows as a clip that tells nothing; start-up has proved that both are there.
    child.on('error', () => {});
    return child;
  }
}

function stdoutOf(child: ChildProcess): Readable {
  if (child.stdout === null) throw new Error('The child has no stdout.');
  return child.stdout;
}

const probeSchema = z.object({
  streams: z
    .array(
      z.object({
        width: z.int().positive(),
        height: z.int().positive(),
        avg_frame_rate: z.string().regex(/^\d{1,12}\/[1-9]\d{0,11}$/),
        duration: z.coerce.number().positive().optional(),
      }),
    )
    .length(1),
  format: z.object({ duration: z.coerce.number().positive().optional() }).optional(),
});

function factsOf(text: string): ClipFacts {
  const parsed = probeSchema.safeParse(parseJson(text));
  if (!parsed.success) throw new RefusedInput('DAMAGED');
  const [stream] = parsed.data.streams;
  const seconds = stream.duration ?? parsed.data.format?.duration;
  const [count, per] = stream.avg_frame_rate.split('/').map(Number);
  const framesPerSecond = count / per;
  if (seconds === undefined || !(framesPerSecond > 0) || stream.width * stream.height > MAX_PIXELS) {
    throw new RefusedInput('DAMAGED');
  }
  return { seconds, framesPerSecond };
}

const MAX_HEADER = 256;

/** The pictures of a YUV4MPEG2 stream in 4:2:0. A stream that ends in the middle of a picture ends before it. */
async function* yuv4mpeg(stream: Readable): AsyncGenerator<Picture> {
  let pending: Buffer = Buffer.alloc(0);
  let size: { width: number; height: number } | null = null;
  const line = (): string | null => {
    const end = pending.subarray(0, MAX_HEADER).indexOf(10);
    if (end < 0) {
      if (pending.length >= MAX_HEADER) throw new RefusedInput('DAMAGED');
      return null;
    }
    return pending.toString('latin1', 0, end);
  };
  for await (const chunk of stream) {
    pending = Buffer.concat([pending, chunk]);
    for (;;) {
      const header = line();
      if (header === null) break;
      if (size === null) {
        const [width, height] = ['W', 'H'].map((key) =>
          Number(new RegExp(` ${key}(\\d{1,5})`).exec(header)?.[1]),
        );
        if (!(width > 0 && height > 0)) throw new RefusedInput('DAMAGED');
        size = { width, height };
        pending = pending.subarray(header.length + 1);
        continue;
      }
      const { width, height } = size;
      const bytes = width * height + 2 * Math.ceil(width / 2) * Math.ceil(height / 2);
      const start = header.length + 1;
      if (pending.length < start + bytes) break;
      yield {
        format: 'yuv420p',
        width,
        height,
        data: new Uint8Array(pending.subarray(start, start + bytes)),
      };
      pending = pending.subarray(start + bytes);
    }
  }
}
