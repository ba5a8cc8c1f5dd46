import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lockDataDir } from '../../src/gate/instance-lock.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'menshen-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('is held by one process, and free again after it was killed with -9', async () => {
  const source = new URL('../../src/gate/instance-lock.ts', import.meta.url).href;
  const script = `const { lockDataDir } = await import(${JSON.stringify(source)});
    lockDataDir(${JSON.stringify(folder)}); console.log('held'); setInterval(() => {}, 1000);`;
  const other = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
  await once(other.stdout, 'data');
  expect(() => lockDataDir(folder)).toThrow(expect.objectContaining({ code: 'ALREADY_RUNNING' }));
  other.kill('SIGKILL');
  await once(other, 'exit');
  const unlock = lockDataDir(folder);
  unlock();
  lockDataDir(folder)();
});

it('says so when the folder cannot be used', () => {
  expect(() => lockDataDir(join(folder, 'missing'))).toThrow(
    expect.objectContaining({ code: 'DATA_DIR_UNUSABLE' }),
  );
});
