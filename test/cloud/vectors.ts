import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { SM2_ORDERS } from '../../src/cloud/index.ts';

const record = z.record(z.string(), z.string());
const signatures = z.object({
  vectors: z.array(
    z.object({
      accessKey: z.string(),
      secretKey: z.string(),
      eopDate: z.string(),
      requestId: z.string(),
      query: record,
      body: z.string(),
      extraSignedHeaders: record,
      signature: z.string(),
      authorization: z.string(),
    }),
  ),
});
const bouncyCastle = z.object({
  publicKeySpkiBase64: z.string(),
  privateKeyPkcs8Base64: z.string(),
  sm2: z.array(z.object({ mode: z.enum(SM2_ORDERS), plainHex: z.string(), cipherBase64: z.string() })),
  envelopes: z.array(
    z.object({
      sm2Mode: z.enum(SM2_ORDERS),
      sm4KeyHex: z.string(),
      hmacKeyHex: z.string(),
      body: z.string(),
      request: record,
      responseBody: z.string(),
      response: record,
    }),
  ),
});

/** Signatures made by the formulas of 6.2.3, with keys made up for the purpose. */
export function signatureVectors(): z.infer<typeof signatures>['vectors'] {
  return signatures.parse(read('eop-signature.json')).vectors;
}

/** SM2 ciphertexts and whole envelopes made by BouncyCastle 1.72, with keys made up for the purpose. */
export function bouncyCastleVectors(): z.infer<typeof bouncyCastle> {
  return bouncyCastle.parse(read('sm-bouncycastle.json'));
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`./vectors/${name}`, import.meta.url), 'utf8'));
}
