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
    await lockDataDir(${JSON.stringify(folder)}); console.log('held'); setInterval(() => {}, 1000);`;
  const other = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
  await once(other.stdout, 'data');
  await expect(lockDataDir(folder)).rejects.toMatchObject({ code: 'ALREADY_RUNNING' });
  other.kill('SIGKILL');
  await once(other, 'exit');
  const unlock = await lockDataDir(folder);
  unlock();
  (await lockDataDir(folder))();
});

it('needs no disk and holds one folder only', async () => {
  const first = await lockDataDir(join(folder, 'missing'));
  const second = await lockDataDir(join(folder, 'other'));
  first();
  second();
});
