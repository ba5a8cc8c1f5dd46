import { MenshenError } from '../common/index.ts';
import { describeLine, type InputLineConfig } from '../config/index.ts';
import type { GpioDriver, Level } from './gpio/driver.ts';
import { contactLevel, pairState } from './gpio/levels.ts';
import { PersistentInput } from './persistent-input.ts';

/** A dry contact at one line, or a changeover contact at two. */
export interface ContactConfig {
  readonly line: InputLineConfig;
  readonly second?: InputLineConfig | undefined;
  readonly normally: 'open' | 'closed';
  readonly debounceMs: number;
}

export interface ContactHandlers {
  /** What it says when it can first be read, and at each change; the same may be said twice. */
  onActive(active: boolean): void;
  /** It says nothing that counts any more: a line cannot be read, or the wires are shorted or cut. */
  onFault(error: MenshenError): void;
  /** It can be read again; `onActive` follows. */
  onRecovered(): void;
}

/** Between its two positions a changeover contact touches neither side, and looks cut; slow ones take a tenth of a second. */
const WIRING_FAULT_MS = 500;

/** A contact, button or alarm input, with its wiring supervised where it has two lines. */
export class ContactLine {
  readonly #config: ContactConfig;
  readonly #handlers: ContactHandlers;
  readonly #inputs: readonly PersistentInput[];
  /** Level of each line; null while it cannot be read. */
  readonly #levels: (Level | null)[];
  #faulty = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(config: ContactConfig, gpio: GpioDriver, handlers: ContactHandlers) {
    this.#config = config;
    this.#handlers = handlers;
    const idle = contactLevel(config.normally);
    const lines: [InputLineConfig, Level][] = [[config.line, idle]];
    if (config.second !== undefined) lines.push([config.second, idle === 0 ? 1 : 0]);
    this.#levels = lines.map(() => null);
    this.#inputs = lines.map(([line, rest], index) => this.#input(gpio, line, rest, index));
  }

  /** Resolves when each line was opened, or has failed for the first time; never rejects. */
  async start(): Promise<void> {
    await Promise.all(this.#inputs.map((input) => input.start()));
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    await Promise.all(this.#inputs.map((input) => input.stop()));
  }

  #input(gpio: GpioDriver, line: InputLineConfig, idle: Level, index: number): PersistentInput {
    return new PersistentInput({
      open: (handlers) => gpio.openInput(line, { idle, debounceMs: this.#config.debounceMs }, handlers),
      onLevel: (level) => {
        this.#levels[index] = level;
        this.#evaluate();
      },
      onFault: (error) => {
        this.#levels[index] = null;
        this.#fail(error);
      },
      onRecovered: () => {},
    });
  }

  #evaluate(): void {
    const state = this.#state();
    if (state === null) return;
    if (state === 'short' || state === 'cut') {
      this.#timer ??= setTimeout(() => this.#wiringFault(), WIRING_FAULT_MS);
      return;
    }
    this.#disarm();
    if (this.#faulty) this.#handlers.onRecovered();
    this.#faulty = false;
    this.#handlers.onActive(state === 'active');
  }

  #state() {
    const { normally, second } = this.#config;
    const [level = null, other = null] = this.#levels;
    if (level === null) return null;
    if (second === undefined) return level === contactLevel(normally) ? 'idle' : 'active';
    return other === null ? null : pairState(level, other, normally);
  }

  #wiringFault(): void {
    this.#timer = null;
    const state = this.#state();
    const { line, second } = this.#config;
    if (this.#faulty || second === undefined || (state !== 'short' && state !== 'cut')) return;
    const lines = `${describeLine(line)} and ${describeLine(second)}`;
    this.#fail(
      state === 'short'
        ? new MenshenError('INPUT_SHORT', `${lines} are both low: the wires are shorted; mend them`)
        : new MenshenError('INPUT_CUT', `${lines} are both high: a wire is cut or off its terminal; mend it`),
    );
  }

  #fail(error: MenshenError): void {
    this.#disarm();
    this.#faulty = true;
    this.#handlers.onFault(error);
  }

  #disarm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
