import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sm2Decrypt } from '../../src/cloud/envelope/sm2-decrypt.ts';
import { sm2Encrypt } from '../../src/cloud/envelope/sm2-encrypt.ts';
import { fieldHash, sm4Encrypt } from '../../src/cloud/envelope/symmetric.ts';
import {
  EnvelopeKeyPool,
  encryptedRequest,
  generateSm2KeyPair,
  openEncryptedRequest,
  readSm2PrivateKey,
  readSm2PublicKey,
  SM2_ORDERS,
} from '../../src/cloud/index.ts';
import { missing, type Peer, startPeer } from './bouncycastle/peer.ts';

const ROUNDS = 200;
const ENVELOPES = 60;
/** Bytes of a body: around the blocks of SM4, a crop, and what the largest API takes (11 MB of base64). */
const SIZES = [0, 1, 15, 16, 17, 1000, 60_000, 2_700_000, 11_000_000];
const ANSWER = Buffer.from('{"statusCode":0,"message":"成功","returnObj":{"Score":0.6841}}');
const base64 = (text: string): Buffer => Buffer.from(text, 'base64');

const reason = missing();
describe.skipIf(reason !== null)(
  `the envelope and BouncyCastle${reason === null ? '' : `: ${reason}`}`,
  () => {
    let peer: Peer;
    const ours = generateSm2KeyPair();
    let theirs = ours;
    beforeAll(async () => {
      peer = startPeer();
      const [publicKey = Buffer.alloc(0), privateKey = Buffer.alloc(0)] = await peer.ask('keys', 'C1C3C2');
      theirs = { publicKey: publicKey.toString('base64'), privateKey: privateKey.toString('base64') };
    });
    afterAll(() => peer.stop());

    it('read the keys that the other makes', async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const [spki = Buffer.alloc(0), pkcs8 = Buffer.alloc(0)] = await peer.ask('keys', 'C1C3C2');
        const publicKey = readSm2PublicKey(spki.toString('base64'));
        expect(readSm2PrivateKey(pkcs8.toString('base64')).publicKey).toEqual(publicKey);
      }
      const [probe = Buffer.alloc(0)] = await peer.ask('encrypt', 'C1C2C3', base64(ours.publicKey), 'x');
      const [plain] = await peer.ask('decrypt', 'C1C2C3', base64(ours.privateKey), probe);
      expect(plain?.toString()).toBe('x');
    });

    it.each(SM2_ORDERS)('decrypt what the other encrypted with SM2, %s', async (order) => {
      for (let round = 0; round < ROUNDS; round++) {
        const pair = round % 2 === 0 ? ours : theirs;
        const plain = randomBytes(1 + (round % 70));
        const [cipher = Buffer.alloc(0)] = await peer.ask('encrypt', order, base64(pair.publicKey), plain);
        expect(sm2Decrypt(cipher, readSm2PrivateKey(pair.privateKey))).toEqual({ plain, order });
        const own = sm2Encrypt(plain, readSm2PublicKey(pair.publicKey), order);
        expect(await peer.ask('decrypt', order, base64(pair.privateKey), own)).toEqual([plain]);
      }
    });

    it('make the same bytes with SM4 and HMAC-SM3', async () => {
      for (const size of SIZES) {
        const [key, body] = [randomBytes(16), randomBytes(size)];
        const [sealed] = await peer.ask('sm4', 'C1C3C2', key, body);
        expect(sealed?.equals(sm4Encrypt(key, body))).toBe(true);
        const [hash] = await peer.ask('hmac', 'C1C3C2', key, body.toString('base64'));
        expect(hash?.toString('base64')).toBe(fieldHash(key, body.toString('base64')));
      }
    });

    it.each(SM2_ORDERS)('open the requests and the answers of the other, %s', async (order) => {
      const pool = new EnvelopeKeyPool({ publicKey: readSm2PublicKey(theirs.publicKey), order });
      const privateKey = readSm2PrivateKey(theirs.privateKey);
      try {
        for (let round = 0; round < ENVELOPES; round++) {
          const body = randomBytes(SIZES[round] ?? round * 97);

          const envelope = await pool.take();
          const sent = encryptedRequest.parse(JSON.parse(envelope.seal(body).toString()));
          const [opened, encryptedResult, encryptedResultHash] = await peer.ask(
            'open',
            order,
            base64(theirs.privateKey),
            sent.ciphertextBlob,
            sent.encryptedBody,
            sent.encryptedHashKey,
            sent.ciphertextBlobHash,
            sent.encryptedBodyHash,
            ANSWER,
          );
          expect(opened?.equals(body)).toBe(true);
          const answer = {
            encryptedResult: `${encryptedResult}`,
            encryptedResultHash: `${encryptedResultHash}`,
          };
          expect(ANSWER.equals(envelope.open(Buffer.from(JSON.stringify(answer))).body)).toBe(true);

          const [, , blob, sealed, hashKey, blobHash, sealedHash] = await peer.ask(
            'seal',
            order,
            base64(theirs.publicKey),
            body,
          );
          const request = {
            ciphertextBlob: `${blob}`,
            encryptedBody: `${sealed}`,
            encryptedHashKey: `${hashKey}`,
            ciphertextBlobHash: `${blobHash}`,
            encryptedBodyHash: `${sealedHash}`,
          };
          const served = openEncryptedRequest(Buffer.from(JSON.stringify(request)), privateKey);
          expect(served).toMatchObject({ ok: true, order });
          expect(served.ok && served.body.equals(body)).toBe(true);
        }
      } finally {
        await pool.close();
      }
    });

    it('refuse what the other would refuse: a ciphertext altered or without its leading 04', async () => {
      const cipher = sm2Encrypt(randomBytes(16), readSm2PublicKey(theirs.publicKey), 'C1C3C2');
      const altered = Buffer.from(cipher);
      altered[100] = (altered[100] ?? 0) ^ 1;
      for (const wrong of [altered, cipher.subarray(1)]) {
        await expect(peer.ask('decrypt', 'C1C3C2', base64(theirs.privateKey), wrong)).rejects.toThrow();
        expect(sm2Decrypt(wrong, readSm2PrivateKey(theirs.privateKey))).toBeNull();
      }
    });
  },
);
