import { createHash, createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import { MenshenError } from '../common/index.ts';
import { EOP_ZONE, eopDate } from './eop-date.ts';
import { canonicalQuery, type QueryInput, sortedQuery } from './query.ts';

export {
  checkEopDate,
  clockSkewMs,
  EOP_WINDOW_MS,
  EOP_ZONE,
  type EopDateCheck,
  eopDate,
} from './eop-date.ts';
export { canonicalQuery, type QueryInput } from './query.ts';

/** How the second part of Eop-Authorization begins: in the clients known to work, and in the manual. */
export const HEADERS_SPELLINGS = ['Headers', 'headers'] as const;
export type HeadersSpelling = (typeof HEADERS_SPELLINGS)[number];

/** 6.2.3: no signature is valid without these. */
const MANDATORY = ['ctyun-eop-request-id', 'eop-date'] as const;
const AUTHORIZATION = /^\s*(\S+)\s+headers\s*=\s*(\S+)\s+signature\s*=\s*([A-Za-z0-9+/]{43}=)\s*$/i;
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** What every HTTP library sends as it stands: no line break, no outer space, nothing beyond ASCII. */
const HEADER_VALUE = /^(?:[!-~](?:[ -~]*[!-~])?)?$/;
const ACCESS_KEY = /^[!-~]+$/;
const DAY_CHARACTERS = 8;

export interface SignRequestOptions {
  readonly accessKey: string;
  readonly secretKey: string;
  /** Without any by default. */
  readonly query?: QueryInput;
  /** The exact bytes that will be sent. */
  readonly body: Uint8Array;
  /** Headers to sign besides the mandatory two, for example `host`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly now: Date;
  /** Default: a new UUID. */
  readonly requestId?: string;
  /** IANA zone whose wall clock eop-date shows; default Asia/Shanghai. */
  readonly zone?: string;
  /** Default `Headers`. */
  readonly headersSpelling?: HeadersSpelling;
}

export interface SignedRequest {
  /** All signed headers, lower case, and `Eop-Authorization`: send each as it stands. */
  readonly headers: Readonly<Record<string, string>>;
  /** The query as signed, without `?`: send these characters. */
  readonly query: string;
  readonly requestId: string;
  readonly eopDate: string;
}

/**
 * Signs a request by 6.2.3. Method, path and host are no part of a signature unless `host` is among `headers`. Throws
 * CLOUD_CREDENTIALS_INVALID for an access key that no header can carry, INTERNAL for such a header.
 */
export function signRequest(options: SignRequestOptions): SignedRequest {
  const { accessKey, secretKey, requestId = randomUUID(), headersSpelling = 'Headers' } = options;
  if (!ACCESS_KEY.test(accessKey) || secretKey === '') {
    throw new MenshenError(
      'CLOUD_CREDENTIALS_INVALID',
      'The access key or the secret key of the cloud is empty or holds a space. Copy it again from the console.',
    );
  }
  const date = eopDate(options.now, options.zone ?? EOP_ZONE);
  const signed = new Map([
    ['ctyun-eop-request-id', requestId],
    ['eop-date', date],
  ]);
  for (const [name, value] of Object.entries(options.headers ?? {})) addHeader(signed, name, value);
  if (requestId === '' || !HEADER_VALUE.test(requestId)) throw unsendable('ctyun-eop-request-id');

  const query = canonicalQuery(options.query ?? '');
  const names = [...signed.keys()].toSorted();
  const text = stringToSign(names, signed, query, options.body);
  const signature = sign({ accessKey, secretKey, date, text });
  const authorization = `${accessKey} ${headersSpelling}=${names.join(';')} Signature=${signature}`;
  return {
    headers: { ...Object.fromEntries(signed), 'Eop-Authorization': authorization },
    query,
    requestId,
    eopDate: date,
  };
}

/** The three parts of Eop-Authorization. */
export interface Authorization {
  readonly accessKey: string;
  /** Lower case, as listed. */
  readonly signedHeaders: readonly string[];
  /** Base64. */
  readonly signature: string;
}

/** Reads Eop-Authorization in either spelling, with the space before `=` that one of the manual's examples has; null when malformed. */
export function parseAuthorization(header: string): Authorization | null {
  const [, accessKey, list, signature] = AUTHORIZATION.exec(header) ?? [];
  if (accessKey === undefined || list === undefined || signature === undefined) return null;
  const signedHeaders = list.toLowerCase().split(';');
  const sound = signedHeaders.every((name) => HEADER_NAME.test(name));
  return sound && new Set(signedHeaders).size === signedHeaders.length
    ? { accessKey, signedHeaders, signature }
    : null;
}

/**
 * `incomplete`: a mandatory header is not among the signed ones. `absent`: a header listed as signed was not sent.
 * `mismatch`: another key, or anything signed was altered.
 */
export type SignatureFault = 'incomplete' | 'absent' | 'mismatch';

/**
 * Checks a request by 6.2.3, in constant time over the signature. `headers` have lower-case names, as Node gives them;
 * `query` is what stood after `?` on the wire; `body` the exact bytes received. Freshness and repetition are the
 * caller's to check (`checkEopDate`): the signature covers neither path nor method, so request ids must be remembered
 * for all services together.
 */
export function verifySignature(options: {
  readonly authorization: Authorization;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly query: string;
  readonly body: Uint8Array;
  readonly secretKey: string;
}): { readonly ok: true } | { readonly ok: false; readonly reason: SignatureFault } {
  const { accessKey, signedHeaders, signature } = options.authorization;
  if (!MANDATORY.every((name) => signedHeaders.includes(name))) return { ok: false, reason: 'incomplete' };
  const sent = new Map<string, string>();
  for (const name of signedHeaders) {
    const value = Object.hasOwn(options.headers, name) ? options.headers[name] : undefined;
    if (value === undefined) return { ok: false, reason: 'absent' };
    sent.set(name, typeof value === 'string' ? value : value.join(', '));
  }
  const names = [...signedHeaders].toSorted();
  const date = sent.get('eop-date') ?? '';
  const right = queriesOf(options.query).map((query) => {
    const text = stringToSign(names, sent, query, options.body);
    return sign({ accessKey, secretKey: options.secretKey, date, text });
  });
  return right.filter((one) => equal(one, signature)).length > 0
    ? { ok: true }
    : { ok: false, reason: 'mismatch' };
}

/** As we encode a query, and as it was sent: other clients encode other characters. */
function queriesOf(query: string): readonly string[] {
  const asSent = sortedQuery(query);
  try {
    return [...new Set([canonicalQuery(query), asSent])];
  } catch {
    return [asSent];
  }
}

function stringToSign(
  names: readonly string[],
  values: ReadonlyMap<string, string>,
  query: string,
  body: Uint8Array,
): string {
  const headers = names.map((name) => `${name}:${values.get(name) ?? ''}\n`).join('');
  return `${headers}\n${query}\n${createHash('sha256').update(body).digest('hex')}`;
}

/** The manual's formula for kdate takes the whole eop-date, its sentence the year, month and day: the sentence is right. */
function sign(parts: { accessKey: string; secretKey: string; date: string; text: string }): string {
  const ktime = hmac(parts.secretKey, parts.date);
  const kak = hmac(ktime, parts.accessKey);
  const kdate = hmac(kak, parts.date.slice(0, DAY_CHARACTERS));
  return hmac(kdate, parts.text).toString('base64');
}

function hmac(key: string | Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data, 'utf8').digest();
}

function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function addHeader(headers: Map<string, string>, rawName: string, value: string): void {
  const name = rawName.toLowerCase();
  if (!HEADER_NAME.test(name) || headers.has(name) || !HEADER_VALUE.test(value)) throw unsendable(rawName);
  headers.set(name, value);
}

function unsendable(name: string): MenshenError {
  return new MenshenError(
    'INTERNAL',
    `The header ${JSON.stringify(name)} cannot be signed: it is given twice, or its name or value cannot be sent as it stands.`,
  );
}
