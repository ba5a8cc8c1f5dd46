import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { type ReaderConfig, ReaderSchema } from '../../src/config/schema.ts';

/** A reader's configuration; what is left out has its default. */
export function readerConfig(settings: object): ReaderConfig {
  return ReaderSchema.parse({ id: 'reader', door: 'front', kind: 'evdev', device: '/dev/null', ...settings });
}

/** The codes of the keys that type this text on an American keyboard, `\n` for Enter. */
const CODES: Readonly<Record<string, number>> = {
  '1': 2,
  '2': 3,
  '3': 4,
  '4': 5,
  '5': 6,
  '6': 7,
  '7': 8,
  '8': 9,
  '9': 10,
  '0': 11,
  A: 30,
  B: 48,
  C: 46,
  D: 32,
  E: 18,
  F: 33,
  ',': 51,
  '\n': 28,
  '*': 55,
  g: 34,
};

export const codeOf = (character: string): number => CODES[character] ?? 0;

/** `struct input_event` of a 64-bit kernel, byte for byte; `at` in milliseconds. */
export function inputEvent(type: number, code: number, value: number, at: number): Buffer {
  const event = Buffer.alloc(24);
  event.writeBigInt64LE(BigInt(Math.floor(at / 1000)), 0);
  event.writeBigInt64LE(BigInt(Math.round((at % 1000) * 1000)), 8);
  event.writeUInt16LE(type, 16);
  event.writeUInt16LE(code, 18);
  event.writeInt32LE(value, 20);
  return event;
}

/** What the kernel tells of one press and release: scan code, key, report, and again. */
export function stroke(code: number, at: number): Buffer {
  return Buffer.concat([
    inputEvent(4, 4, 0x70000 + code, at),
    inputEvent(1, code, 1, at),
    inputEvent(0, 0, 0, at),
    inputEvent(1, code, 0, at + 1),
    inputEvent(0, 0, 0, at + 1),
  ]);
}

/** A text typed with `gapMs` between the keys. */
export function typed(text: string, gapMs: number, from = 1_000_000): Buffer {
  return Buffer.concat([...text].map((character, index) => stroke(codeOf(character), from + index * gapMs)));
}

/** A serial line: what is written to `line` comes out of the device `path`, a real terminal of the kernel. */
export interface SerialLine {
  readonly path: string;
  write(bytes: Uint8Array): void;
  /** Pulls the adapter: the far end closes, and the name goes. */
  unplug(): Promise<void>;
}

const PTY = `
import os, pty, sys, tty
master, slave = pty.openpty()
tty.setraw(slave)
os.symlink(os.ttyname(slave), sys.argv[1])
print('ready', flush=True)
while True:
    data = os.read(0, 4096)
    if not data: break
    os.write(master, data)
`;

/** A pair of pseudo terminals under the name `path`. */
export async function serialLine(path: string): Promise<SerialLine> {
  const child = spawn('python3', ['-c', PTY, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return {
    path,
    write: (bytes) => child.stdin.write(bytes),
    unplug: async () => {
      rmSync(path);
      await end(child);
    },
  };
}

/**
 * A keyboard for a reader with `grab: false`: a FIFO that carries `struct input_event`, byte for byte what the kernel
 * writes. Only the ioctls of a real event device are missing.
 */
export function keyboard(path: string): { type(bytes: Uint8Array): void; unplug(): void } {
  execFileSync('mkfifo', [path]);
  const fd = openSync(path, 'r+');
  return {
    type: (bytes) => writeSync(fd, bytes),
    unplug: () => {
      rmSync(path);
      closeSync(fd);
    },
  };
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}
