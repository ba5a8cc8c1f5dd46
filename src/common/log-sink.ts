import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const STDERR = 2;
/** What waits for a reader that does not read; lines beyond it are dropped and counted. About 4000 lines. */
const MAX_WAITING_BYTES = 1 << 20;
const RETRY_MS = 50;
/** At the end of the process a reader that does not read is waited for this long in all. */
const LAST_WORDS_MS = 500;
const LAST_WORDS_PAUSE_MS = 10;

/**
 * Writes log lines to stderr without ever waiting for who reads them: a journal or a terminal that stands still must
 * not hold up a door. A line leaves at once where it can, else it waits in a bounded queue.
 *
 * No stream of Node does this: pino's destination waits in write(2), on this thread or on one of the few that serve
 * files, and a process does not end before those have; process.stderr keeps everything for ever.
 */
export class LogSink {
  /** Called when lines are taken again, with the number of those dropped meanwhile. */
  onDropped: (lines: number) => void = () => {};
  #fd: number | null = null;
  #waiting: Buffer[] = [];
  #bytes = 0;
  #dropped = 0;
  #timer: NodeJS.Timeout | null = null;

  /** Opens stderr, which the first line does else. */
  open(): void {
    if (this.#fd !== null) return;
    this.#fd = openUnblocking();
    process.on('exit', () => this.#lastWords());
  }

  /** Takes a line with its newline. Never waits and never throws. */
  write(line: string): void {
    this.open();
    const whole = Buffer.from(line);
    const rest = this.#waiting.length === 0 ? this.#put(whole) : whole;
    if (rest === null) return;
    if (rest === whole && this.#bytes + rest.length > MAX_WAITING_BYTES) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(rest);
    this.#bytes += rest.length;
    this.#timer ??= setTimeout(() => this.#retry(), RETRY_MS).unref();
  }

  #retry(): void {
    this.#timer = null;
    this.#drain();
    if (this.#waiting.length > 0) {
      this.#timer = setTimeout(() => this.#retry(), RETRY_MS).unref();
    } else if (this.#dropped > 0) {
      const lines = this.#dropped;
      this.#dropped = 0;
      this.onDropped(lines);
    }
  }

  #drain(): void {
    let taken = 0;
    for (const line of this.#waiting) {
      const rest = this.#put(line);
      this.#bytes -= line.length - (rest?.length ?? 0);
      if (rest !== null) {
        this.#waiting[taken] = rest;
        break;
      }
      taken++;
    }
    this.#waiting.splice(0, taken);
  }

  /** Writes what stderr takes now; answers what is left of the line, null when nothing is. */
  #put(line: Buffer): Buffer | null {
    let rest = line;
    try {
      while (rest.length > 0) rest = rest.subarray(writeSync(this.#fd ?? STDERR, rest));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return rest;
      // Nobody reads any more, or the disk under the log is full: there is nowhere to say so.
      this.#dropped++;
    }
    return null;
  }

  #lastWords(): void {
    const until = performance.now() + LAST_WORDS_MS;
    const clock = new Int32Array(new SharedArrayBuffer(4));
    this.#drain();
    while (this.#waiting.length > 0 && performance.now() < until) {
      Atomics.wait(clock, 0, 0, LAST_WORDS_PAUSE_MS);
      this.#drain();
    }
  }
}

/**
 * A descriptor of stderr whose writes do not wait. A pipe or terminal is opened once more, because O_NONBLOCK on the
 * descriptor we were given would bind everybody who shares it. A socket (the journal's) cannot be; Node makes it
 * non-blocking when it opens its own stream on it, and puts that back when it ends. Writes to a file do not wait.
 */
function openUnblocking(): number {
  const kind = fstatSync(STDERR);
  if (kind.isFile()) return STDERR;
  if (!kind.isSocket()) {
    try {
      return openSync('/proc/self/fd/2', constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    } catch {
      // not ours to open, or no /proc: as with a socket
    }
  }
  if (isMainThread) void process.stderr;
  return STDERR;
}
