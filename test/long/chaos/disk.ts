import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { remount } from '../../support/mount.ts';

const MEBIBYTE = 1024 * 1024;

/** A small file system of its own that fills up and turns read-only, as a test tells it to. */
export class TroubledDisk {
  readonly folder: string;
  readonly #ballast: string;

  /** @param folder where it is mounted; must be there */
  constructor(folder: string, mebibytes: number) {
    this.folder = folder;
    this.#ballast = join(folder, 'ballast');
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', folder]);
  }

  /** Takes up all the room there is, to the last byte. */
  fill(): void {
    const file = openSync(this.#ballast, 'a');
    try {
      for (let size = MEBIBYTE; size >= 1; size = size === MEBIBYTE ? 4096 : Math.floor(size / 4096)) {
        writeUntilFull(file, Buffer.alloc(size));
      }
    } finally {
      closeSync(file);
    }
  }

  free(): void {
    rmSync(this.#ballast, { force: true });
  }

  /** False, and nothing is changed, while somebody has a file open to write: the kernel refuses it then. */
  readOnly(): boolean {
    return spawnSync('mount', ['-o', 'remount,ro', this.folder]).status === 0;
  }

  writable(): void {
    remount(this.folder, 'rw');
  }

  unmount(): void {
    execFileSync('umount', ['--lazy', this.folder]);
  }
}

function writeUntilFull(file: number, piece: Buffer): void {
  try {
    while (writeSync(file, piece) === piece.length);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  }
}
