import { MenshenError, parseJson } from '../../common/index.ts';
import { fieldHash, fieldHashMatches, readBase64, sm4Decrypt, sm4Encrypt } from './symmetric.ts';
import { type EncryptedRequest, encryptedAnswer } from './wire.ts';
import type { WrappedKeys } from './wrapped-keys.ts';

/** What came back: the body as an unencrypted call would have had it. */
export interface OpenedAnswer {
  /** False for an error, which the service sends in the clear. */
  readonly encrypted: boolean;
  readonly body: Uint8Array;
}

/** The client's side of one encrypted call: seals its request, opens its answer. Its keys serve no second request. */
export class RequestEnvelope {
  readonly #keys: WrappedKeys;
  #sealed = false;

  constructor(keys: WrappedKeys) {
    this.#keys = keys;
  }

  /** The body to send with `decrypted: true` in place of `body`, any size. Sign these bytes. Once only. */
  seal(body: Uint8Array): Buffer {
    if (this.#sealed) throw new MenshenError('INTERNAL', 'An envelope was to be used for a second request.');
    this.#sealed = true;
    const { sm4Key, hmacKey, ciphertextBlob, encryptedHashKey } = this.#keys;
    const encryptedBody = sm4Encrypt(sm4Key, body).toString('base64');
    const request: EncryptedRequest = {
      ciphertextBlob,
      encryptedBody,
      encryptedHashKey,
      ciphertextBlobHash: fieldHash(hmacKey, ciphertextBlob),
      encryptedBodyHash: fieldHash(hmacKey, encryptedBody),
    };
    return Buffer.from(JSON.stringify(request), 'latin1');
  }

  /**
   * Opens the body of the answer. Its hash is always checked. Throws CLOUD_ENVELOPE_INVALID when it was altered, is
   * malformed, or claims success without encryption: errors alone come in the clear.
   */
  open(answer: Uint8Array): OpenedAnswer {
    const json = parseJson(answer);
    if (!hasEither(json)) {
      if (claimsSuccess(json)) throw refused('is a success sent without encryption');
      return { encrypted: false, body: answer };
    }
    const parsed = encryptedAnswer.safeParse(json);
    if (!parsed.success) throw refused('lacks encryptedResult or encryptedResultHash');
    const { encryptedResult, encryptedResultHash } = parsed.data;
    if (!fieldHashMatches(this.#keys.hmacKey, encryptedResult, encryptedResultHash)) {
      throw refused('does not match its hash');
    }
    const sealed = readBase64(encryptedResult);
    const body = sealed === null ? null : sm4Decrypt(this.#keys.sm4Key, sealed);
    if (body === null) throw refused('cannot be decrypted with the keys of its request');
    return { encrypted: true, body };
  }
}

function hasEither(json: unknown): boolean {
  return (
    typeof json === 'object' && json !== null && ('encryptedResult' in json || 'encryptedResultHash' in json)
  );
}

/** A status code of zero in any of the spellings that the manual's answers have. */
function claimsSuccess(json: unknown): boolean {
  if (typeof json !== 'object' || json === null) return false;
  const codes = ['statusCode', 'code'].map((name): unknown => Reflect.get(json, name));
  return codes.some((code) => code === 0 || (typeof code === 'string' && /^\s*0+\s*$/.test(code)));
}

function refused(what: string): MenshenError {
  return new MenshenError(
    'CLOUD_ENVELOPE_INVALID',
    `The cloud's answer to an encrypted request ${what}. It was not used. Check what stands between this device and the endpoint.`,
  );
}
