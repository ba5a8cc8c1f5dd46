import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import { MenshenError, messageOf } from '../../common/index.ts';
import type { Sm2PublicKey } from '../keys.ts';
import { RequestEnvelope } from './request-envelope.ts';
import type { Sm2Order } from './sm2-order.ts';
import type { WrappedKeys } from './wrapped-keys.ts';

export interface EnvelopeKeyPoolOptions {
  readonly publicKey: Sm2PublicKey;
  /** Default C1C3C2. */
  readonly order?: Sm2Order;
  /** Envelopes kept ready, at least 1; default 8: four people in a row, each asked about twice. */
  readonly size?: number;
}

/** What the thread is given when it starts. */
export interface ThreadData {
  readonly publicKey: Sm2PublicKey;
  readonly order: Sm2Order;
}

interface Waiting {
  readonly resolve: (envelope: RequestEnvelope) => void;
  readonly reject: (reason: unknown) => void;
}

const DEFAULT_SIZE = 8;
const WrappedKeysSchema = z.object({
  sm4Key: z.instanceof(Uint8Array),
  hmacKey: z.instanceof(Uint8Array),
  ciphertextBlob: z.string(),
  encryptedHashKey: z.string(),
});
/** MB. Enough for SM2; left alone, V8 lets the thread's heap grow before it collects. */
const THREAD_LIMITS = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 32 };
/** After a failure of the thread; it has no reason to fail, so a second try at once would fail as well. */
const RESTART_MS = 1000;

/**
 * Keeps envelopes ready, their keys wrapped by another thread. Each is handed out once, and its place filled again
 * while the caller goes on, so that sealing costs SM4 and HMAC-SM3 only. It does not keep the process alive.
 */
export class EnvelopeKeyPool {
  readonly #options: Required<EnvelopeKeyPoolOptions>;
  readonly #ready: RequestEnvelope[] = [];
  readonly #waiting: Waiting[] = [];
  #thread: Worker | null = null;
  #restart: NodeJS.Timeout | null = null;
  #asked = 0;
  #closed = false;

  /** Starts filling at once. */
  constructor(options: EnvelopeKeyPoolOptions) {
    this.#options = { order: 'C1C3C2', size: DEFAULT_SIZE, ...options };
    this.#fill();
  }

  /** Envelopes that can be taken without waiting. */
  get ready(): number {
    return this.#ready.length;
  }

  /**
   * An envelope for one request: at once while any is ready, else as soon as the thread has made one. Rejects with the
   * signal's reason, or with INTERNAL when the thread fails or the pool is closed.
   */
  take(signal?: AbortSignal): Promise<RequestEnvelope> {
    if (this.#closed) return Promise.reject(failed('it is closed'));
    if (signal?.aborted) return Promise.reject(signal.reason);
    const envelope = this.#ready.shift();
    const promise = envelope === undefined ? this.#wait(signal) : Promise.resolve(envelope);
    this.#fill();
    this.#hold();
    return promise;
  }

  /** Ends the thread and forgets the keys. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#ready.length = 0;
    if (this.#restart !== null) clearTimeout(this.#restart);
    this.#rejectAll(failed('it is closed'));
    await this.#thread?.terminate();
  }

  #wait(signal: AbortSignal | undefined): Promise<RequestEnvelope> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        const index = this.#waiting.indexOf(waiting);
        if (index >= 0) this.#waiting.splice(index, 1);
        this.#hold();
        reject(signal?.reason);
      };
      const waiting: Waiting = {
        resolve: (envelope) => {
          signal?.removeEventListener('abort', abort);
          resolve(envelope);
        },
        reject: (reason) => {
          signal?.removeEventListener('abort', abort);
          reject(reason);
        },
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiting.push(waiting);
    });
  }

  #fill(): void {
    if (this.#closed || this.#restart !== null) return;
    const wanted = this.#options.size + this.#waiting.length;
    while (this.#ready.length + this.#asked < wanted) {
      this.#asked += 1;
      this.#thread ??= this.#start();
      this.#thread.postMessage('wrap');
    }
    this.#hold();
  }

  #start(): Worker {
    const { publicKey, order } = this.#options;
    const data: ThreadData = { publicKey, order };
    const thread = new Worker(entry(), { workerData: data, env: {}, resourceLimits: THREAD_LIMITS });
    thread.on('message', (message: unknown) => this.#receive(WrappedKeysSchema.parse(message)));
    thread.on('error', (error: unknown) => this.#fail(thread, messageOf(error)));
    thread.on('exit', () => this.#fail(thread, 'it ended'));
    return thread;
  }

  #receive(keys: WrappedKeys): void {
    if (this.#closed) return;
    this.#asked -= 1;
    const envelope = new RequestEnvelope(keys);
    const next = this.#waiting.shift();
    if (next === undefined) this.#ready.push(envelope);
    else next.resolve(envelope);
    this.#hold();
  }

  #fail(thread: Worker, why: string): void {
    if (this.#closed || this.#thread !== thread) return;
    this.#thread = null;
    this.#asked = 0;
    this.#restart = setTimeout(() => {
      this.#restart = null;
      this.#fill();
    }, RESTART_MS).unref();
    this.#rejectAll(failed(why));
  }

  #rejectAll(reason: MenshenError): void {
    for (const waiting of this.#waiting.splice(0)) waiting.reject(reason);
  }

  /** Somebody who waits for the thread must not see the process end before it answers. */
  #hold(): void {
    const holder = this.#thread ?? this.#restart;
    if (this.#waiting.length > 0) holder?.ref();
    else holder?.unref();
  }
}

function failed(why: string): MenshenError {
  return new MenshenError(
    'INTERNAL',
    `The thread that prepares the keys of encrypted requests gave none: ${why}.`,
  );
}

/** The thread's program, built or in source as this file is. From source, Node reads TypeScript through tsx. */
function entry(): URL {
  if (!import.meta.url.endsWith('.ts')) return new URL('./wrap-thread.js', import.meta.url);
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx/package.json'));
  const register = new URL('./dist/esm/api/index.mjs', tsx).href;
  const source = new URL('./wrap-thread.ts', import.meta.url).href;
  const code = `import { register } from ${JSON.stringify(register)}; register(); await import(${JSON.stringify(source)});`;
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`);
}
