import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { MenshenError } from '../common/index.ts';
import type { SealedPicture } from './schema.ts';

/** Nonce and tag of AES-GCM in bytes (NIST SP 800-38D: 96-bit nonce, 128-bit tag). */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

/** A crop of a face is some 10-30 KiB; more than this is a mistake. */
const MAX_PICTURE_BYTES = 1024 * 1024;

/** The journal's own key, derived (HKDF-SHA256) from the gate's, so that no ciphertext of the gallery fits here. */
export function pictureKey(key: Buffer): Buffer {
  if (key.length !== KEY_BYTES) {
    throw new MenshenError(
      'KEY_INVALID',
      `The key for the journal's pictures has ${key.length} bytes instead of ${KEY_BYTES}.`,
    );
  }
  return Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), 'menshen journal pictures', KEY_BYTES));
}

/** Encrypts a JPEG (AES-256-GCM), bound to the event's id. Throws PICTURE_UNREADABLE for what is no JPEG. */
export function sealPicture(key: Buffer, eventId: string, jpeg: Uint8Array): SealedPicture {
  if (jpeg.length > MAX_PICTURE_BYTES || jpeg[0] !== 0xff || jpeg[1] !== 0xd8) {
    throw new MenshenError(
      'PICTURE_UNREADABLE',
      `The picture of event ${eventId} is no JPEG of 1 MiB at most; it was not stored.`,
    );
  }
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(eventId));
  const ciphertext = Buffer.concat([cipher.update(jpeg), cipher.final()]);
  return { nonce, tag: cipher.getAuthTag(), ciphertext };
}

/** Decrypts. Throws KEY_WRONG when key, event or picture do not belong together. */
export function unsealPicture(key: Buffer, eventId: string, sealed: SealedPicture): Buffer {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(eventId));
    decipher.setAuthTag(sealed.tag);
    return Buffer.concat([decipher.update(sealed.ciphertext), decipher.final()]);
  } catch (error) {
    throw new MenshenError(
      'KEY_WRONG',
      `The picture of event ${eventId} cannot be decrypted: the key is not the one it was stored with, or the picture was altered.`,
      { cause: error },
    );
  }
}
