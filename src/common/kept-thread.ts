import { Worker } from 'node:worker_threads';

export interface KeptThreadOptions<From> {
  /** What the thread runs. */
  readonly entry: URL;
  /** `workerData` of each start. */
  readonly data: () => unknown;
  /** Time from its death to the next start, in milliseconds. */
  readonly restartMs: number;
  readonly onMessage: (message: From) => void;
  /** It threw, or could not be started; it is started again. Told once a cause, until the thread has said something again. */
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
  #told = '';

  constructor(options: KeptThreadOptions<From>) {
    this.#options = options;
  }

  get runs(): boolean {
    return this.#worker !== null;
  }

  /** Never throws; does nothing while it runs, or once it was stopped. */
  start(): void {
    const { onMessage, onStart } = this.#options;
    clearTimeout(this.#retry ?? undefined);
    if (this.#stopped || this.#worker !== null) return;
    const worker = this.#make();
    if (worker === null) return;
    this.#worker = worker;
    worker.on('message', (message: From) => {
      this.#told = '';
      onMessage(message);
    });
    worker.on('error', (error) => this.#failed(error));
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

  /** Null where the system has no thread to give, or its data cannot be had: it is tried again. */
  #make(): Worker | null {
    const { entry, data } = this.#options;
    try {
      return new Worker(entry, { workerData: data() });
    } catch (error) {
      this.#startLater();
      this.#failed(error instanceof Error ? error : new Error(String(error)));
      return null;
    }
  }

  #failed(error: Error): void {
    if (error.message === this.#told) return;
    this.#told = error.message;
    this.#options.onError(error);
  }

  #ended(worker: Worker): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    this.#options.onEnd?.();
    if (!this.#stopped) this.#startLater();
  }

  #startLater(): void {
    this.#retry = setTimeout(() => this.start(), this.#options.restartMs);
  }
}
