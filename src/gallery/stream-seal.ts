import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto';
import { MenshenError } from '../common/index.ts';

/**
 * A file sealed under a passphrase, in records, so that neither side holds it whole in memory:
 *
 *   "MENSHEN-PEOPLE-EXPORT\n", header length (u32 BE), header (JSON: version, kdf, salt), then records:
 *   length of the ciphertext (u32 BE), ciphertext and tag.
 *
 * Key: scrypt. Records: AES-256-GCM in the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015; as in age):
 * the nonce is the record's number (11 bytes BE) and a byte that is 1 for the last record, the key is of this file
 * alone. Records can be neither altered, reordered, left out nor cut off. The header is additional authenticated data of all.
 */
export const MAGIC = 'MENSHEN-PEOPLE-EXPORT\n';

/** scrypt's N, with r 8 and p 1 as OWASP's password storage sheet gives it: 128 MB and some 0.4 s a guess. */
export const SCRYPT_COST = 2 ** 17;
const TAG_BYTES = 16;

/** Largest record: a picture of 1 megapixel in base64 is far below it. */
export const MAX_RECORD_BYTES = 16 * 1024 * 1024;

export interface Header {
  readonly version: 1;
  readonly kdf: { readonly name: 'scrypt'; readonly N: number; readonly r: number; readonly p: number };
  /** 16 bytes, base64. */
  readonly salt: string;
}

export function newHeader(cost: number): Header {
  return {
    version: 1,
    kdf: { name: 'scrypt', N: cost, r: 8, p: 1 },
    salt: randomBytes(16).toString('base64'),
  };
}

/** Seals records one after another; `headerBytes` is the header exactly as written to the file. */
export class RecordSealer {
  readonly #key: Buffer;
  readonly #header: Uint8Array;
  #count = 0;

  constructor(passphrase: string, header: Header, headerBytes: Uint8Array) {
    this.#key = keyOf(passphrase, header);
    this.#header = headerBytes;
  }

  /** The record with its length in front. */
  seal(plain: Uint8Array, last: boolean): Buffer {
    if (plain.length > MAX_RECORD_BYTES)
      throw new MenshenError('INTERNAL', 'A record is too large to be exported.');
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce(this.#count, last));
    cipher.setAAD(this.#header);
    this.#count += 1;
    const body = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length);
    return Buffer.concat([length, body]);
  }
}

/** Opens records in the order in which they were sealed. */
export class RecordOpener {
  readonly #key: Buffer;
  readonly #header: Uint8Array;
  #count = 0;

  constructor(passphrase: string, header: Header, headerBytes: Uint8Array) {
    this.#key = keyOf(passphrase, header);
    this.#header = headerBytes;
  }

  /** Null unless the record is exactly the next one, and the last if `last`. */
  open(body: Uint8Array, last: boolean): Buffer | null {
    if (body.length < TAG_BYTES) return null;
    const decipher = createDecipheriv('aes-256-gcm', this.#key, nonce(this.#count, last), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(this.#header);
    decipher.setAuthTag(body.subarray(body.length - TAG_BYTES));
    this.#count += 1;
    try {
      return Buffer.concat([decipher.update(body.subarray(0, body.length - TAG_BYTES)), decipher.final()]);
    } catch {
      return null;
    }
  }
}

/** Unicode has several spellings of one text; keyboards differ in which they send. */
function keyOf(passphrase: string, { kdf: { N, r, p }, salt }: Header): Buffer {
  return scryptSync(passphrase.normalize('NFKC'), Buffer.from(salt, 'base64'), 32, {
    N,
    r,
    p,
    maxmem: 128 * r * (N + p) + 2 ** 20,
  });
}

function nonce(count: number, last: boolean): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUIntBE(count, 5, 6);
  bytes[11] = last ? 1 : 0;
  return bytes;
}
