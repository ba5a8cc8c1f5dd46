import { createPrivateKey, type KeyObject } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { MenshenError, messageOf } from '../../common/index.ts';
import { newEncryptionKey } from '../../site/index.ts';

/**
 * The gate's X25519 key out of `site.key` (PEM, PKCS #8, mode 0600) in the data directory; made there the first time.
 * Content keys of the site are wrapped for it. @throws MenshenError SITE_KEY_UNUSABLE
 */
export function openSiteKey(dataDir: string): KeyObject {
  const path = join(dataDir, 'site.key');
  try {
    if (!existsSync(path)) make(path);
    const key = createPrivateKey(readFileSync(path));
    if (key.asymmetricKeyType !== 'x25519')
      throw new Error(`it is a key of the kind ${key.asymmetricKeyType}`);
    return key;
  } catch (error) {
    throw new MenshenError(
      'SITE_KEY_UNUSABLE',
      `${path}: ${messageOf(error)}. Delete the file to have a new key made, and add the gate to the site again.`,
    );
  }
}

function make(path: string): void {
  const staged = `${path}.${process.pid}`;
  const file = openSync(staged, 'w', 0o600);
  try {
    writeFileSync(file, newEncryptionKey().export({ format: 'pem', type: 'pkcs8' }));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(staged, path);
  const directory = openSync(dirname(path), 'r');
  fsyncSync(directory);
  closeSync(directory);
}
