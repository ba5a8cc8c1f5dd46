import { MenshenError, messageOf } from '../common/index.ts';
import type { InputHandlers, InputLine, Level } from './gpio/driver.ts';

const RETRY_MS = 1000;
const MAX_RETRY_MS = 30_000;

export interface PersistentInputOptions {
  open(handlers: InputHandlers): Promise<InputLine>;
  /** The level when the line was opened, then each change. */
  onLevel(level: Level): void;
  /** The line cannot be read; it is opened again until it can. */
  onFault(error: MenshenError): void;
  /** The line, faulty until now, can be read; `onLevel` follows. */
  onRecovered(): void;
}

/** An input that outlives its faults. */
export class PersistentInput {
  readonly #options: PersistentInputOptions;
  #line: InputLine | null = null;
  #failures = 0;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(options: PersistentInputOptions) {
    this.#options = options;
  }

  /** Resolves when the line was opened, or has failed for the first time; never rejects. */
  async start(): Promise<void> {
    this.#timer = null;
    // A level may come, or the line may fail, before `open` has answered; both are kept for after it.
    let opened = false;
    let failure: Error | null = null;
    try {
      const line = await this.#options.open({
        onChange: (level) => {
          if (opened && !this.#stopped) this.#options.onLevel(level);
        },
        onError: (error) => {
          if (opened) this.#fail(error);
          else failure = error;
        },
      });
      opened = true;
      if (failure !== null || this.#stopped) await line.close();
      if (failure !== null) throw failure;
      if (!this.#stopped) this.#adopt(line);
    } catch (error) {
      this.#fail(error);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#line?.close();
  }

  #adopt(line: InputLine): void {
    this.#line = line;
    if (this.#failures > 0) this.#options.onRecovered();
    this.#failures = 0;
    this.#options.onLevel(line.level());
  }

  #fail(error: unknown): void {
    if (this.#stopped) return;
    void this.#line?.close();
    this.#line = null;
    this.#timer = setTimeout(() => void this.start(), Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** this.#failures));
    this.#failures += 1;
    this.#options.onFault(
      error instanceof MenshenError
        ? error
        : new MenshenError('GPIO_UNAVAILABLE', messageOf(error), { cause: error }),
    );
  }
}
