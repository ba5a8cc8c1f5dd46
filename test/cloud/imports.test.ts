import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

/** Names of the native libraries that a process has once this program or thread is loaded, as it is built; without its data it ends there. */
function librariesOf(entry: string): string {
  const url = new URL(`../../dist/${entry}`, import.meta.url).href;
  const script = `await import('${url}').catch(({ code }) => console.log(code));
    console.log(process.report.getReport().sharedObjects.join('\\n'));
    process.exit();`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(stdout).toContain('libc');
  expect(stdout).not.toContain('ERR_');
  return stdout;
}

const INFERENCE = /sharp|vips|onnx/i;

it.each([
  'cloud/envelope/wrap-thread.js',
  'gate/cloud-thread.js',
  'gate/records-thread.js',
  'gate/site-people/thread.js',
  'console/thread.js',
])('a thread of the gate loads neither sharp nor any inference code: %s', (thread) =>
  expect(librariesOf(thread)).not.toMatch(INFERENCE),
);

it('which the test would see: what writes pictures anew loads sharp', () => {
  expect(librariesOf('photo/fit-process.js')).toMatch(INFERENCE);
});
