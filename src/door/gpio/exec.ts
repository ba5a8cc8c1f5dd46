import { type ChildProcess, spawn } from 'node:child_process';
import { MenshenError, messageOf } from '../../common/index.ts';
import {
  describeLine,
  type InputLineConfig,
  type LineConfig,
  type OutputLineConfig,
} from '../../config/index.ts';
import { Deadman } from './deadman.ts';
import { Debouncer } from './debounce.ts';
import type { GpioDriver, InputHandlers, InputLine, InputOptions, Level, OutputLine } from './driver.ts';

export type ExecOutput = Extract<OutputLineConfig, { driver: 'exec' }>;
export type ExecInput = Extract<InputLineConfig, { driver: 'exec' }>;

const MAX_OUTPUT_BYTES = 4096;
/** For output that arrives after the exit. */
const LAST_OUTPUT_MS = 100;
/** How `timeout` of coreutils tells that it had to kill. */
const KILLED = 137;

/** Relay boards and inputs behind commands of the site's own. No shell is involved. */
export function execDriver(): GpioDriver<ExecOutput, ExecInput> {
  return { openOutput: (line, { rest }) => openOutput(line, rest), openInput, async close() {} };
}

async function openOutput(line: ExecOutput, rest: Level): Promise<OutputLine> {
  const argv = (level: Level) => (level === 1 ? line.high : line.low);
  const start = (level: Level) => new Run(argv(level), line.timeoutMs, 'ignore');
  await start(rest)
    .success()
    .catch((error) => {
      throw unavailable(line, messageOf(error), error);
    });
  let running: Run | null = null;
  let dying: Promise<unknown> = Promise.resolve();
  const deadman = new Deadman(lastCommand(argv(rest), line.timeoutMs));
  return {
    async write(level) {
      await dying;
      running = start(level);
      try {
        await running.success();
      } catch (error) {
        throw new MenshenError(
          'GPIO_WRITE_FAILED',
          `${describeLine(line)} could not be set to ${level}: ${messageOf(error)}`,
          { cause: error },
        );
      } finally {
        running = null;
      }
    },
    restNow() {
      running?.kill();
      // Started when this returns, and not ended by the end of this process.
      dying = start(rest)
        .success()
        .catch(() => {});
    },
    fallBack: (level) => deadman.change(lastCommand(argv(level), line.timeoutMs)),
    async close(leave = rest) {
      await dying;
      await start(leave)
        .success()
        .catch(() => {});
      deadman.callOff();
    },
  };
}

/**
 * The command, and once more when one that this process had begun before it died must have ended: this one is to
 * have the last word.
 */
function lastCommand(argv: readonly string[], timeoutMs: number): readonly string[] {
  const script = 't=$1; shift; timeout -s KILL "$t" "$@"; sleep "$t"; exec timeout -s KILL "$t" "$@"';
  return ['/bin/sh', '-c', script, 'menshen-deadman', String(timeoutMs / 1000), ...argv];
}

async function openInput(
  line: ExecInput,
  { debounceMs }: InputOptions,
  handlers: InputHandlers,
): Promise<InputLine> {
  let run: Run | null = null;
  const read = async (): Promise<Level> => {
    run = new Run(line.read, line.timeoutMs, 'pipe');
    const first = (await run.success()).split('\n')[0]?.trim();
    if (first !== '0' && first !== '1') throw new Error('the command printed neither 0 nor 1');
    return first === '1' ? 1 : 0;
  };
  let level = await read().catch((error) => {
    throw unavailable(line, messageOf(error), error);
  });
  let closed = false;
  const debouncer = new Debouncer(level, debounceMs, () => level, handlers.onChange);
  const poll = async () => {
    try {
      const now = await read();
      if (closed) return;
      if (now !== level) {
        level = now;
        debouncer.edge();
      }
      timer = setTimeout(poll, line.pollMs);
    } catch (error) {
      if (closed) return;
      debouncer.stop();
      handlers.onError(unavailable(line, messageOf(error), error));
    }
  };
  let timer = setTimeout(poll, line.pollMs);
  return {
    level: () => debouncer.level(),
    async close() {
      closed = true;
      clearTimeout(timer);
      debouncer.stop();
      run?.kill();
    },
  };
}

/** One run of a command, ended by coreutils' `timeout` even if this process dies meanwhile. */
class Run {
  readonly #child: ChildProcess;
  readonly #result: Promise<string>;

  constructor(argv: readonly string[], timeoutMs: number, stdout: 'pipe' | 'ignore') {
    const child = spawn('timeout', ['-s', 'KILL', String(timeoutMs / 1000), ...argv], {
      stdio: ['ignore', stdout, 'ignore'],
      detached: true,
    });
    this.#child = child;
    this.#result = new Promise((resolve, reject) => {
      let text = '';
      child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
        if (text.length < MAX_OUTPUT_BYTES) text += chunk;
      });
      child.once('error', (error) => reject(new Error(`the command cannot be started: ${error.message}`)));
      child.once('close', () => resolve(text));
      child.once('exit', (code, signal) => {
        if (code !== 0) reject(new Error(outcome(code, signal, timeoutMs)));
        // What it left running in the background may hold its output open.
        else setTimeout(() => resolve(text), LAST_OUTPUT_MS);
      });
    });
    this.#result.catch(() => {});
  }

  /** What it printed, when it has ended with 0. */
  success(): Promise<string> {
    return this.#result;
  }

  /** Ends it with all that it started. */
  kill(): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It has just ended.
    }
  }
}

/** Of what the command says nothing is repeated: it may name a secret. */
function outcome(code: number | null, signal: string | null, timeoutMs: number): string {
  if (code === KILLED || signal === 'SIGKILL')
    return `the command took longer than ${timeoutMs} ms and was ended`;
  if (code === 127) return 'there is no such program';
  if (code === 126) return 'the program cannot be run; see its permissions';
  return `the command ended with ${signal ?? `exit code ${code}`}`;
}

function unavailable(line: LineConfig, why: string, cause?: unknown): MenshenError {
  return new MenshenError('GPIO_UNAVAILABLE', `${describeLine(line)}: ${why}`, { cause });
}
