import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';

/** Names of the native libraries that a process has loaded once these modules are imported. */
function librariesOf(...modules: string[]): string {
  const imports = modules.map((path) => `await import('${new URL(`../../dist/${path}`, import.meta.url)}');`);
  const script = `${imports.join('')} console.log(process.report.getReport().sharedObjects.join('\\n'))`;
  return execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
}

const INFERENCE = /sharp|vips|onnx/i;

it('the gate, with the cloud and what writes pictures anew, loads neither sharp nor any inference code', () => {
  expect(librariesOf('cloud/index.js', 'photo/client.js', 'gate/index.js')).not.toMatch(INFERENCE);
});

it('which the test would see: src/photo loads sharp', () => {
  expect(librariesOf('photo/index.js')).toMatch(INFERENCE);
});
