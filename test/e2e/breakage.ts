import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { House } from './house.ts';
import { descendants } from './processes.ts';

const SLOW_DISK = fileURLToPath(new URL('../long/slow-disk/slow.c', import.meta.url));

/** What the exit must not need. */
export const PARTS = ['vision', 'broker', 'database', 'disk'] as const;
export type Part = (typeof PARTS)[number];

/** Breaks parts of a running house, the hard way. They stay broken; a house is thrown away afterwards. */
export class Breakage {
  readonly #house: House;
  readonly #library: string;
  readonly #flag: string;
  readonly #diskCanBreak: boolean;

  constructor(house: House) {
    this.#house = house;
    this.#library = join(house.folder, 'slow-disk.so');
    this.#flag = join(house.folder, 'DISK_HANGS');
    this.#diskCanBreak = compile(this.#library);
  }

  /** For the daemon whose disk is to hang later. */
  get environment(): NodeJS.ProcessEnv {
    if (!this.#diskCanBreak) return {};
    return { LD_PRELOAD: this.#library, SLOW_DISK: this.#flag, SLOW_WRITES: '1' };
  }

  /** Parts that can be broken here: a disk that hangs needs a C compiler. */
  get parts(): readonly Part[] {
    return PARTS.filter((part) => part !== 'disk' || this.#diskCanBreak);
  }

  async break(part: Part): Promise<void> {
    switch (part) {
      case 'vision':
        await this.#stopVision();
        break;
      case 'broker':
        await this.#house.killBroker();
        break;
      case 'database':
        this.#overwriteDatabases();
        break;
      case 'disk':
        writeFileSync(this.#flag, '');
    }
  }

  /** The disk answers again. */
  mendDisk(): void {
    rmSync(this.#flag, { force: true });
  }

  /** Every vision process stands still, without ending. */
  async #stopVision(): Promise<void> {
    const below = await this.#house.until(
      async () => {
        const all = await descendants(this.#house.daemon?.process.pid ?? 0);
        const vision = all.filter(({ args }) => args.includes('vision'));
        return vision.length > 0 && vision;
      },
      20_000,
      'vision process',
    );
    for (const { pid } of below) process.kill(pid, 'SIGSTOP');
  }

  /** Journal and gallery, with all that SQLite keeps beside them, are garbage from their first byte on, while they are open. */
  #overwriteDatabases(): void {
    const data = join(this.#house.folder, 'data');
    for (const name of readdirSync(data).filter((name) => name.includes('.sqlite'))) {
      const file = openSync(join(data, name), 'r+');
      writeSync(file, Buffer.alloc(64 * 1024, 'garbage '), 0, undefined, 0);
      closeSync(file);
    }
  }
}

function compile(to: string): boolean {
  try {
    execFileSync('gcc', ['-shared', '-fPIC', '-o', to, SLOW_DISK, '-ldl'], { stdio: 'ignore' });
    return true;
  } catch {
    console.warn('gcc is not installed: no disk is made to hang');
    return false;
  }
}
