import { parseJson } from '../../common/index.ts';
import { ENVELOPE_ERRORS, type EnvelopeCode } from '../catalogue.ts';
import type { Sm2PrivateKey } from '../keys.ts';
import { sm2Decrypt } from './sm2-decrypt.ts';
import type { Sm2Order } from './sm2-order.ts';
import { fieldHash, fieldHashMatches, readBase64, sm4Decrypt, sm4Encrypt } from './symmetric.ts';
import { type EncryptedAnswer, type EncryptedRequest, encryptedRequest } from './wire.ts';

/** Why an encrypted request was refused, in the manual's words. It is answered in the clear. */
export interface EnvelopeRefusal {
  readonly ok: false;
  readonly code: EnvelopeCode;
  readonly message: string;
  readonly details: string;
}

/** The service's side of one encrypted call. */
export interface OpenedRequest {
  readonly ok: true;
  /** The body as an unencrypted call would have had it, exact bytes; not yet known to be JSON. */
  readonly body: Buffer;
  /** The order in which the client writes SM2 ciphertexts. */
  readonly order: Sm2Order;
  /** The body to send in place of `answer`, for a success alone: errors go in the clear. */
  readonly seal: (answer: Uint8Array) => Buffer;
}

/**
 * Opens the body of a request with `decrypted: true`, written in either SM2 order. Nothing of it is believed before
 * both hashes match. Never throws.
 */
export function openEncryptedRequest(sent: Uint8Array, key: Sm2PrivateKey): OpenedRequest | EnvelopeRefusal {
  const parsed = encryptedRequest.safeParse(parseJson(sent));
  const bytes = parsed.success ? decodeFields(parsed.data) : null;
  if (!parsed.success || bytes === null) return refusal('AI_OP_40017');

  const sm4 = sm2Decrypt(bytes.blob, key);
  const hmac = sm2Decrypt(bytes.hashKey, key);
  if (sm4 === null || hmac === null) return refusal('AI_OP_40019');

  const fields = parsed.data;
  if (!fieldHashMatches(hmac.plain, fields.ciphertextBlob, fields.ciphertextBlobHash)) {
    return refusal('AI_OP_40018', 0);
  }
  if (!fieldHashMatches(hmac.plain, fields.encryptedBody, fields.encryptedBodyHash)) {
    return refusal('AI_OP_40018', 1);
  }
  const body = sm4Decrypt(sm4.plain, bytes.body);
  if (body === null) return refusal('AI_OP_40020', 1);
  return {
    ok: true,
    body,
    order: sm4.order,
    seal: (answer) => sealAnswer(answer, sm4.plain, hmac.plain),
  };
}

function decodeFields(fields: EncryptedRequest): { blob: Buffer; hashKey: Buffer; body: Buffer } | null {
  const blob = readBase64(fields.ciphertextBlob);
  const hashKey = readBase64(fields.encryptedHashKey);
  const body = readBase64(fields.encryptedBody);
  const hashes = [fields.ciphertextBlobHash, fields.encryptedBodyHash].map(readBase64);
  return blob === null || hashKey === null || body === null || hashes.includes(null)
    ? null
    : { blob, hashKey, body };
}

function sealAnswer(answer: Uint8Array, sm4Key: Buffer, hmacKey: Buffer): Buffer {
  const encryptedResult = sm4Encrypt(sm4Key, answer).toString('base64');
  const sealed: EncryptedAnswer = {
    encryptedResultHash: fieldHash(hmacKey, encryptedResult),
    encryptedResult,
  };
  return Buffer.from(JSON.stringify(sealed), 'latin1');
}

function refusal(code: EnvelopeCode, row = 0): EnvelopeRefusal {
  const { message, details } = ENVELOPE_ERRORS[code].rows[row] ?? { message: '', details: '' };
  return { ok: false, code, message, details };
}
