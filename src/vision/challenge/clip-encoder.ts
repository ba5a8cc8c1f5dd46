import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync, unlinkSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import type { Picture } from '../../camera/types.ts';
import { MEMORY } from '../../common/index.ts';
import { CLIP_FPS, MAX_CLIP_BYTES } from './clip-limits.ts';
import type { ClipView } from './clip-view.ts';
import type { ClipFault } from './types.ts';

const LONGER_SIDE = 640;
/** Pictures that ffmpeg has not taken yet, bytes; beyond it the clip is given up, never the frames' pace. */
const MAX_WAITING_BYTES = 24 << 20;
/** Time for the last pictures and the index, on a busy board; who waits for a clip has a limit of its own. */
const FINISH_MS = 10_000;
/** Recognition comes first: nice value of ffmpeg, added to our own. */
const NICENESS = 5;

/** One ffmpeg that makes an mp4 of pictures as they come. Nothing here is waited for until `finish`. */
export class ClipEncoder {
  readonly #file: number;
  readonly #child: ChildProcess;
  readonly #exit: Promise<number | null>;
  #fault: ClipFault | null = null;

  private constructor(file: number, child: ChildProcess) {
    this.#file = file;
    this.#child = child;
    this.#exit = new Promise((resolve) => {
      child.once('error', () => {
        this.#fault ??= 'ENCODER_MISSING';
        if (child.pid === undefined) resolve(null);
      });
      child.once('close', (code) => resolve(code));
    });
    // It has ended; its exit tells.
    child.stdin?.on('error', () => {});
    if (child.pid !== undefined) yieldToVision(child.pid);
  }

  /** Starts it for pictures cut to `view`; or tells why it cannot be. `program`: ffmpeg, on the search path. */
  static start(view: ClipView, format: Picture['format'], program = 'ffmpeg'): ClipEncoder | ClipFault {
    let file: number;
    try {
      file = memoryFile();
    } catch {
      return 'ENCODER_MISSING';
    }
    try {
      const stdio = ['pipe', 'ignore', 'ignore', file] as const;
      return new ClipEncoder(
        file,
        spawn(program, argsFor(view, format), { stdio: [...stdio], env: environment() }),
      );
    } catch {
      closeSync(file);
      return 'ENCODER_MISSING';
    }
  }

  /** Process id of ffmpeg, if it runs. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Gives a picture (bytes of `cutView`), to be shown `times` times. */
  add(picture: Uint8Array, times: number): void {
    const { stdin } = this.#child;
    for (let i = 0; i < times && this.#fault === null && stdin?.writable === true; i++) {
      stdin.write(picture);
      if (stdin.writableLength > MAX_WAITING_BYTES) this.#giveUp('ENCODER_SLOW');
    }
  }

  /** The whole clip, or why there is none. Nothing is left running or kept afterwards. */
  async finish(): Promise<Uint8Array | ClipFault> {
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#giveUp('ENCODER_SLOW'), FINISH_MS);
    const code = await this.#exit;
    clearTimeout(timer);
    try {
      if (this.#fault !== null) return this.#fault;
      return code === 0 ? read(this.#file) : 'ENCODER_FAILED';
    } finally {
      closeSync(this.#file);
    }
  }

  /** Throws the clip away. */
  async discard(): Promise<void> {
    this.#giveUp('ENCODER_FAILED');
    await this.finish();
  }

  #giveUp(fault: ClipFault): void {
    this.#fault ??= fault;
    this.#child.stdin?.destroy();
    this.#child.kill('SIGKILL');
  }
}

/** ffmpeg must be able to seek in an mp4, which it cannot in a pipe: a file without a name, in memory alone. */
function memoryFile(): number {
  const path = `${MEMORY}/menshen-clip-${randomBytes(12).toString('hex')}`;
  const file = openSync(path, 'wx+', 0o600);
  unlinkSync(path);
  return file;
}

function argsFor({ width, height }: ClipView, format: Picture['format']): string[] {
  const scale = `min(1,${LONGER_SIDE}/max(iw,ih))`;
  return [
    ...['-hide_banner', '-loglevel', 'quiet', '-nostdin', '-protocol_whitelist', 'pipe,file'],
    ...['-f', 'rawvideo', '-pix_fmt', format, '-video_size', `${width}x${height}`],
    ...['-framerate', String(CLIP_FPS), '-i', 'pipe:0'],
    ...['-vf', `scale='max(2,trunc(iw*${scale}/2)*2)':'max(2,trunc(ih*${scale}/2)*2)'`],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-threads', '1', '-crf', '20', '-pix_fmt', 'yuv420p'],
    ...[
      '-maxrate',
      '5M',
      '-bufsize',
      '5M',
      '-movflags',
      '+faststart',
      '-f',
      'mp4',
      '-y',
      'file:/proc/self/fd/3',
    ],
  ];
}

function yieldToVision(pid: number): void {
  try {
    setPriority(pid, Math.min(19, getPriority() + NICENESS));
  } catch {
    // it has ended already, or may not be made slower
  }
}

function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH };
}

function read(file: number): Uint8Array | ClipFault {
  const { size } = fstatSync(file);
  if (size > MAX_CLIP_BYTES) return 'TOO_LARGE';
  const bytes = new Uint8Array(size);
  let at = 0;
  while (at < size) {
    const count = readSync(file, bytes, at, size - at, at);
    if (count === 0) return 'ENCODER_FAILED';
    at += count;
  }
  return bytes;
}
