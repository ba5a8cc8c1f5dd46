import { MenshenError } from '../../src/common/index.ts';
import type { InputLineConfig } from '../../src/config/index.ts';
import type { GpioDriver, InputHandlers, Level, OutputHandlers } from '../../src/door/index.ts';

/** What happened to the lines, in order: "open 0", "write 1", "close". */
export type Trace = string[];

/**
 * A driver whose lines fail when told to, and which can answer late, as a relay board on the network does.
 * It stands in for hardware that breaks, which no simulated line does.
 */
export class FaultyGpio implements GpioDriver {
  readonly relay: Trace = [];
  /** Level the relay's line has now. */
  level: Level | null = null;
  failOpenOutput = false;
  failWrite = false;
  /** Milliseconds it takes to open the relay's line. */
  openMs = 0;
  failOpenInput = new Set<number>();
  /** Milliseconds a write takes; null: done when it returns. */
  writeMs: number | null = null;
  readonly inputs = new Map<number, InputHandlers>();
  output: OutputHandlers | undefined;
  /** Level the line would get if the process died; null: that at rest. */
  fallBack: Level | null = null;

  async openOutput(_: unknown, { rest }: { rest: Level }, handlers?: OutputHandlers) {
    if (this.openMs > 0) await new Promise((resolve) => setTimeout(resolve, this.openMs));
    if (this.failOpenOutput) throw new MenshenError('GPIO_UNAVAILABLE', 'no such line');
    this.relay.push(`open ${rest}`);
    this.output = handlers;
    this.fallBack = null;
    this.level = rest;
    return {
      write: (level: Level) =>
        this.writeMs === null ? this.#write(level) : this.#writeLate(level, this.writeMs),
      restNow: () => {
        if (!this.failWrite) this.level = rest;
      },
      fallBack: (level: Level) => {
        this.fallBack = level;
      },
      close: async () => {
        this.relay.push('close');
      },
    };
  }

  async openInput(config: InputLineConfig, { idle }: { idle: Level }, handlers: InputHandlers) {
    if (config.driver !== 'simulated') throw new Error('numbers only');
    const { line } = config;
    if (this.failOpenInput.has(line)) throw new MenshenError('GPIO_UNAVAILABLE', `line ${line} is gone`);
    this.inputs.set(line, handlers);
    return {
      level: () => idle,
      close: async () => {
        this.inputs.delete(line);
      },
    };
  }

  async close() {}

  #write(level: Level): void {
    this.relay.push(`${this.failWrite ? 'fail' : 'write'} ${level}`);
    if (this.failWrite) throw new MenshenError('GPIO_WRITE_FAILED', 'relay does not answer');
    this.level = level;
  }

  async #writeLate(level: Level, ms: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, ms));
    this.#write(level);
  }
}
