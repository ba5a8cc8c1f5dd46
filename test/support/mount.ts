import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Why file systems cannot be mounted here (needs root and CAP_SYS_ADMIN); undefined when they can. */
export function whyNoMount(): string | undefined {
  const dir = mkdtempSync(join(tmpdir(), 'menshen-mount-'));
  try {
    const attempt = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', dir], { encoding: 'utf8' });
    if (attempt.status !== 0) {
      return attempt.stderr?.trim() || attempt.error?.message || 'mount failed';
    }
    execFileSync('umount', [dir]);
    return undefined;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** A file system in memory of this size for one test. */
export function mountTmpfs(kibibytes: number): string {
  const dir = mkdtempSync(join(tmpdir(), 'menshen-tmpfs-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kibibytes}k`, 'tmpfs', dir]);
  onTestFinished(() => unmount(dir));
  return dir;
}

/** The same folder once more under another path, read-only. */
export function mountReadOnly(dir: string): string {
  const mirror = `${dir}-readonly`;
  mkdirSync(mirror);
  execFileSync('mount', ['--bind', dir, mirror]);
  execFileSync('mount', ['-o', 'remount,ro,bind', mirror]);
  onTestFinished(() => unmount(mirror));
  return mirror;
}

export function remount(dir: string, options: string): void {
  execFileSync('mount', ['-o', `remount,${options}`, dir]);
}

function unmount(dir: string): void {
  execFileSync('umount', ['--lazy', dir]);
  rmSync(dir, { recursive: true, force: true });
}
