// Step 2: node_modules as package-lock.json says.
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hashOf, outputOf, ROOT, run, step, textOf } from './tools.mjs';

const STAMP = 'node_modules/.menshen-lock';

/** What node_modules was made for: the lock file, and the Node that compiled the native parts. */
function wanted() {
  return `${hashOf(['package-lock.json'])} node-abi ${process.versions.modules} ${process.platform}-${process.arch}\n`;
}

/** Whether `npm ci` has to run. */
export function npmStale() {
  if (textOf(STAMP) === wanted()) return false;
  // Installed by hand, or a lock file that only moved: no need to compile everything again.
  if (!installedAsLocked() || !nativePartsLoad()) return true;
  writeFileSync(join(ROOT, STAMP), wanted());
  return false;
}

export async function npmPackages() {
  await step('npm ci (compiles better-sqlite3, about 90 s)', () =>
    run('npm', ['ci', '--no-audit', '--no-fund', '--prefer-offline'], {
      env: nodeHeaders(),
      hint: 'Is the npm registry reachable? A failure in node-gyp wants g++, make, python3 and the headers of Node.',
    }),
  );
  writeFileSync(join(ROOT, STAMP), wanted());
}

function installedAsLocked() {
  /** @param {string} path */
  const packagesOf = (path) => {
    const text = textOf(path);
    return text === '' ? undefined : Object.entries(JSON.parse(text).packages);
  };
  const locked = packagesOf('package-lock.json');
  const installed = packagesOf('node_modules/.package-lock.json');
  if (locked === undefined || installed === undefined) return false;
  const versions = new Map(installed.map(([path, entry]) => [path, entry.version]));
  return locked.every(
    ([path, entry]) => path === '' || entry.optional || versions.get(path) === entry.version,
  );
}

function nativePartsLoad() {
  const script =
    "new (require('better-sqlite3'))(':memory:').close(); require('sharp'); require('onnxruntime-node'); process.stdout.write('good')";
  return outputOf(process.execPath, ['-e', script]) === 'good';
}

/**
 * node-gyp would fetch Node's headers from nodejs.org; where Node was installed with them, it need not.
 * @returns {Record<string, string>}
 */
function nodeHeaders() {
  const prefix = dirname(dirname(process.execPath));
  const configured = process.env.npm_config_nodedir !== undefined;
  const there = existsSync(join(prefix, 'include/node/node_version.h'));
  return configured || !there ? {} : { npm_config_nodedir: prefix };
}
