import { createECDH, ECDH } from 'node:crypto';
import { MenshenError } from '../common/index.ts';

/** Node's name of the curve sm2p256v1 (GB/T 32918.5). */
export const SM2_CURVE = 'SM2';
/** Bytes of an uncompressed point: 04, X, Y. */
export const POINT_BYTES = 65;
/** SubjectPublicKeyInfo up to the point: id-ecPublicKey (1.2.840.10045.2.1) on sm2p256v1 (1.2.156.10197.1.301). */
const SPKI_PREFIX = Buffer.from('3059301306072a8648ce3d020106082a811ccf5501822d034200', 'hex');
/**
 * PKCS #8 (RFC 5208) around an ECPrivateKey (RFC 5915), up to the 32 bytes of the key; lengths in one or two bytes.
 * Node's own reader cannot be used: it ends the whole process when an SM2 key is exported (Node 20.20, OpenSSL 3.0).
 */
const PKCS8 =
  /^30(?:81..|..)020100301306072a8648ce3d020106082a811ccf5501822d04(?:81..|..)30(?:81..|..)0201010420([0-9a-f]{64})/;
const PKCS8_HEAD = '308193020100301306072a8648ce3d020106082a811ccf5501822d047930770201010420';
const PKCS8_CURVE = 'a00a06082a811ccf5501822da144034200';

/** The public half of an SM2 key pair, as the console shows it for an application. */
export interface Sm2PublicKey {
  /** 04, X, Y in hex, proven to lie on the curve. */
  readonly point: string;
}

/** The private half. It never shows its number: not in a log, not in an error, not as JSON. */
export class Sm2PrivateKey {
  readonly #ecdh: ECDH;

  /** `number`: 32 bytes, 1 to n - 2. */
  constructor(number: Buffer) {
    this.#ecdh = createECDH(SM2_CURVE);
    this.#ecdh.setPrivateKey(number);
  }

  get publicKey(): Sm2PublicKey {
    return { point: this.#ecdh.getPublicKey('hex') };
  }

  /** X (32 bytes) of this key times `point` (04, X, Y); throws when the point is not on the curve. */
  agree(point: Buffer): Buffer {
    return this.#ecdh.computeSecret(point);
  }
}

/**
 * Reads the public key of the console: base64 of a SubjectPublicKeyInfo of 91 bytes. Line breaks from copying are
 * overlooked. Throws CLOUD_KEY_INVALID for anything else, a point beside the curve included.
 */
export function readSm2PublicKey(base64: string): Sm2PublicKey {
  const der = decode(base64);
  const point = der?.subarray(SPKI_PREFIX.length);
  if (!der?.subarray(0, SPKI_PREFIX.length).equals(SPKI_PREFIX) || point?.length !== POINT_BYTES) {
    throw publicKeyInvalid('is not the base64 of an SM2 public key (SPKI, 91 bytes)');
  }
  try {
    ECDH.convertKey(point, SM2_CURVE);
  } catch {
    throw publicKeyInvalid('is altered: its point is not on the SM2 curve');
  }
  return { point: point.toString('hex') };
}

/** Reads base64 of a private key in PKCS #8, as BouncyCastle and `generateSm2KeyPair` write it; throws CLOUD_KEY_INVALID. */
export function readSm2PrivateKey(base64: string): Sm2PrivateKey {
  const number = decode(base64)?.toString('hex').match(PKCS8)?.[1];
  try {
    if (number !== undefined) return new Sm2PrivateKey(Buffer.from(number, 'hex'));
  } catch {
    // Zero, or not below the order of the curve: the same answer as for any other text that is no key.
  }
  throw new MenshenError(
    'CLOUD_KEY_INVALID',
    'The private key of the envelope is not the base64 of an SM2 private key (PKCS #8). Restore it, or make a new pair.',
  );
}

/** A new pair in the forms that CTYun's console and BouncyCastle use: base64 of SPKI and of PKCS #8. */
export function generateSm2KeyPair(): { readonly publicKey: string; readonly privateKey: string } {
  const ecdh = createECDH(SM2_CURVE);
  const point = ecdh.generateKeys();
  const number = ecdh.getPrivateKey('hex').padStart(64, '0');
  const pkcs8 = Buffer.from(`${PKCS8_HEAD}${number}${PKCS8_CURVE}${point.toString('hex')}`, 'hex');
  return {
    publicKey: Buffer.concat([SPKI_PREFIX, point]).toString('base64'),
    privateKey: pkcs8.toString('base64'),
  };
}

function decode(base64: string): Buffer | null {
  const text = base64.replace(/\s/g, '');
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : null;
}

function publicKeyInvalid(what: string): MenshenError {
  return new MenshenError(
    'CLOUD_KEY_INVALID',
    `The public key of the envelope ${what}. Copy it again from the application's page in the console.`,
  );
}
