import { createHash } from 'node:crypto';
import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** Lower-case hexadecimal SHA-256. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The bytes of a file, or null where there is none. */
export async function readIfThere(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Writes a file so that, whatever happens, its name stands for the old bytes or the new ones, never for a part. */
export async function writeAtomically(dir: string, name: string, bytes: Uint8Array): Promise<void> {
  const temporary = join(dir, temporaryName(name, process.pid));
  try {
    const handle = await open(temporary, 'w', 0o644);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, join(dir, name));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dir);
}

/** Removes what a pull that was killed left behind; the files of a pull still running are kept. */
export async function removeLeftovers(dir: string, names: readonly string[]): Promise<void> {
  for (const found of await readdir(dir)) {
    const match = /^\.(.+)\.(\d+)\.tmp$/.exec(found);
    if (match === null || !names.includes(match[1] ?? '') || isAlive(Number(match[2]))) continue;
    await rm(join(dir, found), { force: true });
  }
}

/** The code of a system error, such as ENOENT, or an empty string. */
export function errnoOf(error: unknown): string {
  const parsed = z.object({ code: z.string() }).safeParse(error);
  return parsed.success ? parsed.data.code : '';
}

function temporaryName(name: string, pid: number): string {
  return `.${name}.${pid}.tmp`;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return pid !== process.pid;
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
}

async function syncFolder(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
