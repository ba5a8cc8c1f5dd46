import { fileURLToPath } from 'node:url';
import { MenshenError, messageOf } from '../../common/index.ts';
import {
  describeLine,
  type InputLineConfig,
  type LineConfig,
  type OutputLineConfig,
} from '../../config/index.ts';
import { Deadman } from './deadman.ts';
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
import { type BoardAddress, ModbusBoard } from './modbus-board.ts';

export type ModbusOutput = Extract<OutputLineConfig, { driver: 'modbus' }>;
export type ModbusInput = Extract<InputLineConfig, { driver: 'modbus' }>;

const SET_SCRIPT = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './modbus-set.ts' : './modbus-set.js', import.meta.url),
);

/** Coils and discrete inputs of relay boards on the network, one connection for each board and unit. */
export function modbusDriver(): GpioDriver<ModbusOutput, ModbusInput> {
  const boards = new Map<string, ModbusBoard>();
  const boardOf = (line: BoardAddress): ModbusBoard => {
    const key = `${line.host}:${line.port} ${line.unit}`;
    const known = boards.get(key);
    if (known !== undefined) return known;
    const board = new ModbusBoard(line);
    boards.set(key, board);
    return board;
  };
  return {
    openOutput: (line, { rest }, handlers) => openOutput(boardOf(line), line, rest, handlers),
    openInput: (line, options, handlers) => openInput(boardOf(line), line, options, handlers),
    async close() {
      for (const board of boards.values()) board.close();
    },
  };
}

async function openOutput(
  board: ModbusBoard,
  line: ModbusOutput,
  rest: Level,
  handlers: OutputHandlers | undefined,
): Promise<OutputLine> {
  try {
    await board.drive(line.coil, rest, (error) => handlers?.onError(unavailable(line, error)));
  } catch (error) {
    throw unavailable(line, error);
  }
  const deadman = new Deadman(setCommand(line, rest));
  return {
    async write(level) {
      try {
        await board.write(line.coil, level);
      } catch (error) {
        throw new MenshenError(
          'GPIO_WRITE_FAILED',
          `${describeLine(line)} could not be set to ${level}: ${messageOf(error)}`,
          { cause: error },
        );
      }
    },
    restNow: () => void board.write(line.coil, rest).catch(() => {}),
    fallBack: (level) => deadman.change(setCommand(line, level)),
    async close(leave = rest) {
      if (board.levelOf(line.coil) !== leave) await board.write(line.coil, leave).catch(() => {});
      board.release(line.coil);
      deadman.callOff();
    },
  };
}

async function openInput(
  board: ModbusBoard,
  line: ModbusInput,
  { debounceMs }: InputOptions,
  handlers: InputHandlers,
): Promise<InputLine> {
  let level: Level = 0;
  let debouncer: Debouncer | null = null;
  try {
    level = await board.watch(line.input, {
      pollMs: line.pollMs,
      onLevel: (now) => {
        if (now === level) return;
        level = now;
        debouncer?.edge();
      },
      onLost: (error) => {
        debouncer?.stop();
        handlers.onError(unavailable(line, error));
      },
    });
  } catch (error) {
    throw unavailable(line, error);
  }
  debouncer = new Debouncer(level, debounceMs, () => level, handlers.onChange);
  return {
    level: () => debouncer.level(),
    async close() {
      debouncer.stop();
      board.unwatch(line.input);
    },
  };
}

/** A program of its own that sets the coil, for when this process has died. */
function setCommand({ host, port, unit, timeoutMs, coil }: ModbusOutput, level: Level): readonly string[] {
  const task = JSON.stringify({ host, port, unit, timeoutMs, coil, level });
  return [process.execPath, ...process.execArgv, SET_SCRIPT, task];
}

function unavailable(line: LineConfig, error: unknown): MenshenError {
  return new MenshenError('GPIO_UNAVAILABLE', `${describeLine(line)}: ${messageOf(error)}`, { cause: error });
}
