import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RequestEnvelope } from '../../src/cloud/envelope/request-envelope.ts';
import { sm2Decrypt } from '../../src/cloud/envelope/sm2-decrypt.ts';
import { sm2Encrypt } from '../../src/cloud/envelope/sm2-encrypt.ts';
import { fieldHash, sm4Encrypt } from '../../src/cloud/envelope/symmetric.ts';
import { wrapFreshKeys } from '../../src/cloud/envelope/wrapped-keys.ts';
import {
  EnvelopeKeyPool,
  generateSm2KeyPair,
  openEncryptedRequest,
  readSm2PrivateKey,
  readSm2PublicKey,
  SM2_ORDERS,
  type Sm2PrivateKey,
  type Sm2PublicKey,
} from '../../src/cloud/index.ts';
import { bouncyCastleVectors } from './vectors.ts';

const vectors = bouncyCastleVectors();
const bcPublic = readSm2PublicKey(vectors.publicKeySpkiBase64);
const bcPrivate = readSm2PrivateKey(vectors.privateKeyPkcs8Base64);
const text = (value: unknown): Buffer =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

describe('SM2 keys', () => {
  it('are read as the console and BouncyCastle write them', () => {
    expect(bcPrivate.publicKey).toEqual(bcPublic);
    expect(readSm2PublicKey(vectors.publicKeySpkiBase64.replace(/.{64}/g, '$&\r\n'))).toEqual(bcPublic);
  });

  it('are made in the same forms, byte for byte', () => {
    for (let i = 0; i < 20; i++) {
      const pair = generateSm2KeyPair();
      expect(readSm2PrivateKey(pair.privateKey).publicKey).toEqual(readSm2PublicKey(pair.publicKey));
      expect(pair.publicKey.slice(0, 36)).toBe(vectors.publicKeySpkiBase64.slice(0, 36));
      expect(pair.privateKey.slice(0, 44)).toBe(vectors.privateKeyPkcs8Base64.slice(0, 44));
      expect(pair.privateKey).toHaveLength(vectors.privateKeyPkcs8Base64.length);
    }
  });

  it('are refused when any bit is altered', () => {
    const key = Buffer.from(vectors.publicKeySpkiBase64, 'base64');
    for (let bit = 0; bit < key.length * 8; bit++) {
      const altered = flipped(key, bit).toString('base64');
      expect(() => readSm2PublicKey(altered)).toThrow(expect.objectContaining({ code: 'CLOUD_KEY_INVALID' }));
    }
  });

  it.each(['', 'no key', vectors.privateKeyPkcs8Base64, vectors.publicKeySpkiBase64.slice(4)])(
    'are refused when they are something else: %s',
    (wrong) => {
      expect(() => readSm2PublicKey(wrong)).toThrow(expect.objectContaining({ code: 'CLOUD_KEY_INVALID' }));
    },
  );

  it('never show the private number', () => {
    const number = Buffer.from(vectors.privateKeyPkcs8Base64, 'base64').subarray(36, 68);
    const shown = `${JSON.stringify(bcPrivate)}${String(bcPrivate)}${JSON.stringify(Object.entries(bcPrivate))}`;
    expect(shown).not.toContain(number.toString('hex'));
    const zero = Buffer.from(vectors.privateKeyPkcs8Base64, 'base64').fill(0, 36, 68).toString('base64');
    for (const wrong of [vectors.publicKeySpkiBase64, zero, '']) {
      expect(() => readSm2PrivateKey(wrong)).toThrow(expect.objectContaining({ code: 'CLOUD_KEY_INVALID' }));
    }
  });
});

describe('SM2', () => {
  it.each(vectors.sm2)(
    'decrypts $mode of BouncyCastle and tells the order',
    ({ mode, plainHex, cipherBase64 }) => {
      expect(sm2Decrypt(Buffer.from(cipherBase64, 'base64'), bcPrivate)).toEqual({
        plain: Buffer.from(plainHex, 'hex'),
        order: mode,
      });
    },
  );

  it('gives back what was encrypted, in either order, for any key pair', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 100 }),
        fc.constantFrom(...SM2_ORDERS),
        (plain, order) => {
          const pair = generateSm2KeyPair();
          const cipher = sm2Encrypt(plain, readSm2PublicKey(pair.publicKey), order);
          expect(cipher[0]).toBe(4);
          expect(cipher).toHaveLength(97 + plain.length);
          const opened = sm2Decrypt(cipher, readSm2PrivateKey(pair.privateKey));
          expect(opened).toEqual({ plain: Buffer.from(plain), order });
        },
      ),
      { numRuns: 40 },
    );
  });

  it('opens nothing that was altered in any byte, cut, or lacks the leading 04', () => {
    const { cipherBase64 } = vectors.sm2[2] ?? { cipherBase64: '' };
    const cipher = Buffer.from(cipherBase64, 'base64');
    for (let byte = 0; byte < cipher.length; byte++) {
      expect(sm2Decrypt(flipped(cipher, byte * 8 + (byte % 8)), bcPrivate)).toBeNull();
      expect(sm2Decrypt(cipher.subarray(0, byte), bcPrivate)).toBeNull();
    }
    expect(sm2Decrypt(cipher.subarray(1), bcPrivate)).toBeNull();
  });
});

