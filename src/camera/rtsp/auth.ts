import { createHash, randomBytes } from 'node:crypto';
import type { Credentials } from '../credentials.ts';

interface Challenge {
  readonly scheme: string;
  readonly params: ReadonlyMap<string, string>;
}

type Algorithm = 'md5' | 'sha256';

interface Digest {
  readonly algorithm: Algorithm;
  /** As the camera wrote it, to be repeated; `null` where it wrote none. */
  readonly algorithmName: string | null;
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | null;
  readonly qop: boolean;
}

const ALGORITHMS: Readonly<Record<string, Algorithm>> = { md5: 'md5', 'sha-256': 'sha256' };
const MAX_CHALLENGES = 8;

/** Answers a camera that asks for user and password: Digest (RFC 7616: SHA-256 or MD5, with or without qop=auth), else Basic. */
export class Authenticator {
  readonly #credentials: Credentials | null;
  #digest: Digest | null = null;
  #basic = false;
  #count = 0;

  constructor(credentials: Credentials | null) {
    this.#credentials = credentials;
  }

  /**
   * Takes the WWW-Authenticate headers of a 401. True if the request is worth sending again: the first time, or
   * when only the nonce had expired.
   */
  challenge(headers: readonly string[]): boolean {
    if (this.#credentials === null) return false;
    const challenges = headers.flatMap(readChallenges).slice(0, MAX_CHALLENGES);
    const best = bestDigest(challenges);
    if (best !== null) {
      const again = this.#digest === null || (best.stale && best.digest.nonce !== this.#digest.nonce);
      this.#digest = best.digest;
      this.#count = 0;
      return again;
    }
    const first = !this.#basic && this.#digest === null;
    this.#basic = challenges.some(({ scheme }) => scheme === 'basic');
    return first && this.#basic;
  }

  /** The Authorization header for a request, or `null` while none was asked for. */
  header(method: string, uri: string): string | null {
    if (this.#credentials === null) return null;
    const { username, password } = this.#credentials;
    if (this.#digest === null) {
      return this.#basic ? `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` : null;
    }
    this.#count++;
    return digestHeader(
      this.#digest,
      this.#credentials,
      method,
      uri,
      this.#count,
      randomBytes(8).toString('hex'),
    );
  }
}

function digestHeader(
  digest: Digest,
  { username, password }: Credentials,
  method: string,
  uri: string,
  count: number,
  cnonce: string,
): string {
  const hash = (text: string): string => createHash(digest.algorithm).update(text).digest('hex');
  const { realm, nonce, algorithmName, opaque, qop } = digest;
  const secret = hash(`${username}:${realm}:${password}`);
  const request = hash(`${method}:${uri}`);
  const nc = count.toString(16).padStart(8, '0');
  const middle = qop ? `${nonce}:${nc}:${cnonce}:auth` : nonce;
  const fields = [
    `username=${quote(username)}`,
    `realm=${quote(realm)}`,
    `nonce=${quote(nonce)}`,
    `uri=${quote(uri)}`,
    `response="${hash(`${secret}:${middle}:${request}`)}"`,
  ];
  if (algorithmName !== null) fields.push(`algorithm=${algorithmName}`);
  if (opaque !== null) fields.push(`opaque=${quote(opaque)}`);
  if (qop) fields.push(`qop=auth`, `nc=${nc}`, `cnonce="${cnonce}"`);
  return `Digest ${fields.join(', ')}`;
}

/** The strongest Digest we can answer. */
function bestDigest(challenges: readonly Challenge[]): { digest: Digest; stale: boolean } | null {
  let best: { digest: Digest; stale: boolean } | null = null;
  for (const { scheme, params } of challenges) {
    const name = params.get('algorithm') ?? null;
    const algorithm = ALGORITHMS[(name ?? 'MD5').toLowerCase()];
    const [realm, nonce, qop] = [params.get('realm'), params.get('nonce'), params.get('qop')];
    if (scheme !== 'digest' || algorithm === undefined || realm === undefined || nonce === undefined)
      continue;
    if (qop !== undefined && !qop.split(',').some((word) => word.trim().toLowerCase() === 'auth')) continue;
    if (best !== null && !(algorithm === 'sha256' && best.digest.algorithm === 'md5')) continue;
    const opaque = params.get('opaque') ?? null;
    const digest = { algorithm, algorithmName: name, realm, nonce, opaque, qop: qop !== undefined };
    best = { digest, stale: params.get('stale')?.toLowerCase() === 'true' };
  }
  return best;
}

/** One header may hold several challenges, separated like their parameters. */
function readChallenges(header: string): Challenge[] {
  const found: { scheme: string; params: Map<string, string> }[] = [];
  const token = /\s*,?\s*([\w-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+)))?/gy;
  for (let match = token.exec(header); match !== null; match = token.exec(header)) {
    const [, name = '', quoted, bare] = match;
    if (quoted === undefined && bare === undefined)
      found.push({ scheme: name.toLowerCase(), params: new Map() });
    else found.at(-1)?.params.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '');
  }
  return found;
}

/** A header holds bytes, not characters: UTF-8 as in the hash. */
function quote(text: string): string {
  const bytes = Buffer.from(text.replace(/[\r\n]/g, ''), 'utf8').toString('latin1');
  return `"${bytes.replace(/[\\"]/g, '\\$&')}"`;
}
