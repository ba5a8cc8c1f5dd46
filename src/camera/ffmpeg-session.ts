import { type ChildProcess, spawn } from 'node:child_process';
import type { OnReadOpts, Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { type Logger, MenshenError, messageOf, monotonicMs } from '../common/index.ts';
import { CaptureClock } from './capture-clock.ts';
import type { Command } from './command.ts';
import { diagnose, type Symptoms } from './diagnose.ts';
import { FfmpegLog } from './ffmpeg-log.ts';
import type { FrameSlot } from './frame-slot.ts';
import type { IntegrityWatch } from './integrity/index.ts';
import { NutError, NutReader } from './nut.ts';
import { openPicturePipe } from './picture-pipe.ts';
import { type RtspReader, UnsupportedStream, type VideoCodec } from './rtsp/index.ts';
import type { Session, SessionEnd, SessionListener } from './session.ts';
import type { Picture, StreamStats } from './types.ts';

/** A picture older than this on arrival does not count as a sign of life. */
const FRESH_MS = 1000;
const WATCH_MS = 250;
/** We did not run ourselves for more than this. */
const ASLEEP_MS = 100;
/** For what is not a picture's own: headers, and the beginning of the picture behind them. */
const HEADER_BYTES = 64 * 1024;

export interface FfmpegSessionOptions {
  /** Names the camera and its URL without password, for messages. */
  readonly label: string;
  readonly kind: 'rtsp' | 'file';
  /** The command, once it is known what the pictures are coded in. */
  readonly command: (codec: VideoCodec | null) => Command;
  /** Reads the network for ffmpeg; `null` where ffmpeg does so itself. */
  readonly reader: RtspReader | null;
  /** Looks whether a stream can be its camera's; null for a file. */
  readonly integrity: IntegrityWatch | null;
  readonly stallMs: number;
  readonly connectTimeoutMs: number;
  readonly redact: (text: string) => string;
}

/** Reads a stream through one ffmpeg child. */
export class FfmpegSession implements Session {
  readonly #options: FfmpegSessionOptions;
  readonly #slot: FrameSlot;
  readonly #listener: SessionListener;
  readonly #clock = new CaptureClock();
  readonly #log: FfmpegLog;
  #child: ChildProcess | null = null;
  #pictures: Socket | null = null;
  #stopReason: Symptoms['end'] = 'exit';
  #ended = false;
  #limitMs: number;
  #deadlineFrom = 0;
  #streaming = false;
  #count = 0;
  #lastAgeMs = 0;
  #width = 0;
  #height = 0;
  #pts = 0;
  #data: Uint8Array | null = null;

  constructor(options: FfmpegSessionOptions, slot: FrameSlot, listener: SessionListener, log: Logger) {
    this.#options = options;
    this.#slot = slot;
    this.#listener = listener;
    this.#limitMs = options.connectTimeoutMs;
    this.#log = new FfmpegLog(options.redact, ({ level, text }) =>
      log.debug({ level, ffmpeg: text }, 'ffmpeg'),
    );
  }

  get timestamps(): 'stream' | 'arrival' {
    return this.#clock.timestamps;
  }

  get stream(): StreamStats | null {
    return this.#options.reader?.stats ?? null;
  }

  async run(): Promise<SessionEnd> {
    this.#options.integrity?.reopened();
    if (this.#options.reader === null) this.#options.integrity?.readBy('ffmpeg');
    const watch = this.#startWatch();
    try {
      return await this.#run();
    } finally {
      clearInterval(watch);
      this.#options.reader?.close();
    }
  }

  async #run(): Promise<SessionEnd> {
    const { reader } = this.#options;
    let failure: unknown = null;
    await reader?.open().catch((error: unknown) => {
      failure = error;
    });
    if (this.#ended) return { kind: 'finished' };
    if (this.#stopReason !== 'exit') return this.#conclude('not started');
    if (failure !== null) return this.#refused(failure);
    const pipe = await openPicturePipe(this.#readPictures()).catch((error: unknown) => {
      failure = error;
      return null;
    });
    if (pipe === null) return this.#refused(failure);
    this.#pictures = pipe.near;
    const read = new Promise((resolve) => pipe.near.once('close', resolve));
    if (this.#ended || this.#stopReason !== 'exit') {
      pipe.near.destroy();
      pipe.far.destroy();
      return this.#conclude('not started');
    }
    const command = this.#options.command(reader?.codec ?? null);
    // Its own process group, so that whatever ffmpeg might start goes with it; only PATH, so that no secret of ours is in its environment.
    const child = spawn(command.file, command.args, {
      stdio: [reader === null ? 'ignore' : 'pipe', pipe.far, 'pipe', 'pipe'],
      detached: true,
      env: { PATH: process.env.PATH },
    });
    pipe.far.destroy();
    this.#child = child;
    const exit = exitOf(child);
    feed(child, command.script ?? '');
    this.#readLog(child);
    // The age of pictures is often known by the time the first can be decoded: those before it tell as much.
    if (child.stdin !== null)
      reader?.play(child.stdin, ({ streamMs, arrival }) => void this.#clock.observe(streamMs, arrival));
    const [how] = await Promise.all([exit, read]);
    this.#child = null;
    if (this.#data !== null) this.#slot.discard(this.#data);
    return this.#conclude(how);
  }

  end(): void {
    this.#ended = true;
    this.#options.reader?.close();
    this.#kill();
    this.#pictures?.destroy();
  }

  /** Pixels are read straight into the picture they belong to. */
  #readPictures(): OnReadOpts {
    const reader = new NutReader({
      onVideo: (width, height) => {
        this.#width = width;
        this.#height = height;
      },
      onPicture: (ptsMs, size) => this.#begin(ptsMs, size),
      onPictureEnd: () => this.#finish(),
    });
    const headers = new Uint8Array(HEADER_BYTES);
    const take = (count: number, bytes: Uint8Array): void => {
      try {
        if (bytes === headers) reader.push(headers.subarray(0, count));
        else reader.filled(count);
      } catch (error) {
        if (!(error instanceof NutError)) throw error;
        this.#log.push(`[error] ${messageOf(error)}\n`);
        this.#stop('out-of-step');
      }
    };
    return {
      buffer: () => reader.room ?? headers,
      callback: (count, bytes) => {
        take(count, bytes);
        return true;
      },
    };
  }

  #readLog(child: ChildProcess): void {
    child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
      this.#log.push(piece);
      if (this.#log.sizeChanged) this.#stop('size-changed');
    });
  }

  #begin(ptsMs: number, size: number): Uint8Array | null {
    const chroma = Math.ceil(this.#width / 2) * Math.ceil(this.#height / 2);
    if (size !== this.#width * this.#height + 2 * chroma) {
      this.#stop('size-changed');
      return null;
    }
    this.#pts = ptsMs;
    this.#data = this.#slot.acquire(size);
    return this.#data;
  }

  #finish(): void {
    if (this.#stopReason !== 'exit') return;
    const now = monotonicMs();
    const { reader } = this.#options;
    // With our own reader we know when it came off the network, whatever ffmpeg did with it since.
    const time = reader === null ? { streamMs: this.#pts, arrival: now } : reader.leave(this.#pts);
    this.#count++;
    if (time === null) {
      this.#unknown();
      return;
    }
    const { capturedAt, settled } = this.#clock.observe(time.streamMs, time.arrival);
    this.#lastAgeMs = now - capturedAt;
    const data = this.#data;
    this.#data = null;
    const picture: Picture | null =
      data === null ? null : { format: 'yuv420p', width: this.#width, height: this.#height, data };
    if (picture !== null) {
      const streamMs = this.timestamps === 'stream' ? time.streamMs : null;
      this.#options.integrity?.picture(picture, streamMs, time.arrival);
    }
    // A file is read at its own pace: no backlog stands before it.
    if (picture === null || !(settled || this.#options.kind === 'file')) {
      this.#slot.discard(data);
      return;
    }
    if (this.#lastAgeMs < FRESH_MS) this.#signOfLife(now);
    this.#slot.publish(picture, capturedAt);
  }

  /** A picture that nobody put in, or whose time stamp ffmpeg altered: its age is not known. */
  #unknown(): void {
    this.#slot.discard(this.#data);
    this.#data = null;
  }

  #signOfLife(now: number): void {
    this.#deadlineFrom = now;
    this.#log.decodeErrors = 0;
    if (this.#streaming) return;
    this.#streaming = true;
    this.#limitMs = this.#options.stallMs;
    this.#listener.onStreaming(this.#width, this.#height);
  }

  /** Time in which we did not run ourselves (stopped, suspended, blocked) is not held against the camera. */
  #startWatch(): NodeJS.Timeout {
    let last = monotonicMs();
    this.#deadlineFrom = last;
    return setInterval(() => {
      const now = monotonicMs();
      const asleep = now - last - WATCH_MS;
      if (asleep > ASLEEP_MS) this.#deadlineFrom = Math.min(now, this.#deadlineFrom + asleep);
      last = now;
      if (now - this.#deadlineFrom > this.#limitMs) this.#stop(this.#streaming ? 'stall' : 'connect-timeout');
    }, WATCH_MS);
  }

  #stop(reason: Symptoms['end']): void {
    if (this.#stopReason === 'exit') this.#stopReason = reason;
    this.#options.reader?.close();
    this.#kill();
    // The memory of the picture begun is given back: nothing may be read into it any more.
    this.#pictures?.destroy();
  }

  #kill(): void {
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // gone already
    }
  }

  #conclude(exit: string): SessionEnd {
    if (this.#ended) return { kind: 'finished' };
    // A file ends by right; a camera never does.
    const cause = this.#options.reader?.failure ?? null;
    if (cause instanceof UnsupportedStream) return this.#refused(cause);
    // What our reader has seen is nearer to the cause than what ffmpeg makes of it.
    const noneCame = this.#count === 0 && this.#log.decodeErrors === 0;
    if (cause !== null && noneCame && this.#stopReason === 'exit') return this.#refused(cause);
    const readThrough = exit === 'exit code 0' && this.#count > 0 && this.#stopReason === 'exit';
    if (this.#options.kind === 'file' && readThrough) return { kind: 'finished' };
    const { code, what } = diagnose({
      kind: this.#options.kind,
      end: this.#stopReason,
      exit,
      connected: this.#log.connected || (this.#options.reader?.connected ?? false),
      pictures: this.#count,
      lastAgeMs: this.#lastAgeMs,
      decodeErrors: this.#log.decodeErrors,
      complaints: this.#log.complaints,
      limitMs: this.#limitMs,
    });
    const said = this.#log.complaints.at(-1);
    const seen =
      cause === null || this.#stopReason !== 'exit' ? '' : ` The RTSP reader says: "${cause.message}".`;
    return {
      kind: 'failed',
      code,
      message: `${this.#options.label}: ${what}.${said === undefined ? '' : ` ffmpeg says: "${said}".`}${seen}`,
    };
  }

  /** The stream did not come about. */
  #refused(error: unknown): SessionEnd {
    if (error instanceof UnsupportedStream) return { kind: 'unsupported', why: error.message };
    if (!(error instanceof MenshenError)) throw error;
    return { kind: 'failed', code: error.code, message: `${this.#options.label}: ${error.message}.` };
  }
}

/** Resolves when the child is gone and its pipes are read to the end. */
function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      if (child.pid === undefined) resolve(`cannot be started: ${messageOf(error)}`);
    });
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
}

function feed(child: ChildProcess, script: string): void {
  const pipe = child.stdio[3] as Writable | null | undefined;
  pipe?.on('error', () => {}); // ffmpeg went before it read the script; its exit says why
  pipe?.end(script);
}
