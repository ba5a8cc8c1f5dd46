import { MenshenError, messageOf } from '../../common/index.ts';
import { describeLine, type LineConfig } from '../../config/index.ts';
import { Debouncer } from './debounce.ts';
import type {
  GpioDriver,
  InputHandlers,
  InputLine,
  InputOptions,
  Level,
  OutputHandlers,
  OutputLine,
} from './driver.ts';
import { type HeldLine, LineHolder } from './line-holder.ts';

export type GpiodLine = Extract<LineConfig, { driver: 'gpiod' }>;

/**
 * Lines of the kernel's character device, each held by a process of its own. The kernel gives a line back to its
 * chip when the process that holds it ends; the holder ends with the gate, but puts the line to rest first.
 */
export function gpiodDriver(): GpioDriver<GpiodLine, GpiodLine> {
  return {
    openOutput: (line, { rest }, handlers) => openOutput(line, rest, handlers),
    openInput,
    async close() {},
  };
}

async function openOutput(
  line: GpiodLine,
  rest: Level,
  handlers: OutputHandlers | undefined,
): Promise<OutputLine> {
  const { holder } = await hold(line, 'output', rest, {
    onLevel: () => {},
    onLost: (why) => handlers?.onError(unavailable(line, why)),
  });
  return {
    async write(level) {
      try {
        await holder.write(level);
      } catch (error) {
        throw new MenshenError(
          'GPIO_WRITE_FAILED',
          `${describeLine(line)} could not be set to ${level}: ${messageOf(error)}`,
          { cause: error },
        );
      }
    },
    restNow: () => holder.writeNow(rest),
    fallBack: (level) => holder.fallBack(level),
    async close(leave = rest) {
      holder.fallBack(leave);
      await holder.close();
    },
  };
}

async function openInput(
  line: GpiodLine,
  { idle, debounceMs }: InputOptions,
  handlers: InputHandlers,
): Promise<InputLine> {
  let closed = false;
  let debouncer: Debouncer | null = null;
  let level: Level = idle;
  const { holder, level: first } = await hold(line, 'input', idle, {
    onLevel: (now) => {
      level = now;
      debouncer?.edge();
    },
    onLost: (why) => {
      debouncer?.stop();
      if (!closed) handlers.onError(unavailable(line, why));
    },
  });
  debouncer = new Debouncer(
    first,
    debounceMs,
    () => level,
    (settled) => {
      if (!closed) handlers.onChange(settled);
    },
  );
  return {
    level: () => debouncer.level(),
    async close() {
      closed = true;
      debouncer.stop();
      await holder.close();
    },
  };
}

async function hold(
  line: GpiodLine,
  mode: HeldLine['mode'],
  rest: Level,
  handlers: Parameters<typeof LineHolder.start>[1],
): ReturnType<typeof LineHolder.start> {
  const { chip = null, name = null, offset = null, bias } = line;
  try {
    return await LineHolder.start({ mode, rest, bias, chip, name, offset }, handlers);
  } catch (error) {
    throw unavailable(line, messageOf(error), error);
  }
}

function unavailable(line: GpiodLine, why: string, cause?: unknown): MenshenError {
  return new MenshenError('GPIO_UNAVAILABLE', `${describeLine(line)}: ${why}`, { cause });
}
