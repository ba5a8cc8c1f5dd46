import { type ChildProcess, spawn } from 'node:child_process';

/** Started again after this pause if somebody ends it while it is needed. */
const RESTART_MS = 1000;

/** Waits for the end of its input, which the kernel closes however the gate dies; a line before that calls it off. */
const SCRIPT = 'read -r off && exit 0; exec "$@"';

/**
 * A dead man's switch: a small process that runs a command as soon as this process has died without calling it
 * off, SIGKILL included. It has a session of its own, so that Ctrl-C in a terminal leaves it alone.
 */
export class Deadman {
  #command: readonly string[];
  #child: ChildProcess | null = null;
  #timer: NodeJS.Timeout | null = null;
  #off = false;

  /** `command` is run without a shell of its own: program, then arguments. */
  constructor(command: readonly string[]) {
    this.#command = command;
    this.#start();
  }

  /** Has another command run instead. At no moment is there no switch. */
  change(command: readonly string[]): void {
    const before = this.#child;
    this.#command = command;
    if (this.#off) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#start();
    before?.stdin?.end('off\n');
  }

  /** Ends the switch without running the command. */
  callOff(): void {
    this.#off = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#child?.stdin?.end('off\n');
  }

  #start(): void {
    this.#timer = null;
    const child = spawn('/bin/sh', ['-c', SCRIPT, 'menshen-deadman', ...this.#command], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    this.#child = child;
    child.unref();
    child.stdin?.on('error', () => {});
    const again = () => {
      if (this.#off || this.#timer !== null || this.#child !== child) return;
      this.#timer = setTimeout(() => this.#start(), RESTART_MS);
      this.#timer.unref();
    };
    child.once('error', again);
    child.once('exit', again);
  }
}
