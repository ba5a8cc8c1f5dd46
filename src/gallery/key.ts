import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { MenshenError, messageOf } from '../common/index.ts';
import { KEY_BYTES } from './cipher.ts';
import { giveToOwnerOf } from './files.ts';

const HEX_KEY = new RegExp(`^[0-9a-fA-F]{${2 * KEY_BYTES}}$`);

/** The key file of a data directory. */
export function keyFile(dataDir: string): string {
  return join(dataDir, 'key');
}

/** The key written as 64 hex digits. `where` names its source in the error. Throws KEY_INVALID. */
export function parseKey(text: string, where: string): Uint8Array {
  const digits = text.trim();
  if (!HEX_KEY.test(digits)) {
    throw new MenshenError(
      'KEY_INVALID',
      `The gallery key from ${where} is not a key: expected 64 hex digits (32 bytes). Restore the key the gallery was made with.`,
    );
  }
  return new Uint8Array(Buffer.from(digits, 'hex'));
}

/** The key in the file, or null when there is no such file. Throws KEY_INVALID when others can read it or it holds no key. */
export function readKeyFile(path: string): Uint8Array | null {
  let text: string;
  try {
    const mode = statSync(path).mode & 0o777;
    if ((mode & 0o077) !== 0) {
      throw new MenshenError(
        'KEY_INVALID',
        `The key file ${path} can be read or changed by others (mode ${mode.toString(8).padStart(4, '0')}). Run: chmod 600 ${path}`,
      );
    }
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof MenshenError) throw error;
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw new MenshenError('KEY_INVALID', `The key file ${path} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return parseKey(text, path);
}

/**
 * Makes a new random key file with mode 0600 and returns its key. The file appears whole or not at all, and an
 * existing one is never replaced: when another process made one meanwhile, that key is returned.
 */
export function createKeyFile(path: string): Uint8Array {
  const staged = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  const file = openSync(staged, 'wx', 0o600);
  try {
    writeSync(file, `${randomBytes(KEY_BYTES).toString('hex')}\n`);
    fsyncSync(file);
    giveToOwnerOf(dirname(path), staged);
    linkSync(staged, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    closeSync(file);
    unlinkSync(staged);
  }
  syncDirectory(dirname(path));
  const key = readKeyFile(path);
  if (key === null)
    throw new MenshenError('KEY_MISSING', `The key file ${path} vanished while it was being made.`);
  return key;
}

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/**
 * The gate's key, from which other rooms derive theirs. To be asked after `Gallery.open`, which makes the file
 * at the first start. Throws KEY_MISSING, KEY_INVALID.
 */
export function gateKey(dataDir: string, key?: string): Buffer {
  const found = key === undefined ? readKeyFile(keyFile(dataDir)) : parseKey(key, 'the configuration');
  if (found === null) {
    throw new MenshenError('KEY_MISSING', `There is no key file ${keyFile(dataDir)}.`);
  }
  return Buffer.from(found);
}
