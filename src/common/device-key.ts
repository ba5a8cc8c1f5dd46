import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { MenshenError, messageOf } from './errors.ts';

const FILE = 'device.key';

/** Public half of a device's Ed25519 key (RFC 8032). */
export interface DevicePublicKey {
  /** First 16 hex digits of the SHA-256 of the key's SPKI: names the key for people and in records. */
  readonly id: string;
  /** Base64 of the SubjectPublicKeyInfo. */
  readonly spki: string;
  /** Whether `signature` is this key's over `message`. */
  verifies(message: Uint8Array, signature: Uint8Array): boolean;
}

/** The device's own key pair. Its private half never leaves the file and this process. */
export interface DeviceKey extends DevicePublicKey {
  /** Ed25519 signature, 64 bytes. */
  sign(message: Uint8Array): Buffer;
}

export function deviceKeyPath(dataDir: string): string {
  return join(dataDir, FILE);
}

/**
 * The device's key out of `device.key` (PEM, PKCS #8, mode 0600) in the data directory; made there the first time.
 * @throws MenshenError DEVICE_KEY_UNUSABLE for a file that cannot be read or made, or holds another kind of key
 */
export function openDeviceKey(dataDir: string): DeviceKey {
  const path = deviceKeyPath(dataDir);
  try {
    if (!existsSync(path)) {
      makeKeyFile(path);
    }
    const key = createPrivateKey(readFileSync(path));
    return { ...publicPart(createPublicKey(key), path), sign: (message) => sign(null, message, key) };
  } catch (error) {
    throw error instanceof MenshenError ? error : unusable(path, messageOf(error));
  }
}

/**
 * A public key from the base64 of its SPKI, as `openDeviceKey(...).spki` gives it.
 * @throws MenshenError DEVICE_KEY_UNUSABLE
 */
export function readDevicePublicKey(spki: string): DevicePublicKey {
  try {
    const key = createPublicKey({ key: Buffer.from(spki, 'base64'), format: 'der', type: 'spki' });
    return publicPart(key, 'the given public key');
  } catch (error) {
    throw error instanceof MenshenError ? error : unusable('the given public key', messageOf(error));
  }
}

function publicPart(key: KeyObject, where: string): DevicePublicKey {
  if (key.asymmetricKeyType !== 'ed25519') {
    throw unusable(where, `it is a key of the kind ${key.asymmetricKeyType}, not Ed25519`);
  }
  const der = key.export({ format: 'der', type: 'spki' });
  return {
    id: createHash('sha256').update(der).digest('hex').slice(0, 16),
    spki: der.toString('base64'),
    verifies: (message, signature) => verify(null, message, key, signature),
  };
}

/** Whole or not at all, also when two processes make it at once: the link fails for the second. */
function makeKeyFile(path: string): void {
  const { privateKey } = generateKeyPairSync('ed25519');
  const temporary = `${path}.${process.pid}`;
  try {
    const handle = openSync(temporary, 'wx', 0o600);
    try {
      writeFileSync(handle, privateKey.export({ format: 'pem', type: 'pkcs8' }));
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    linkSync(temporary, path);
    const directory = openSync(dirname(path), 'r');
    fsyncSync(directory);
    closeSync(directory);
  } catch (error) {
    if (!existsSync(path)) throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

function unusable(where: string, why: string): MenshenError {
  return new MenshenError(
    'DEVICE_KEY_UNUSABLE',
    `${where}: ${why}. Restore the file from a copy; where there is none, delete it: a new key is made, and what was signed before is checked with the old public key.`,
  );
}
