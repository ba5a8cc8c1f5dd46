import { createHash, ECDH } from 'node:crypto';
import { POINT_BYTES, SM2_CURVE, type Sm2PrivateKey } from '../keys.ts';
import { SM2_ORDERS, type Sm2Order } from './sm2-order.ts';

const SM3_BYTES = 32;
const HALF = 32;
/** Of a compressed point: its Y is even, or odd. */
const PARITIES = [2, 3] as const;

/**
 * Decrypts what `sm2Encrypt` or BouncyCastle wrote, in either order: C3 tells which one it is. Null when it is none
 * for this key, or was altered. It computes with Node's own curve arithmetic, which takes a thirteenth of sm-crypto's
 * time; ECDH gives the shared point without the sign of its Y, so both are tried, and C3 tells again.
 */
export function sm2Decrypt(
  cipher: Uint8Array,
  key: Sm2PrivateKey,
): { readonly plain: Buffer; readonly order: Sm2Order } | null {
  if (cipher.length <= POINT_BYTES + SM3_BYTES || cipher[0] !== 4) return null;
  const bytes = Buffer.from(cipher.buffer, cipher.byteOffset, cipher.length);
  const x = sharedX(bytes.subarray(0, POINT_BYTES), key);
  if (x === null) return null;
  const rest = bytes.subarray(POINT_BYTES);
  for (const parity of PARITIES) {
    const shared = pointOf(parity, x);
    const mask = keyStream(shared, rest.length - SM3_BYTES);
    for (const order of SM2_ORDERS) {
      const plain = openIn(order, rest, shared, mask);
      if (plain !== null) return { plain, order };
    }
  }
  return null;
}

function sharedX(point: Buffer, key: Sm2PrivateKey): Buffer | null {
  try {
    return key.agree(point);
  } catch {
    return null;
  }
}

/** X and Y, 64 bytes, of the point with this X and this parity of Y. */
function pointOf(parity: number, x: Buffer): Buffer {
  const compressed = Buffer.concat([Buffer.from([parity]), x]);
  const whole = ECDH.convertKey(compressed, SM2_CURVE, undefined, undefined, 'uncompressed');
  return Buffer.from(whole).subarray(1);
}

function openIn(order: Sm2Order, rest: Buffer, shared: Buffer, mask: Buffer): Buffer | null {
  const c2First = order === 'C1C2C3';
  const c2 = c2First ? rest.subarray(0, -SM3_BYTES) : rest.subarray(SM3_BYTES);
  const c3 = c2First ? rest.subarray(-SM3_BYTES) : rest.subarray(0, SM3_BYTES);
  const plain = Buffer.from(c2.map((byte, index) => byte ^ (mask[index] ?? 0)));
  const proof = sm3(shared.subarray(0, HALF), plain, shared.subarray(HALF));
  return proof.equals(c3) ? plain : null;
}

/** The key derivation function of GB/T 32918.4, 5.4.3: SM3 of the shared point and a counter, as often as needed. */
function keyStream(shared: Buffer, length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / SM3_BYTES) }, (_, index) => {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(index + 1);
    return sm3(shared, counter);
  });
  return Buffer.concat(blocks, length);
}

function sm3(...parts: readonly Buffer[]): Buffer {
  const hash = createHash('sm3');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
