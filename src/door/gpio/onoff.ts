import { accessSync, constants, existsSync } from 'node:fs';
import type { Gpio as OnoffGpio } from 'onoff';
import { MenshenError, messageOf } from '../../common/index.ts';
import { describeLine, type LineConfig } from '../../config/index.ts';
import { Deadman } from './deadman.ts';
import { Debouncer } from './debounce.ts';
import type { GpioDriver, InputHandlers, InputLine, InputOptions, Level, OutputLine } from './driver.ts';
import { sysfsNumber } from './sysfs-chips.ts';

export type OnoffLine = Extract<LineConfig, { driver: 'onoff' }>;

const SYSFS = '/sys/class/gpio';

/** Lines of the kernel's sysfs interface, through the package `onoff`, which is loaded when the first line is opened. */
export function onoffDriver(): GpioDriver<OnoffLine, OnoffLine> {
  const held = new Set<number>();
  return {
    async openOutput(line, { rest }) {
      // 'high' and 'low' make the line an output and set its level in one write; 'out' would pass through low.
      const direction = rest === 1 ? 'high' : 'low';
      const { gpio, number } = await openGpio(line, held, (Gpio, n) => new Gpio(n, direction, 'none', plain));
      confirm(line, gpio, 'an output', () => {
        gpio.writeSync(rest);
        return gpio.direction() !== 'in';
      });
      held.add(number);
      return outputLine(line, gpio, rest, number, () => held.delete(number));
    },
    async openInput(line, options, handlers) {
      const { gpio, number } = await openGpio(line, held, (Gpio, n) => new Gpio(n, 'in', 'both', plain));
      confirm(line, gpio, 'an input with interrupts', () => {
        gpio.setEdge('both');
        return gpio.direction() === 'in';
      });
      held.add(number);
      return inputLine(line, gpio, options, handlers, () => held.delete(number));
    },
    async close() {},
  };
}

/** Sets the line without this process: an exported line goes on driving its level when its process dies. */
function setCommand(number: number, level: Level): readonly string[] {
  const script = 'printf %s "$2" > "$1"';
  return ['/bin/sh', '-c', script, 'menshen-deadman', `${SYSFS}/gpio${number}/value`, String(level)];
}

/** The kernel could invert levels as well; it is told not to, so that there is one inversion in one place. */
const plain = { activeLow: false } as const;

function outputLine(
  line: OnoffLine,
  gpio: OnoffGpio,
  rest: Level,
  number: number,
  onClosed: () => void,
): OutputLine {
  const deadman = new Deadman(setCommand(number, rest));
  return {
    write(level) {
      try {
        gpio.writeSync(level);
      } catch (error) {
        throw new MenshenError(
          'GPIO_WRITE_FAILED',
          `${describeLine(line)} could not be set to ${level}: ${messageOf(error)}`,
          { cause: error },
        );
      }
    },
    restNow() {
      try {
        gpio.writeSync(rest);
      } catch {
        // A dying process has nobody left to tell; systemd's ExecStopPost tries again.
      }
    },
    fallBack: (level) => deadman.change(setCommand(number, level)),
    async close(leave = rest) {
      try {
        // Left exported on purpose: an exported line goes on driving its level, a freed one may float.
        gpio.writeSync(leave);
      } catch {
        freeLine(gpio);
      }
      deadman.callOff();
      onClosed();
    },
  };
}

function inputLine(
  line: OnoffLine,
  gpio: OnoffGpio,
  options: InputOptions,
  handlers: InputHandlers,
  onClosed: () => void,
): InputLine {
  let closed = false;
  const read = gpio.readSync.bind(gpio);
  let last: Level = read();
  const close = () => {
    if (closed) return;
    closed = true;
    debouncer.stop();
    freeLine(gpio);
    onClosed();
  };
  // onoff reads in its epoll callback, where a throw (a chip unplugged) would end the process.
  gpio.readSync = () => {
    if (closed) return last;
    try {
      last = read();
    } catch (error) {
      close();
      handlers.onError(unavailable(line, `it can no longer be read: ${messageOf(error)}`, error));
    }
    return last;
  };
  const debouncer = new Debouncer(
    last,
    options.debounceMs,
    () => gpio.readSync(),
    (level) => {
      if (!closed) handlers.onChange(level);
    },
  );
  try {
    gpio.watch(() => debouncer.edge());
  } catch (error) {
    close();
    throw unavailable(line, `it cannot be watched: ${messageOf(error)}`, error);
  }
  return {
    level: () => debouncer.level(),
    async close() {
      close();
    },
  };
}

