import { Worker } from 'node:worker_threads';
import type { Logger } from '../common/index.ts';
import type { Prompt } from './catalogue.ts';
import type { ConsoleSettings, FromConsole, ToConsole } from './protocol.ts';

/** A page that could not be served, or fell over, is tried again after this. */
const RESTART_MS = 5000;
const STOP_MS = 500;

/** The gate's side of the page at the doors: hands prompts over and never waits. Loses at most what is shown now. */
export class ConsoleThread {
  readonly #settings: ConsoleSettings;
  readonly #log: Logger;
  readonly #thread: URL;
  #worker: Worker | null = null;
  #retry: NodeJS.Timeout | null = null;
  #stopped = false;
  #told = '';

  /** @param thread the built thread.js, which a test run from the sources must name */
  constructor(settings: ConsoleSettings, log: Logger, thread = new URL('./thread.js', import.meta.url)) {
    this.#settings = settings;
    this.#log = log;
    this.#thread = thread;
  }

  start(): void {
    const worker = new Worker(this.#thread, { workerData: this.#settings });
    this.#worker = worker;
    worker.on('message', (message: FromConsole) => this.#heard(message));
    worker.on('error', (error) => this.#complain(error.message));
    worker.on('exit', () => this.#ended(worker));
  }

  show(prompt: Prompt): void {
    this.#post({ kind: 'prompt', prompt });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry ?? undefined);
    const worker = this.#worker;
    if (worker === null) return;
    const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    this.#post({ kind: 'stop' });
    const timer = setTimeout(() => void worker.terminate(), STOP_MS);
    await gone;
    clearTimeout(timer);
  }

  #post(message: ToConsole): void {
    this.#worker?.postMessage(message);
  }

  #heard(message: FromConsole): void {
    const { host } = this.#settings;
    if (message.kind === 'failed') this.#complain(message.why);
    else {
      this.#told = '';
      this.#log.info({ host, port: message.port }, 'the page for displays at the doors is served');
    }
  }

  /** Once a cause: it is tried again every few seconds. */
  #complain(why: string): void {
    if (why === this.#told) return;
    this.#told = why;
    this.#log.error(
      { code: 'CONSOLE_UNUSABLE', err: why },
      'the page for displays at the doors cannot be served; doors work without it, and it is tried again',
    );
  }

  #ended(worker: Worker): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    if (!this.#stopped) this.#retry = setTimeout(() => this.start(), RESTART_MS);
  }
}
