import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFolder } from '../../src/common/index.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'menshen-folder-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('makeFolder', () => {
  it('makes what is missing with its mode, and leaves alone what is there', () => {
    const folder = join(root, 'a', 'b');
    makeFolder(folder, 0o700);
    makeFolder(folder, 0o755);
    expect(statSync(join(root, 'a')).mode & 0o777).toBe(0o700);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it('fails where something else has the name, and makes nothing', () => {
    writeFileSync(join(root, 'file'), '');
    symlinkSync(join(root, 'nowhere'), join(root, 'lost'));
    for (const path of ['file', 'file/in', 'lost', 'lost/in']) {
      expect(() => makeFolder(join(root, path))).toThrow(/EEXIST|ENOTDIR|ENOENT/);
    }
    expect(existsSync(join(root, 'nowhere'))).toBe(false);
  });

  it.runIf(existsSync('/proc/self'))('comes back from a file system that takes no folders', () => {
    expect(() => makeFolder('/proc/menshen/report')).toThrow(/ENOENT|EPERM|EACCES|EROFS/);
  });
});
