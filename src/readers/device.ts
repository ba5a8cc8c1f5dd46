import { spawn } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import type { Epoll } from 'epoll';
import { MenshenError, messageOf } from '../common/index.ts';

const PIECE_BYTES = 4096;
/** Setting a device up is a system call or two in a child; one that takes longer hangs. */
const SETUP_MS = 5000;
/** Characters kept of what it says. */
const MAX_SAID = 200;

/** A command that acts on the open device, which it gets as its stdin. */
export interface Setup {
  readonly file: string;
  readonly args: readonly string[];
  /** What to do when it fails. */
  readonly advice: string;
}

export interface DeviceListener {
  /** `piece` is used again afterwards. */
  data(piece: Uint8Array): void;
  /** The device is gone: told once, and nothing afterwards. */
  gone(why: string): void;
}

/**
 * A character device that is open for reading. It is watched through epoll (the package that `onoff` stands on): a
 * plain read would hold one of the four threads that all file access of the process shares, for as long as nobody
 * presents a card.
 */
export class Device {
  readonly #fd: number;
  readonly #listener: DeviceListener;
  readonly #piece = Buffer.alloc(PIECE_BYTES);
  #epoll: Epoll | null = null;
  #closed = false;

  private constructor(fd: number, listener: DeviceListener) {
    this.#fd = fd;
    this.#listener = listener;
  }

  /**
   * Opens a device, sets it up and reads it until it is gone or closed.
   * @throws MenshenError READER_MISSING, or READER_UNUSABLE: not allowed, or it cannot be set up
   */
  static async open(path: string, setup: Setup | null, listener: DeviceListener): Promise<Device> {
    const device = new Device(openFile(path), listener);
    try {
      if (setup !== null) await setUp(path, device.#fd, setup);
      await device.#watch();
    } catch (error) {
      device.close();
      throw error;
    }
    return device;
  }

  /** Nothing is told any more; what was set up for this opening (the grab) ends with it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#epoll?.remove(this.#fd);
    } catch {
      // The kernel forgot the descriptor together with the device.
    }
    closeSync(this.#fd);
  }

  async #watch(): Promise<void> {
    const { Epoll } = await loadEpoll();
    this.#epoll = new Epoll((error) => this.#ready(error));
    this.#epoll.add(this.#fd, Epoll.EPOLLIN);
  }

  #ready(error: Error | null): void {
    if (this.#closed) return;
    if (error !== null) {
      this.#gone(error.message);
      return;
    }
    try {
      const bytes = readSync(this.#fd, this.#piece);
      if (bytes === 0) this.#gone('it has ended');
      else this.#listener.data(this.#piece.subarray(0, bytes));
    } catch (failure) {
      if (codeOf(failure) !== 'EAGAIN') this.#gone(messageOf(failure));
    }
  }

  #gone(why: string): void {
    this.close();
    this.#listener.gone(why);
  }
}

function openFile(path: string): number {
  try {
    // Not waiting for a modem's carrier, and not becoming the terminal of this process.
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    throw explain(path, error);
  }
}

function explain(path: string, error: unknown): MenshenError {
  const code = codeOf(error);
  if (code === 'ENOENT' || code === 'ENXIO' || code === 'ENODEV') {
    const hint = '`ls /dev/input/by-id /dev/serial/by-id` shows what is plugged in';
    return new MenshenError('READER_MISSING', `${path}: there is no such device; ${hint}.`, { cause: error });
  }
  if (code !== 'EACCES' && code !== 'EPERM') return unusable(path, messageOf(error), error);
  return unusable(
    path,
    'no permission; the service must be in the group input (keyboards) or dialout (serial lines)',
    error,
  );
}

/** Runs the command with the device as its stdin: what it sets holds for this opening, after it has ended too. */
function setUp(path: string, fd: number, { file, args, advice }: Setup): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      stdio: [fd, 'ignore', 'pipe'],
      env: { PATH: process.env.PATH, LC_ALL: 'C' },
      timeout: SETUP_MS,
      killSignal: 'SIGKILL',
    });
    let said = '';
    child.stderr?.on('data', (piece: Buffer) => {
      said = (said + piece.toString()).slice(0, MAX_SAID);
    });
    const failed = (why: string) => reject(unusable(path, `${why.trim()}; ${advice}`));
    child.once('error', (error) => failed(error.message));
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else failed(said === '' ? `${file} ended with ${signal ?? code}` : said);
    });
  });
}

async function loadEpoll(): Promise<typeof import('epoll')['default']> {
  try {
    return (await import('epoll')).default;
  } catch (error) {
    throw new MenshenError(
      'READER_UNUSABLE',
      `The package epoll cannot be loaded (${messageOf(error)}); run \`npm rebuild epoll\`.`,
      { cause: error },
    );
  }
}

function unusable(path: string, why: string, cause?: unknown): MenshenError {
  return new MenshenError('READER_UNUSABLE', `${path}: ${why}.`, { cause });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
