import { MenshenError, monotonicMs } from '../../common/index.ts';
import { describeLine, type LineConfig } from '../../config/index.ts';
import { ControlSocket } from './control-socket.ts';
import { Debouncer } from './debounce.ts';
import type { GpioDriver, InputLine, Level, OutputLine } from './driver.ts';

export type SimulatedLine = Extract<LineConfig, { driver: 'simulated' }>;

/** An output changed its level. `at` is CLOCK_MONOTONIC in milliseconds, taken right after the change. */
export interface LineChange {
  readonly line: number;
  readonly level: Level;
  readonly at: number;
}

export interface SimulatedOptions {
  /** Path of the control socket; without one the lines can be driven in this process only. */
  readonly socket?: string | undefined;
  /** Told every change of an output; never throws. */
  readonly report?: ((change: LineChange) => void) | undefined;
}

/** Tells a change as one JSON line on stdout; a pipe or a file has it when this returns. */
export function reportOnStdout(change: LineChange): void {
  process.stdout.write(`${JSON.stringify(change)}\n`);
}

interface Pin {
  level: Level;
  /** `none`: set through the socket before anything opened it. */
  direction: 'none' | 'in' | 'out';
  rest: Level;
  edge: (() => void) | null;
}

/** What a line looks like from outside. */
export interface PinView {
  readonly line: number;
  readonly level: Level;
  readonly direction: 'none' | 'in' | 'out';
}

/** Lines in memory. They live and die with the process. */
export class SimulatedLines {
  readonly #pins = new Map<number, Pin>();
  readonly #listeners = new Set<(change: LineChange) => void>();

  /** Calls `listener` at every change of an output until the returned function is called. */
  subscribe(listener: (change: LineChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get(line: number): PinView | null {
    const pin = this.#pins.get(line);
    return pin === undefined ? null : { line, level: pin.level, direction: pin.direction };
  }

  outputs(): PinView[] {
    return [...this.#pins]
      .filter(([, pin]) => pin.direction === 'out')
      .map(([line, { level, direction }]) => ({ line, level, direction }));
  }

  /** Sets the level of an input, as a contact or a button would. False when the line is an output. */
  setInput(line: number, level: Level): boolean {
    const pin = this.#pins.get(line);
    if (pin === undefined) {
      this.#pins.set(line, { level, direction: 'none', rest: level, edge: null });
      return true;
    }
    if (pin.direction === 'out') return false;
    if (pin.level !== level) {
      pin.level = level;
      pin.edge?.();
    }
    return true;
  }

  /** Puts an output to its level at rest. False when the line is no output. */
  rest(line: number): boolean {
    const pin = this.#pins.get(line);
    if (pin?.direction !== 'out') return false;
    this.#drive(line, pin, pin.rest);
    return true;
  }

  openOutput(line: number, rest: Level): OutputLine {
    const pin: Pin = { level: rest, direction: 'out', rest, edge: null };
    this.#claim(line, pin);
    this.#tell(line, rest);
    return {
      write: (level) => this.#drive(line, pin, level),
      restNow: () => this.#drive(line, pin, rest),
      fallBack: () => {},
      close: async (leave = rest) => {
        this.#drive(line, pin, leave);
        this.#pins.delete(line);
      },
    };
  }

  openInput(line: number, idle: Level, debounceMs: number, onChange: (level: Level) => void): InputLine {
    const pin: Pin = { level: this.#pins.get(line)?.level ?? idle, direction: 'in', rest: idle, edge: null };
    this.#claim(line, pin);
    const debouncer = new Debouncer(pin.level, debounceMs, () => pin.level, onChange);
    pin.edge = () => debouncer.edge();
    return {
      level: () => debouncer.level(),
      close: async () => {
        debouncer.stop();
        pin.edge = null;
        pin.direction = 'none';
      },
    };
  }

  #claim(line: number, pin: Pin): void {
    if ((this.#pins.get(line)?.direction ?? 'none') !== 'none') {
      throw new MenshenError(
        'GPIO_UNAVAILABLE',
        `${describeLine({ driver: 'simulated', line })} is used twice; give each relay, contact and button its own line`,
      );
    }
    this.#pins.set(line, pin);
  }

  #drive(line: number, pin: Pin, level: Level): void {
    if (pin.level === level) return;
    pin.level = level;
    this.#tell(line, level);
  }

  #tell(line: number, level: Level): void {
    const change = { line, level, at: monotonicMs() };
    for (const listener of this.#listeners) listener(change);
  }
}

/**
 * The driver without hardware, for demonstrations and tests.
 * @throws MenshenError GPIO_UNAVAILABLE when the control socket cannot be opened.
 */
export async function simulatedDriver(
  options: SimulatedOptions = {},
): Promise<GpioDriver<SimulatedLine, SimulatedLine>> {
  const lines = new SimulatedLines();
  if (options.report !== undefined) lines.subscribe(options.report);
  const control = options.socket === undefined ? null : await ControlSocket.listen(options.socket, lines);
  return {
    async openOutput({ line }, { rest }) {
      return lines.openOutput(line, rest);
    },
    async openInput({ line }, { idle, debounceMs }, { onChange }) {
      return lines.openInput(line, idle, debounceMs, onChange);
    },
    async close() {
      await control?.close();
    },
  };
}
