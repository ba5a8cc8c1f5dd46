import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { chmodSync, closeSync, fsyncSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { MenshenError, makeFolder, messageOf } from '../../common/index.ts';

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * The keys of a server's data directory, derived from the one file `key`. Without it neither the secrets of the
 * applications nor the register can be read; nothing in the database tells a name or an ID number.
 */
export class Keyring {
  readonly #seal: Buffer;
  readonly #hash: Buffer;

  constructor(key: Uint8Array) {
    const derive = (purpose: string) =>
      Buffer.from(hkdfSync('sha256', key, 'menshen cloud server', purpose, KEY_BYTES));
    this.#seal = derive('seal');
    this.#hash = derive('hash');
  }

  /** Opens the keyring of a data directory; makes directory (0700) and key (0600) when they are not there. Throws DATA_DIR_UNUSABLE, KEY_INVALID. */
  static open(dataDir: string): Keyring {
    return new Keyring(readOrMakeKey(dataDir));
  }

  /** Keyed hash of something personal, 32 bytes; `kind` keeps names and ID numbers apart. */
  hash(kind: 'name' | 'id', text: string): Buffer {
    return createHmac('sha256', this.#hash).update(`${kind}\0${text}`, 'utf8').digest();
  }

  /** AES-256-GCM with a new nonce; `about` must be the same when it is opened: a row cannot be moved to another place. */
  seal(plain: Uint8Array, about: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#seal, nonce).setAAD(Buffer.from(about));
    return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  }

  /** Throws KEY_WRONG when it was sealed with another key, about something else, or was altered. */
  open(sealed: Uint8Array, about: string): Buffer {
    try {
      const bytes = Buffer.from(sealed);
      const decipher = createDecipheriv('aes-256-gcm', this.#seal, bytes.subarray(0, NONCE_BYTES))
        .setAAD(Buffer.from(about))
        .setAuthTag(bytes.subarray(-TAG_BYTES));
      return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
    } catch (error) {
      throw new MenshenError(
        'KEY_WRONG',
        'The key file of the cloud server does not open its database. Restore the key the database was made with.',
        { cause: error },
      );
    }
  }
}

function readOrMakeKey(dataDir: string): Buffer {
  const path = join(dataDir, 'key');
  try {
    makeFolder(dataDir, 0o700);
    const made = makeKey(path);
    if (made !== null) return made;
    const mode = statSync(path).mode & 0o777;
    if ((mode & 0o077) !== 0) throw invalid(path, 'can be read or changed by others; run: chmod 600');
    const text = readFileSync(path, 'utf8').trim();
    if (!/^[0-9a-fA-F]{64}$/.test(text)) throw invalid(path, 'is not a key of 64 hex digits');
    return Buffer.from(text, 'hex');
  } catch (error) {
    if (error instanceof MenshenError) throw error;
    throw new MenshenError(
      'DATA_DIR_UNUSABLE',
      `The key ${path} cannot be read or made: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

/** Null when there is one already. */
function makeKey(path: string): Buffer | null {
  let file: number;
  try {
    file = openSync(path, 'wx', 0o600);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return null;
    throw error;
  }
  try {
    const key = randomBytes(KEY_BYTES);
    writeSync(file, `${key.toString('hex')}\n`);
    fsyncSync(file);
    chmodSync(path, 0o600);
    return key;
  } finally {
    closeSync(file);
  }
}

function invalid(path: string, why: string): MenshenError {
  return new MenshenError('KEY_INVALID', `The key file ${path} ${why}.`);
}
