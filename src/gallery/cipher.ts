import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

/** Length of the master key in bytes (AES-256). */
export const KEY_BYTES = 32;

const FORMAT = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + NONCE_BYTES + TAG_BYTES;

/** What a sealed value belongs to: the table and every clear column of its row. Opening with any other identity fails. */
export type RowIdentity = readonly (string | number | null)[];

/**
 * Seals and opens the values of gallery rows, and hashes ID numbers: AES-256-GCM, a random nonce of 96 bits a value, the identity of
 * the row as additional authenticated data, so that no sealed value works in another row or under altered columns.
 * Layout: format (1 byte), nonce (12), tag (16), ciphertext.
 */
export class RowCipher {
  readonly #rowKey: Uint8Array;
  readonly #check: Uint8Array;
  readonly #idNumberKey: Uint8Array;

  /** `master`: 32 bytes. The key of the rows is derived from it, so that the key check value tells nothing about it. */
  constructor(master: Uint8Array) {
    this.#rowKey = derive(master, 'menshen gallery rows');
    this.#check = derive(master, 'menshen gallery key check');
    this.#idNumberKey = derive(master, 'menshen gallery ID numbers');
  }

  /** Kept in the gallery to tell a wrong key from damaged data; reveals nothing about the key. */
  get keyCheck(): Uint8Array {
    return this.#check;
  }

  isKeyCheck(stored: Uint8Array): boolean {
    return stored.length === this.#check.length && timingSafeEqual(stored, this.#check);
  }

  /**
   * HMAC-SHA-256 of an ID number in normal form, base64. Keyed, because there are so few possible numbers that a plain
   * hash is found by trying all.
   */
  hashIdNumber(idNumber: string): string {
    return createHmac('sha256', this.#idNumberKey).update(idNumber, 'utf8').digest('base64');
  }

  seal(identity: RowIdentity, plain: Uint8Array): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#rowKey, nonce);
    cipher.setAAD(encode(identity));
    const body = Buffer.concat([cipher.update(plain), cipher.final()]);
    return Buffer.concat([Buffer.of(FORMAT), nonce, cipher.getAuthTag(), body]);
  }

  /** The plain bytes (a buffer of their own), or null when the value is not exactly what was sealed under this identity. */
  open(identity: RowIdentity, sealed: Uint8Array): Buffer | null {
    if (sealed.length < HEAD_BYTES || sealed[0] !== FORMAT) return null;
    const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', this.#rowKey, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(encode(identity));
    decipher.setAuthTag(sealed.subarray(1 + NONCE_BYTES, HEAD_BYTES));
    try {
      const plain = decipher.update(sealed.subarray(HEAD_BYTES));
      // Throws unless all is authentic; GCM holds no bytes back until then.
      decipher.final();
      return plain;
    } catch {
      return null;
    }
  }
}

/** JSON of an array is unambiguous: no two identities have the same bytes. */
function encode(identity: RowIdentity): Buffer {
  return Buffer.from(JSON.stringify(identity), 'utf8');
}

function derive(master: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', master, new Uint8Array(0), purpose, KEY_BYTES));
}
