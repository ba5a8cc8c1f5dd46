import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Frame } from '../../camera/types.ts';
import { type Logger, messageOf, monotonicMs } from '../../common/index.ts';
import type { Area } from '../messages.ts';
import type { QrSighting } from '../types.ts';
import type { QrAnswer, QrTask } from './protocol.ts';
import { Repeats } from './repeats.ts';

/** Five looks a second at most: somebody who holds a code up waits no longer than that. */
const LOOK_EVERY_MS = 200;
/** After a look the thread rests for this many times as long: a slow board gives it a quarter of a core, no more. */
const REST = 3;
/** A look that takes longer hangs. */
const HANG_MS = 10_000;
const RESTART_MS = 2000;
/** A pass takes some 40 characters; what is longer is an advertisement. */
const MAX_TEXT = 512;

export interface QrOptions {
  /** Where codes count. */
  readonly area: Area;
  /** A code of a frame that is older once it is read is not told. */
  readonly maxAgeMs: number;
}

/**
 * Looks for QR codes in the frames of a camera, in a thread of its own at a low priority: recognition of faces gives a
 * copy of the luma plane and never waits. A thread that fails or hangs is started again and costs nothing else.
 */
export class QrWatch {
  readonly #options: QrOptions;
  readonly #onQr: (qr: QrSighting) => void;
  readonly #log: Logger;
  readonly #repeats = new Repeats();
  #thread: Worker | null = null;
  #luma: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #busy: { seq: number; camera: string; capturedAt: number } | null = null;
  #nextAt = 0;
  #watchdog: NodeJS.Timeout | null = null;
  #restart: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(options: QrOptions, onQr: (qr: QrSighting) => void, log: Logger) {
    this.#options = options;
    this.#onQr = onQr;
    this.#log = log;
    this.#start();
  }

  /** Takes a frame if one is due. The frame is not used after the call. */
  offer({ camera, seq, capturedAt, picture }: Frame): void {
    const thread = this.#thread;
    if (thread === null || this.#busy !== null || monotonicMs() < this.#nextAt) return;
    if (picture.format !== 'yuv420p') return;
    const { area } = this.#options;
    const left = Math.floor(area.left * picture.width);
    const top = Math.floor(area.top * picture.height);
    const width = Math.max(1, Math.ceil(area.right * picture.width) - left);
    const height = Math.max(1, Math.ceil(area.bottom * picture.height) - top);
    const luma = this.#luma.length === width * height ? this.#luma : new Uint8Array(width * height);
    for (let row = 0; row < height; row++) {
      const at = (top + row) * picture.width + left;
      luma.set(picture.data.subarray(at, at + width), row * width);
    }
    this.#busy = { camera, seq, capturedAt };
    this.#watchdog = setTimeout(() => this.#fail(thread, `a look took over ${HANG_MS} ms`), HANG_MS);
    const task: QrTask = { luma, width, height };
    thread.postMessage(task, [luma.buffer]);
  }

  /** Ends the thread. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#watchdog ?? undefined);
    clearTimeout(this.#restart ?? undefined);
    await this.#thread?.terminate();
  }

  #start(): void {
    const thread = new Worker(entry(), { env: {} });
    this.#thread = thread;
    thread.on('message', (answer: QrAnswer) => this.#receive(answer));
    thread.on('error', (error: unknown) => this.#fail(thread, messageOf(error)));
    thread.on('exit', () => this.#fail(thread, 'it ended'));
  }

  #receive({ texts, ms, luma }: QrAnswer): void {
    const frame = this.#busy;
    if (frame === null || this.#stopped) return;
    clearTimeout(this.#watchdog ?? undefined);
    this.#busy = null;
    this.#luma = luma;
    const now = monotonicMs();
    this.#nextAt = now + Math.max(LOOK_EVERY_MS - ms, REST * ms);
    // Not kept in mind either: the next look tells it.
    if (now - frame.capturedAt > this.#options.maxAgeMs) return;
    for (const text of texts) {
      if (text.length > 0 && text.length <= MAX_TEXT && this.#repeats.isNew(text, now)) {
        this.#onQr({ ...frame, text });
      }
    }
  }

  #fail(thread: Worker, why: string): void {
    if (this.#stopped || this.#thread !== thread) return;
    clearTimeout(this.#watchdog ?? undefined);
    this.#thread = null;
    this.#busy = null;
    void thread.terminate();
    this.#log.error({ why }, 'the thread that reads QR codes failed; it is started again');
    this.#restart = setTimeout(() => this.#start(), RESTART_MS);
  }
}

/** The thread's program, built or in source as this file is. From source, Node reads TypeScript through tsx. */
function entry(): URL {
  if (!import.meta.url.endsWith('.ts')) return new URL('./thread.js', import.meta.url);
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx/package.json'));
  const register = new URL('./dist/esm/api/index.mjs', tsx).href;
  const source = new URL('./thread.ts', import.meta.url).href;
  const code = `import { register } from ${JSON.stringify(register)}; register(); await import(${JSON.stringify(source)});`;
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`);
}
