/** Builds dist/: one file for each program and thread, with pieces that several of them load beside (docs/decisions/bundling.md). */
import { readdirSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SRC = join(ROOT, 'src');

/** What Node is started with, the command and every process and thread, by the path below src/. */
const ENTRIES = [
  'cli/main',
  'cloud-server/inference/process',
  'cloud/envelope/wrap-thread',
  'console/thread',
  'door/gpio/modbus-set',
  'gate/cloud-thread',
  'gate/people/process',
  'gate/records-thread',
  'gate/site-people/thread',
  'photo/fit-process',
  'vision/process',
  'vision/qr/thread',
];
/** They bring native code, which they look for beside their own files. */
const NATIVE = ['better-sqlite3', 'onnxruntime-node', 'sharp'];

const { metafile } = await build({
  absWorkingDir: ROOT,
  entryPoints: ENTRIES.map((entry) => `src/${entry}.ts`),
  outbase: 'src',
  outdir: 'dist',
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  external: NATIVE,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  sourcemap: true,
  sourcesContent: false,
  metafile: true,
  // CommonJS packages ask for Node's own modules by `require`, which ES modules do not have.
  banner: {
    js: "import { createRequire as menshenRequire } from 'node:module'; const require = menshenRequire(import.meta.url);",
  },
  plugins: [sources(), packagesOnDemand()],
});
for (const file of readdirSync(join(ROOT, 'dist'), { recursive: true, encoding: 'utf8' })) {
  const path = join('dist', file);
  if (/\.(js|map)$/.test(file) && metafile.outputs[path] === undefined) rmSync(join(ROOT, path));
}

/** Reads our own sources, so that they still mean the same once they stand in another file. */
function sources(): Plugin {
  return {
    name: 'sources',
    setup: ({ onLoad }) =>
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const place = relative(SRC, path).replace(/\.ts$/, '.js');
        const text = await readFile(path, 'utf8');
        const forgotten = startedBy(place, text).filter((entry) => !ENTRIES.includes(entry));
        return {
          loader: 'ts',
          // Of a namespace that is imported as such, what nobody uses is left out; zod is two thirds words of languages.
          contents: text
            .replace("import { z } from 'zod';", "import * as z from 'zod';")
            .replaceAll('import.meta.url', () => urlOf(place)),
          errors: forgotten.map((entry) => ({
            text: `${place} starts ${entry}, which is not among ENTRIES`,
          })),
        };
      }),
  };
}

/** Packages that the sources import when they need them stay where they are: of CommonJS a piece of its own would have no names. */
function packagesOnDemand(): Plugin {
  return {
    name: 'packages on demand',
    setup: ({ onResolve }) =>
      onResolve({ filter: /^[^.]/ }, ({ kind }) => (kind === 'dynamic-import' ? { external: true } : null)),
  };
}

/** The entries that a source names as files beside it: `'./thread.js'`. */
function startedBy(place: string, text: string): string[] {
  if (!text.includes('import.meta.url')) return [];
  return [...text.matchAll(/'(\.\/[\w-]+)\.js'/g)].map(([, name = '']) => join(place, '..', name));
}

/** For `import.meta.url`: the file that would be there if each source had one of its own in dist/. */
function urlOf(place: string): string {
  return `(import.meta.url.replace(/(.*\\/dist\\/).*/, '$1') + ${JSON.stringify(place)})`;
}
