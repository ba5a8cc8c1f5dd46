import { readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import sharp from 'sharp';
import { type Logger, messageOf, monotonicMs } from '../common/index.ts';
import type { FrameSlot } from './frame-slot.ts';
import type { Session, SessionEnd, SessionListener } from './session.ts';
import type { Picture } from './types.ts';

const EXTENSIONS = new Set(['.jpg', '.jpeg', '.png', '.webp']);
const MAX_PIXELS = 20_000_000;

export interface FolderSessionOptions {
  /** Names the camera and the folder, for messages. */
  readonly label: string;
  readonly path: string;
  readonly fps: number;
  readonly loop: boolean;
}

/** Shows the pictures of a folder in the order of their names, each as rgb24 in its own size. */
export class FolderSession implements Session {
  readonly timestamps = 'arrival';
  readonly stream = null;
  readonly #options: FolderSessionOptions;
  readonly #slot: FrameSlot;
  readonly #listener: SessionListener;
  readonly #log: Logger;
  readonly #abort = new AbortController();
  #size = '';

  constructor(options: FolderSessionOptions, slot: FrameSlot, listener: SessionListener, log: Logger) {
    this.#options = options;
    this.#slot = slot;
    this.#listener = listener;
    this.#log = log;
  }

  async run(): Promise<SessionEnd> {
    const { label, path, loop } = this.#options;
    let files: string[];
    try {
      files = await listPictures(path);
    } catch (error) {
      return {
        kind: 'failed',
        code: 'CAMERA_SOURCE_INVALID',
        message: `${label}: the folder cannot be read (${messageOf(error)}).`,
      };
    }
    if (files.length === 0) {
      return {
        kind: 'failed',
        code: 'CAMERA_SOURCE_INVALID',
        message: `${label}: the folder holds no JPEG, PNG or WebP picture.`,
      };
    }
    do {
      const shown = await this.#showAll(files);
      if (shown === 0 && !this.#abort.signal.aborted) {
        return {
          kind: 'failed',
          code: 'CAMERA_UNDECODABLE',
          message: `${label}: none of its ${files.length} pictures can be read.`,
        };
      }
    } while (loop && !this.#abort.signal.aborted);
    return { kind: 'finished' };
  }

  end(): void {
    this.#abort.abort();
  }

  /** Shows each picture once at the set pace; answers how many could be read. */
  async #showAll(files: readonly string[]): Promise<number> {
    let shown = 0;
    let due = monotonicMs();
    for (const file of files) {
      const picture = await this.#decode(file);
      await sleep(due - monotonicMs(), this.#abort.signal);
      if (this.#abort.signal.aborted) break;
      due = Math.max(due, monotonicMs() - 1000 / this.#options.fps) + 1000 / this.#options.fps;
      if (picture === null) continue;
      shown++;
      this.#show(picture);
    }
    await sleep(due - monotonicMs(), this.#abort.signal);
    return shown;
  }

  #show(picture: Picture): void {
    const size = `${picture.width}x${picture.height}`;
    if (size !== this.#size) this.#listener.onStreaming(picture.width, picture.height);
    this.#size = size;
    this.#slot.publish(picture, monotonicMs());
  }

  async #decode(file: string): Promise<Picture | null> {
    try {
      const { data, info } = await sharp(file, { limitInputPixels: MAX_PIXELS, failOn: 'error' })
        .rotate()
        .flatten()
        .toColourspace('srgb')
        .raw()
        .toBuffer({ resolveWithObject: true });
      if (info.channels !== 3) throw new Error(`${info.channels} channels`);
      return { format: 'rgb24', width: info.width, height: info.height, data };
    } catch (error) {
      this.#log.warn({ file, reason: messageOf(error) }, 'picture of the folder cannot be read, skipped');
      return null;
    }
  }
}

async function listPictures(path: string): Promise<string[]> {
  const names = await readdir(path);
  return names
    .filter((name) => EXTENSIONS.has(extname(name).toLowerCase()))
    .sort(new Intl.Collator('en', { numeric: true }).compare)
    .map((name) => join(path, name));
}

/** Waits, or less when the signal comes. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