describe('the envelope against BouncyCastle', () => {
  it.each(vectors.envelopes)('opens its $sm2Mode request and seals the very same answer', (vector) => {
    const opened = openEncryptedRequest(text(vector.request), bcPrivate);
    if (!opened.ok) throw new Error(opened.code);
    expect(opened.body.toString()).toBe(vector.body);
    expect(opened.order).toBe(vector.sm2Mode);
    expect(JSON.parse(opened.seal(text(vector.responseBody)).toString())).toEqual(vector.response);
  });

  it.each(vectors.envelopes)('seals the very same request ($sm2Mode) and opens its answer', (vector) => {
    const envelope = new RequestEnvelope({
      sm4Key: Buffer.from(vector.sm4KeyHex, 'hex'),
      hmacKey: Buffer.from(vector.hmacKeyHex, 'hex'),
      ciphertextBlob: vector.request.ciphertextBlob ?? '',
      encryptedHashKey: vector.request.encryptedHashKey ?? '',
    });
    expect(JSON.parse(envelope.seal(text(vector.body)).toString())).toEqual(vector.request);
    const { encrypted, body } = envelope.open(text(vector.response));
    expect(encrypted).toBe(true);
    expect(Buffer.from(body).toString()).toBe(vector.responseBody);
  });
});

