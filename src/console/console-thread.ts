import { KeptThread, type Logger } from '../common/index.ts';
import type { Prompt } from './catalogue.ts';
import type { ConsoleSettings, FromConsole, ToConsole } from './protocol.ts';

/** A page that could not be served, or fell over, is tried again after this. */
const RESTART_MS = 5000;
const STOP_MS = 500;

/** The gate's side of the page at the doors: hands prompts over and never waits. Loses at most what is shown now. */
export class ConsoleThread {
  readonly #settings: ConsoleSettings;
  readonly #log: Logger;
  readonly #thread: KeptThread<ToConsole, FromConsole>;
  #told = '';

  /** @param thread the built thread.js, which a test run from the sources must name */
  constructor(settings: ConsoleSettings, log: Logger, thread = new URL('./thread.js', import.meta.url)) {
    this.#settings = settings;
    this.#log = log;
    this.#thread = new KeptThread({
      entry: thread,
      data: () => settings,
      restartMs: RESTART_MS,
      onMessage: (message) => this.#heard(message),
      onError: (error) => this.#complain(error.message),
    });
  }

  start(): void {
    this.#thread.start();
  }

  show(prompt: Prompt): void {
    this.#thread.post({ kind: 'prompt', prompt });
  }

  async stop(): Promise<void> {
    await this.#thread.stop({ kind: 'stop' }, STOP_MS);
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
}
