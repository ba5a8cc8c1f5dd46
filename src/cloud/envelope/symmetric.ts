import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';

/** SM4 has keys of 128 bits only; the manual's "or 256" exists in no implementation of it. */
export const SM4_KEY_BYTES = 16;
/** As in the manual's example. Any length is read. */
export const HMAC_KEY_BYTES = 16;

/** SM4/ECB/PKCS5Padding. */
export function sm4Encrypt(key: Uint8Array, plain: Uint8Array): Buffer {
  const cipher = createCipheriv('sm4-ecb', key, null);
  return Buffer.concat([cipher.update(plain), cipher.final()]);
}

/** Null when the key has not 16 bytes or the padding is wrong. */
export function sm4Decrypt(key: Uint8Array, sealed: Uint8Array): Buffer | null {
  try {
    const decipher = createDecipheriv('sm4-ecb', key, null);
    return Buffer.concat([decipher.update(sealed), decipher.final()]);
  } catch {
    return null;
  }
}

/** Base64 of HMAC-SM3 over the characters of a field, which are base64 themselves: not over the bytes they stand for. */
export function fieldHash(key: Uint8Array, field: string): string {
  return createHmac('sm3', key).update(field, 'latin1').digest('base64');
}

/** Compares in constant time. */
export function fieldHashMatches(key: Uint8Array, field: string, hash: string): boolean {
  const given = Buffer.from(hash, 'latin1');
  const right = Buffer.from(fieldHash(key, field), 'latin1');
  return given.length === right.length && timingSafeEqual(given, right);
}

/** Bytes of standard base64 with padding and without line breaks, at least one; null for any other text. */
export function readBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length > 0 && bytes.toString('base64') === text ? bytes : null;
}
