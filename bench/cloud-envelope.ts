/** What signing and the encrypted interface cost: in the path of a call, beside it (SM2), and at the service. */
import { randomBytes } from 'node:crypto';
import { sm2Decrypt } from '../src/cloud/envelope/sm2-decrypt.ts';
import { sm2Encrypt } from '../src/cloud/envelope/sm2-encrypt.ts';
import {
  EnvelopeKeyPool,
  generateSm2KeyPair,
  openEncryptedRequest,
  readSm2PrivateKey,
  readSm2PublicKey,
  signRequest,
} from '../src/cloud/index.ts';
import type { BenchRow } from './row.ts';

const RUNS = 30;
/** Bytes of the picture: a live crop, and the most that the APIs take. */
const PICTURES = [
  ['100k', 100_000],
  ['2m', 2_000_000],
] as const;
/** Milliseconds that sealing the largest picture may take. */
const SEAL_BOUND = 100;

/** Rows in milliseconds, medians. */
export async function benchCloudEnvelope(): Promise<BenchRow[]> {
  const pair = generateSm2KeyPair();
  const publicKey = readSm2PublicKey(pair.publicKey);
  const privateKey = readSm2PrivateKey(pair.privateKey);
  const pool = new EnvelopeKeyPool({ publicKey, size: RUNS });
  const rows: BenchRow[] = [];
  for (const [name, bytes] of PICTURES) {
    while (pool.ready < RUNS) await new Promise((resolve) => setTimeout(resolve, 10));
    const body = Buffer.from(JSON.stringify({ ImageData: randomBytes(bytes).toString('base64') }));
    const [seal, sign, open]: [number[], number[], number[]] = [[], [], []];
    for (let run = 0; run < RUNS; run++) {
      const envelope = await pool.take();
      const sent = timed(seal, () => envelope.seal(body));
      timed(sign, () => signRequest({ accessKey: 'AK', secretKey: 'SK', body: sent, now: new Date() }));
      timed(open, () => openEncryptedRequest(sent, privateKey));
    }
    const bound = name === '2m' ? SEAL_BOUND : null;
    rows.push(
      row(`envelope.seal.${name}`, seal, `encrypt a request with a picture of ${bytes} bytes`, bound),
    );
    rows.push(row(`envelope.sign.${name}`, sign, 'sign it'));
    rows.push(row(`envelope.open.${name}`, open, 'decrypt it at the service'));
  }
  await pool.close();

  const [encrypt, decrypt]: [number[], number[]] = [[], []];
  for (let run = 0; run < RUNS; run++) {
    const cipher = timed(encrypt, () => sm2Encrypt(randomBytes(16), publicKey, 'C1C3C2'));
    timed(decrypt, () => sm2Decrypt(cipher, privateKey));
  }
  rows.push(row('sm2.encrypt', encrypt, 'wrap a key, twice a request, ahead of need (sm-crypto)'));
  rows.push(row('sm2.decrypt', decrypt, 'unwrap a key, twice a request, at the service (Node)'));
  return rows;
}

function timed<T>(times: number[], work: () => T): T {
  const from = performance.now();
  const result = work();
  times.push(performance.now() - from);
  return result;
}

function row(id: string, times: number[], what: string, bound: number | null = null): BenchRow {
  const value = times.toSorted((a, b) => a - b)[times.length >> 1] ?? Number.NaN;
  return { id, value, unit: 'ms', bound, holds: bound === null || value <= bound, what };
}