describe('the envelope from end to end', () => {
  let publicKey: Sm2PublicKey;
  let privateKey: Sm2PrivateKey;
  let pool: EnvelopeKeyPool;
  beforeAll(() => {
    const pair = generateSm2KeyPair();
    publicKey = readSm2PublicKey(pair.publicKey);
    privateKey = readSm2PrivateKey(pair.privateKey);
    pool = new EnvelopeKeyPool({ publicKey, size: 4 });
  });
  afterAll(() => pool.close());

  it('carries any bytes there and back', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 5000 }),
        fc.uint8Array({ maxLength: 5000 }),
        async (sent, answer) => {
          const envelope = await pool.take();
          const opened = openEncryptedRequest(envelope.seal(sent), privateKey);
          if (!opened.ok) throw new Error(opened.code);
          expect(opened.body.equals(sent)).toBe(true);
          const back = envelope.open(opened.seal(answer));
          expect(back.encrypted && Buffer.from(answer).equals(back.body)).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('uses fresh keys for each request, and none twice', async () => {
    const [one, two] = [await pool.take(), await pool.take()];
    const body = text('{"ImageData":"_9j_"}');
    const [first, second] = [one, two].map((envelope): unknown => JSON.parse(envelope.seal(body).toString()));
    for (const field of Object.keys(Object(first))) {
      expect(Reflect.get(Object(first), field)).not.toBe(Reflect.get(Object(second), field));
    }
    expect(() => one.seal(body)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });

  it('refuses a request altered in any byte', () => {
    const sealed = new RequestEnvelope(wrapFreshKeys(publicKey, 'C1C3C2')).seal(text('{"ImageData":"_9j_"}'));
    for (let byte = 0; byte < sealed.length; byte++) {
      const opened = openEncryptedRequest(flipped(sealed, byte * 8 + (byte % 7)), privateKey);
      expect(opened.ok, `byte ${byte} of ${sealed.toString()}`).toBe(false);
    }
  });

  it('refuses an answer altered in any byte', () => {
    const envelope = new RequestEnvelope(wrapFreshKeys(publicKey, 'C1C2C3'));
    const opened = openEncryptedRequest(envelope.seal(text('{}')), privateKey);
    if (!opened.ok) throw new Error(opened.code);
    const answer = opened.seal(text({ statusCode: 0, returnObj: { Score: 0.7 } }));
    for (let bit = 0; bit < answer.length * 8; bit++) {
      expect(accepted(envelope, flipped(answer, bit)), `bit ${bit}`).toBe(false);
    }
  });

  it('refuses the answer to another request', () => {
    const [mine, other] = [1, 2].map(() => new RequestEnvelope(wrapFreshKeys(publicKey, 'C1C3C2')));
    const opened = openEncryptedRequest(other?.seal(text('{}')) ?? text(''), privateKey);
    if (!opened.ok) throw new Error(opened.code);
    expect(() => mine?.open(opened.seal(text('{"statusCode":0}')))).toThrow(
      expect.objectContaining({ code: 'CLOUD_ENVELOPE_INVALID' }),
    );
  });

  it('takes errors in the clear, and no success', () => {
    const envelope = new RequestEnvelope(wrapFreshKeys(publicKey, 'C1C3C2'));
    for (const error of [
      { statusCode: 800, error: 'AI_OP_40018' },
      { code: '10020' },
      '<html>502</html>',
      '',
    ]) {
      expect(envelope.open(text(error))).toEqual({ encrypted: false, body: text(error) });
    }
    for (const success of [
      { statusCode: 0 },
      { statusCode: '0' },
      { code: 0 },
      { code: ' 00', statusCode: 800 },
    ]) {
      expect(() => envelope.open(text(success))).toThrow(
        expect.objectContaining({ code: 'CLOUD_ENVELOPE_INVALID' }),
      );
    }
  });

  describe('gives the refusals of the manual', () => {
    const sealed = (): Record<string, string> =>
      Object(JSON.parse(new RequestEnvelope(wrapFreshKeys(publicKey, 'C1C3C2')).seal(text('{}')).toString()));
    const other = randomBytes(32).toString('base64');
    const wrongKey = (): string => sm2Encrypt(randomBytes(16), bcPublic, 'C1C3C2').toString('base64');

    it.each<[string, string, () => unknown]>([
      ['AI_OP_40017', '加密参数不符合要求', () => 'no JSON'],
      ['AI_OP_40017', '加密参数不符合要求', () => []],
      ['AI_OP_40017', '加密参数不符合要求', () => ({ ...sealed(), encryptedBody: undefined })],
      ['AI_OP_40017', '加密参数不符合要求', () => ({ ...sealed(), ciphertextBlobHash: 7 })],
      ['AI_OP_40017', '加密参数不符合要求', () => ({ ...sealed(), encryptedBody: 'AAAA\nAAAA' })],
      ['AI_OP_40018', 'ciphertextBlob哈希值不匹配', () => ({ ...sealed(), ciphertextBlobHash: other })],
      ['AI_OP_40018', 'encryptedBody哈希值不匹配', () => ({ ...sealed(), encryptedBodyHash: other })],
      ['AI_OP_40019', 'SM2解密失败', () => ({ ...sealed(), ciphertextBlob: wrongKey() })],
      ['AI_OP_40019', 'SM2解密失败', () => ({ ...sealed(), encryptedHashKey: wrongKey() })],
      ['AI_OP_40019', 'SM2解密失败', () => ({ ...sealed(), encryptedHashKey: 'BAAA' })],
      ['AI_OP_40020', 'SM4解密失败', () => withSm4Key(Buffer.alloc(32, 1))],
      ['AI_OP_40020', 'SM4解密失败', () => withSm4Key(Buffer.alloc(16, 1))],
    ])('%s %s', (code, message, request) => {
      expect(openEncryptedRequest(text(request()), privateKey)).toMatchObject({ ok: false, code, message });
    });

    /** Sound hashes, but the body was encrypted with another key than the one that is sent. */
    function withSm4Key(sent: Buffer): unknown {
      const hmacKey = randomBytes(16);
      const ciphertextBlob = sm2Encrypt(sent, publicKey, 'C1C3C2').toString('base64');
      // Keys and body are fixed, since a wrong key leaves sound padding once in some 256 times.
      const encryptedBody = sm4Encrypt(Buffer.alloc(16, 2), text('{}')).toString('base64');
      return {
        ciphertextBlob,
        encryptedBody,
        encryptedHashKey: sm2Encrypt(hmacKey, publicKey, 'C1C3C2').toString('base64'),
        ciphertextBlobHash: fieldHash(hmacKey, ciphertextBlob),
        encryptedBodyHash: fieldHash(hmacKey, encryptedBody),
      };
    }
  });
});

function flipped(bytes: Buffer, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  const index = bit >> 3;
  copy[index] = (copy[index] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

function accepted(envelope: RequestEnvelope, answer: Buffer): boolean {
  try {
    return envelope.open(answer).encrypted;
  } catch {
    return false;
  }
}
