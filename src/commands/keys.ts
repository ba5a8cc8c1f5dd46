import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { MenshenError, messageOf } from '../common/index.ts';

/** Base64 of the SubjectPublicKeyInfo of an Ed25519 key (RFC 8410): 44 bytes that always begin alike. */
export const PUBLIC_KEY = /^MCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=$/;

/** A new Ed25519 key pair: the private half as PEM (PKCS #8), the public half as base64 of its SPKI. */
export function generateKeyPair(): { readonly privatePem: string; readonly publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    privatePem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    publicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
  };
}

/** @throws MenshenError COMMAND_KEY_INVALID */
export function readPublicKey(spki: string): KeyObject {
  return ed25519('The public key', () =>
    createPublicKey({ key: Buffer.from(spki, 'base64'), format: 'der', type: 'spki' }),
  );
}

/** `where` names the file for the message. @throws MenshenError COMMAND_KEY_INVALID, without the content */
export function readPrivateKey(pem: string, where: string): KeyObject {
  return ed25519(where, () => createPrivateKey(pem));
}

/** The public half of a private key, as it stands in the gate's configuration. */
export function publicKeyOf(privateKey: KeyObject): string {
  return createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).toString('base64');
}

function ed25519(where: string, read: () => KeyObject): KeyObject {
  let key: KeyObject;
  try {
    key = read();
  } catch (error) {
    throw new MenshenError('COMMAND_KEY_INVALID', `${where} is not a key: ${messageOf(error)}.`);
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new MenshenError(
      'COMMAND_KEY_INVALID',
      `${where} is a key of the kind ${key.asymmetricKeyType}, not Ed25519.`,
    );
  }
  return key;
}
