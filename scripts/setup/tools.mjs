// What the steps of the set-up share. Plain JavaScript without dependencies: it runs before node_modules exists.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  appendFileSync,
  constants,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const CACHE = join(ROOT, '.cache');
const LOG = join(CACHE, 'setup.log');

/** A failure that a reader can act on: printed without a stack. */
export class SetupError extends Error {}

/**
 * Runs a long step with one progress line: `[set-up] apt: ffmpeg … 12 s`.
 * @param {string} title
 * @param {() => Promise<void>} work
 */
export async function step(title, work) {
  const begun = process.hrtime.bigint();
  process.stdout.write(`[set-up] ${title} … `);
  try {
    await work();
  } catch (error) {
    process.stdout.write('failed\n');
    throw error;
  }
  process.stdout.write(`${(Number(process.hrtime.bigint() - begun) / 1e9).toFixed(0)} s\n`);
}

/**
 * Runs a program to its end; what it says goes to .cache/setup.log and, where it fails, its end into the error.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ env?: Record<string, string>, hint?: string, cwd?: string }} [options]
 */
export function run(program, args, { env = {}, hint = '', cwd = ROOT } = {}) {
  return new Promise((resolve, reject) => {
    mkdirSync(CACHE, { recursive: true });
    const line = [program, ...args].join(' ');
    appendFileSync(LOG, `\n$ ${line}\n`);
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let tail = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        appendFileSync(LOG, text);
        tail = (tail + text).slice(-3000);
      });
    }
    child.on('error', (error) => reject(new SetupError(`${line}: ${error.message}\n${hint}`)));
    child.on('close', (code, signal) => {
      if (code === 0) resolve(undefined);
      else
        reject(
          new SetupError(
            `${line} ended with ${signal ?? code}:\n${tail.trim()}\n${hint}\nThe whole output is in ${relative(ROOT, LOG)}.`,
          ),
        );
    });
  });
}

/**
 * Whether a program is on the PATH or in a system folder that a PATH may lack (Debian's mosquitto is in /usr/sbin).
 * @param {string} program
 */
export function onPath(program) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * SHA-256, hex, over names and contents of files and whole folders below ROOT.
 * @param {readonly string[]} paths
 */
export function hashOf(paths) {
  const hash = createHash('sha256');
  for (const path of paths.flatMap(filesBelow)) {
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(ROOT, path)))
      .update('\0');
  }
  return hash.digest('hex');
}

/**
 * Files below a folder (or the file itself), sorted, relative to ROOT.
 * @param {string} path
 * @returns {string[]}
 */
export function filesBelow(path) {
  try {
    return readdirSync(join(ROOT, path), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
      .sort();
  } catch (error) {
    if (error.code === 'ENOTDIR') return [path];
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

/** @param {string} path below ROOT */
export function textOf(path) {
  try {
    return readFileSync(join(ROOT, path), 'utf8');
  } catch {
    return '';
  }
}

/**
 * Lets one set-up of this checkout work at a time; a second one waits until the first has ended.
 * @param {() => Promise<void>} work
 */
export async function alone(work) {
  const lock = join(CACHE, 'setup.lock');
  mkdirSync(CACHE, { recursive: true });
  for (let told = false; ; told = true) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const owner = Number(textOf('.cache/setup.lock'));
      if (!isRunning(owner)) rmSync(lock, { force: true });
      else if (!told) console.log(`[set-up] waiting for another set-up (process ${owner})`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  const release = () => rmSync(lock, { force: true });
  process.once('exit', release);
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM']))
    process.once(signal, () => process.exit(130));
  await work();
  release();
}

/** @param {number} pid */
function isRunning(pid) {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/**
 * The standard output of a short program, or '' where it fails or is not there.
 * @param {string} program
 * @param {readonly string[]} args
 */
export function outputOf(program, args) {
  return (
    spawnSync(program, args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).stdout ??
    ''
  );
}