/**
 * onoff stops watching before it closes the file, and throws when the line was never watched, or its chip is
 * gone; the second call finds nothing to stop and closes the file.
 */
function freeLine(gpio: OnoffGpio): void {
  try {
    gpio.unexport();
  } catch {
    try {
      gpio.unexport();
    } catch {
      // The file is closed or was never open: nothing is left to free.
    }
  }
}

type GpioClass = typeof OnoffGpio;

async function openGpio(
  line: OnoffLine,
  held: ReadonlySet<number>,
  open: (Gpio: GpioClass, number: number) => OnoffGpio,
): Promise<{ gpio: OnoffGpio; number: number }> {
  const number = numberOf(line);
  if (held.has(number)) throw unavailable(line, `it is used twice: sysfs counts it as line ${number}`);
  checkSysfs(line, number);
  const Gpio = await loadOnoff(line);
  try {
    return { gpio: open(Gpio, number), number };
  } catch (error) {
    throw unavailable(line, explain(number, error), error);
  }
}

/** The line as sysfs counts it at this moment. */
function numberOf(line: OnoffLine): number {
  if (!existsSync(SYSFS)) {
    throw unavailable(line, `this kernel has no sysfs GPIO (${SYSFS} is missing); configure driver gpiod`);
  }
  if (line.line !== undefined) return line.line;
  try {
    return sysfsNumber(SYSFS, line.chip ?? '', line.offset ?? 0);
  } catch (error) {
    throw unavailable(line, messageOf(error), error);
  }
}

async function loadOnoff(line: OnoffLine): Promise<GpioClass> {
  try {
    return (await import('onoff')).Gpio;
  } catch (error) {
    throw unavailable(
      line,
      `the package onoff could not be loaded (${messageOf(error)}); run \`npm rebuild epoll\``,
      error,
    );
  }
}

function checkSysfs(line: OnoffLine, number: number): void {
  if (existsSync(`${SYSFS}/gpio${number}`)) return;
  try {
    accessSync(`${SYSFS}/export`, constants.W_OK);
  } catch (error) {
    throw unavailable(
      line,
      `${SYSFS}/export is not writable; run as root or as a member of the group gpio`,
      error,
    );
  }
}

function explain(number: number, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EINVAL') {
    return `there is no line ${number}; sysfs numbers lines from the chip's base, which moves from kernel to kernel: give chip and offset instead`;
  }
  if (code === 'EBUSY') return 'another driver or program holds it; free it or choose another line';
  if (code === 'EACCES' || code === 'EPERM')
    return 'no permission; run as root or as a member of the group gpio';
  return messageOf(error);
}

/**
 * onoff passes over every error on a line that was exported before. So the line is asked what it is now:
 * `check` repeats what must not have failed and says whether the direction is right.
 */
function confirm(line: OnoffLine, gpio: OnoffGpio, wanted: string, check: () => boolean): void {
  let why = 'its settings did not take';
  try {
    if (check() && !gpio.activeLow()) return;
  } catch (error) {
    why = messageOf(error);
  }
  freeLine(gpio);
  throw unavailable(line, `the kernel did not make it ${wanted} (${why}); free it, or choose another line`);
}

function unavailable(line: OnoffLine, why: string, cause?: unknown): MenshenError {
  return new MenshenError('GPIO_UNAVAILABLE', `${describeLine(line)}: ${why}`, { cause });
}
