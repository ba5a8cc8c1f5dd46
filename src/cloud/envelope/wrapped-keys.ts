import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Sm2PublicKey } from '../keys.ts';
import { type Sm2Order, sm2Encrypt } from './sm2.ts';
import { HMAC_KEY_BYTES, SM4_KEY_BYTES } from './symmetric.ts';

/** The keys of one request, and the same keys wrapped for the service (base64). The thread that makes them sends this. */
export const wrappedKeys = z.object({
  sm4Key: z.instanceof(Uint8Array),
  hmacKey: z.instanceof(Uint8Array),
  ciphertextBlob: z.string(),
  encryptedHashKey: z.string(),
});
export type WrappedKeys = z.infer<typeof wrappedKeys>;

/** Draws fresh keys and wraps them: two SM2 encryptions, about 40 ms of the CPU. */
export function wrapFreshKeys(publicKey: Sm2PublicKey, order: Sm2Order): WrappedKeys {
  const sm4Key = randomBytes(SM4_KEY_BYTES);
  const hmacKey = randomBytes(HMAC_KEY_BYTES);
  return {
    sm4Key,
    hmacKey,
    ciphertextBlob: sm2Encrypt(sm4Key, publicKey, order).toString('base64'),
    encryptedHashKey: sm2Encrypt(hmacKey, publicKey, order).toString('base64'),
  };
}
