import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

/** Import or export from a module that is loaded with the file; `import type` is not. */
const LOADED = /^(?:import|export) (?!type\b)(?:[^'";]*? from )?'([^']+)';$/gms;
const SRC = fileURLToPath(new URL('../../src/', import.meta.url));

/** Packages that come with a file when it is loaded, by whatever ways; and Node's HTTP, the slowest of its own modules. */
function packagesOf(file: string): Set<string> {
  const packages = new Set<string>();
  const seen = new Set<string>();
  const waiting = [resolve(SRC, file)];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    expect(existsSync(next), next).toBe(true);
    for (const [, name = ''] of readFileSync(next, 'utf8').matchAll(LOADED)) {
      if (name.startsWith('.')) waiting.push(resolve(dirname(next), name));
      else if (!name.startsWith('node:') || name.startsWith('node:http')) packages.add(name);
    }
  }
  expect(seen.size).toBeGreaterThan(20);
  return packages;
}

it.each([
  // Whoever waits for the door waits for all of it.
  ['cli/run.ts', ['better-sqlite3', 'commander', 'pino', 'yaml', 'zod']],
  ['vision/process.ts', ['onnxruntime-node', 'pino', 'sharp', 'zod']],
  ['gate/records-thread.ts', ['better-sqlite3', 'mqtt', 'pino', 'zod']],
])('a start loads no more packages than it needs: %s', (file, packages) => {
  expect([...packagesOf(file)].sort()).toEqual(packages);
});
