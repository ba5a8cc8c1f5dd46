import {
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { z } from 'zod';
import { SiteRefusal } from './signed.ts';

/** AES-256. */
export const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** What precedes the 32 bytes of an X25519 key in its SubjectPublicKeyInfo (RFC 8410). */
const SPKI_HEAD = Buffer.from('302a300506032b656e032100', 'hex');

const publicKey = z.string().regex(/^[A-Za-z0-9+/]{43}=$/);

const WrappedSchema = z.strictObject({
  epoch: z.int().min(1),
  ephemeral: publicKey.describe('X25519 key of this wrapping alone, 32 bytes, base64'),
  sealed: z.base64().length(80).describe('Nonce (12 bytes), tag (16), the content key (32), base64'),
});
export type WrappedKey = z.output<typeof WrappedSchema>;

/** Content keys for one gate: the one in force, and the one before while records are sealed anew. */
export const KeysSchema = z.strictObject({
  site: z.string(),
  gate: z.string(),
  keys: z.array(WrappedSchema).min(1).max(4),
});

/** A new X25519 key pair. */
export function newEncryptionKey(): KeyObject {
  return generateKeyPairSync('x25519').privateKey;
}

/** The public half as it is published: its 32 bytes, base64. */
export function encryptionPublicKey(key: KeyObject): string {
  return createPublicKey(key)
    .export({ format: 'der', type: 'spki' })
    .subarray(SPKI_HEAD.length)
    .toString('base64');
}

export const EncryptionKeySchema = publicKey;

/**
 * Wraps a content key for one gate: X25519 with a key of this once, HKDF-SHA-256 over both public keys, AES-256-GCM.
 * Site, gate and epoch are authenticated.
 */
export function wrapKey(key: Uint8Array, site: string, gate: string, epoch: number, to: string): WrappedKey {
  const once = newEncryptionKey();
  const ephemeral = encryptionPublicKey(once);
  const shared = diffieHellman({ privateKey: once, publicKey: readEncryptionKey(to) });
  const sealed = seal(wrappingKey(shared, ephemeral, to), ['keys', site, gate, epoch], key);
  return { epoch, ephemeral, sealed: sealed.toString('base64') };
}

/** @throws SiteRefusal SITE_SEALED when it was wrapped for another gate, or altered */
export function unwrapKey(wrapped: WrappedKey, site: string, gate: string, key: KeyObject): Buffer {
  const { epoch, ephemeral, sealed } = wrapped;
  let shared: Buffer;
  try {
    shared = diffieHellman({ privateKey: key, publicKey: readEncryptionKey(ephemeral) });
  } catch {
    throw new SiteRefusal('SITE_SEALED', 'the content key is not wrapped as it should be');
  }
  const own = encryptionPublicKey(key);
  return unseal(
    wrappingKey(shared, ephemeral, own),
    ['keys', site, gate, epoch],
    Buffer.from(sealed, 'base64'),
  );
}

/** Nonce, tag, ciphertext: AES-256-GCM under a random nonce; `context` is authenticated. */
export function seal(key: Uint8Array, context: readonly (string | number)[], plain: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(JSON.stringify(context)));
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]);
}

/** @throws SiteRefusal SITE_SEALED */
export function unseal(key: Uint8Array, context: readonly (string | number)[], sealed: Uint8Array): Buffer {
  const refusal = () => new SiteRefusal('SITE_SEALED', 'it is not sealed under the content key of the site');
  if (sealed.length < NONCE_BYTES + TAG_BYTES) throw refusal();
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(Buffer.from(JSON.stringify(context)));
  decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
  } catch {
    throw refusal();
  }
}

function readEncryptionKey(text: string): KeyObject {
  const key = Buffer.concat([SPKI_HEAD, Buffer.from(text, 'base64')]);
  return createPublicKey({ key, format: 'der', type: 'spki' });
}

function wrappingKey(shared: Uint8Array, ephemeral: string, to: string): Uint8Array {
  const salt = Buffer.concat([Buffer.from(ephemeral, 'base64'), Buffer.from(to, 'base64')]);
  return new Uint8Array(hkdfSync('sha256', shared, salt, 'menshen site content key', KEY_BYTES));
}
