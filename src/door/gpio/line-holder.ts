import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { MenshenError } from '../../common/index.ts';
import type { Level } from './driver.ts';

/** The source's folder serves the compiled program as well: the script is not compiled. */
const SCRIPT = fileURLToPath(new URL('../../../src/door/gpio/hold_line.py', import.meta.url));
/** Debian's own Python has Debian's binding; another one that comes first in the PATH has not. */
const SYSTEM_PYTHON = '/usr/bin/python3';
/** A small board under load takes seconds to start Python. */
const START_MS = 30_000;
/** An answer takes well below a millisecond; a chip behind a bus that hangs takes for ever. */
const ANSWER_MS = 1000;
const END_MS = 1000;

/** What hold_line.py is asked for; see there. */
export interface HeldLine {
  readonly mode: 'output' | 'input';
  readonly rest: Level;
  readonly bias: string;
  readonly chip: string | null;
  readonly name: string | null;
  readonly offset: number | null;
}

export interface HolderHandlers {
  /** An input was read after edges. */
  onLevel(level: Level): void;
  /** The process has ended, or no longer answers; nothing more comes from it. Not called after `close`. */
  onLost(why: string): void;
}

interface Answer {
  resolve(): void;
  reject(error: Error): void;
}

/** A process of its own that holds one line, and puts it to rest when this process is no more. */
export class LineHolder {
  readonly #child: ChildProcess;
  readonly #handlers: HolderHandlers;
  readonly #answers: Answer[] = [];
  readonly #ended: Promise<unknown>;
  #over = false;
  #closing = false;

  private constructor(child: ChildProcess, handlers: HolderHandlers) {
    this.#child = child;
    this.#handlers = handlers;
    this.#ended = new Promise((resolve) => child.once('close', resolve));
    child.once('close', (code, signal) => this.#lost(`its helper process ended (${signal ?? code})`));
    child.stdin?.on('error', () => {});
  }

  /**
   * Starts the process. Resolves with the level that an input has now, when the line is held.
   * @throws MenshenError GPIO_UNAVAILABLE with the reason, for the caller to name the line
   */
  static async start(
    line: HeldLine,
    handlers: HolderHandlers,
    python = existsSync(SYSTEM_PYTHON) ? SYSTEM_PYTHON : 'python3',
  ): Promise<{ holder: LineHolder; level: Level }> {
    const { mode, rest, bias, chip, name, offset } = line;
    const args = [mode, rest, bias, chip ?? '', name ?? '', offset ?? ''].map(String);
    const child = spawn(python, ['-I', '-S', SCRIPT, ...args], { stdio: ['pipe', 'pipe', 'ignore'] });
    const holder = new LineHolder(child, handlers);
    try {
      return { holder, level: await holder.#ready() };
    } catch (error) {
      holder.#closing = true;
      child.kill('SIGKILL');
      throw error;
    }
  }

  /**
   * Sets the level of an output; resolves when it is set.
   * @throws Error when the kernel refuses, the process ends, or does not answer within a second
   */
  async write(level: Level): Promise<void> {
    const answer = this.#send(String(level));
    const late = setTimeout(() => {
      this.#child.kill('SIGKILL');
      this.#lost(`its helper process did not answer within ${ANSWER_MS} ms`);
    }, ANSWER_MS);
    try {
      await answer;
    } finally {
      clearTimeout(late);
    }
  }

  /** As `write`, without waiting: the process has the command when this returns, even if this one dies next. Never throws. */
  writeNow(level: Level): void {
    this.#send(String(level)).catch(() => {});
  }

  /** The level that the process leaves when it ends, or this one does. Never throws. */
  fallBack(level: Level): void {
    this.#send(`rest ${level}`).catch(() => {});
  }

  /** Ends the process, which puts an output to the level to fall back to first. Never rejects. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#child.stdin?.end();
    const patience = setTimeout(() => this.#child.kill('SIGKILL'), END_MS);
    await this.#ended;
    clearTimeout(patience);
  }

  #send(command: string): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#over) {
        reject(new Error('its helper process is gone'));
        return;
      }
      this.#answers.push({ resolve, reject });
      // Node hands a small write to the kernel within the call, as long as the pipe takes it.
      this.#child.stdin?.write(`${command}\n`);
    });
  }

  async #ready(): Promise<Level> {
    const { stdout } = this.#child;
    if (stdout === null) throw new Error('unreachable: stdout is piped');
    return await new Promise((resolve, reject) => {
      const refuse = (why: string) => reject(new MenshenError('GPIO_UNAVAILABLE', why));
      const late = setTimeout(
        () => refuse(`its helper process was not ready after ${START_MS} ms`),
        START_MS,
      );
      this.#child.once('error', (error) =>
        refuse(`Python 3 cannot be started (${error.message}); install python3-libgpiod`),
      );
      this.#child.once('close', (code, signal) => {
        clearTimeout(late);
        refuse(`its helper process ended at once (${signal ?? code})`);
      });
      createInterface({ input: stdout }).on('line', (text) => {
        const [word = '', ...rest] = text.split(' ');
        if (word === 'failed') refuse(rest.join(' '));
        else if (word === 'ready') {
          clearTimeout(late);
          resolve(rest[0] === '1' ? 1 : 0);
        } else this.#take(word, rest.join(' '));
      });
    });
  }

  #take(word: string, rest: string): void {
    if (word === '0' || word === '1') this.#handlers.onLevel(word === '1' ? 1 : 0);
    else if (word === 'ok') this.#answers.shift()?.resolve();
    else if (word === 'error') this.#answers.shift()?.reject(new Error(rest));
  }

  #lost(why: string): void {
    if (this.#over) return;
    this.#over = true;
    for (const { reject } of this.#answers.splice(0)) reject(new Error(why));
    if (!this.#closing) this.#handlers.onLost(why);
  }
}
