import { Worker } from 'node:worker_threads';

export interface KeptThreadOptions<From> {
  /** What the thread runs. */
  readonly entry: URL;
  /** `workerData` of each start. */
  readonly data: () => unknown;
  /** Time from its death to the next start, in milliseconds. */
  readonly restartMs: number;
  readonly onMessage: (message: From) => void;
  /** It threw; it is started again. */
  readonly onError: (error: Error) => void;
  /** It was started, the first time or again: what it must know can be posted. */
  readonly onStart?: () => void;
  /** It has ended. */
  readonly onEnd?: () => void;
}

/** The owner's side of a thread that is started again whenever it dies, until it is stopped. Never waits for it. */
export class KeptThread<To, From> {
  readonly #options: KeptThreadOptions<From>;
  #worker: Worker | null = null;
  #retry: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(options: KeptThreadOptions<From>) {
    this.#options = options;
  }

  get runs(): boolean {
    return this.#worker !== null;
  }

  start(): void {
    const { entry, data, onMessage, onError, onStart } = this.#options;
    clearTimeout(this.#retry ?? undefined);
    const worker = new Worker(entry, { workerData: data() });
    this.#worker = worker;
    worker.on('message', (message: From) => onMessage(message));
    worker.on('error', onError);
    worker.on('exit', () => this.#ended(worker));
    onStart?.();
  }

  /** Tells the thread; nobody hears it while there is none. */
  post(message: To): void {
    this.#worker?.postMessage(message);
  }

  /** Asks it to end by `farewell`, and ends it after `ms` whatever it is doing. It is not started again. */
  async stop(farewell: To, ms: number): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry ?? undefined);
    const worker = this.#worker;
    if (worker === null) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      worker.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
      worker.postMessage(farewell);
    });
    await worker.terminate();
  }

  #ended(worker: Worker): void {
    if (this.#worker !== worker) return;
    const { restartMs, onEnd } = this.#options;
    this.#worker = null;
    onEnd?.();
    if (!this.#stopped) this.#retry = setTimeout(() => this.start(), restartMs);
  }
}
