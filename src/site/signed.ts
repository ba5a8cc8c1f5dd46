import { type KeyObject, sign, verify } from 'node:crypto';
import { z } from 'zod';
import { readJson } from '../mqtt/language.ts';

/**
 * What the administrator of a site or a gate has signed. What is signed is a text, kept as it is: nobody has to agree on
 * how JSON is written. The signature is Ed25519 (RFC 8032) over "menshen-site-v1 <kind>\n" and the body: a message of
 * one kind is of no use as another.
 */
export const SignedSchema = z.strictObject({
  body: z.string().min(2).describe('JSON, exactly as it was signed'),
  signature: z
    .string()
    .regex(/^[A-Za-z0-9+/]{86}==$/)
    .describe('Ed25519 signature of "menshen-site-v1 <kind>\\n" and the body, base64'),
});

export type SignedKind = 'manifest' | 'person' | 'keys' | 'report';

/** Why a message of a site is not used. */
export class SiteRefusal extends Error {
  readonly code: 'SITE_MESSAGE_INVALID' | 'SITE_UNSIGNED' | 'SITE_ROLLED_BACK' | 'SITE_SEALED';

  constructor(code: SiteRefusal['code'], message: string) {
    super(message);
    this.name = 'SiteRefusal';
    this.code = code;
  }
}

/** The message to send. `signer` gives the 64 bytes of an Ed25519 signature. */
export function signBody(kind: SignedKind, body: unknown, signer: (text: Uint8Array) => Uint8Array): string {
  const text = JSON.stringify(body);
  const signature = Buffer.from(signer(signedText(kind, text))).toString('base64');
  return JSON.stringify({ body: text, signature });
}

export function signerOf(key: KeyObject): (text: Uint8Array) => Buffer {
  return (text) => sign(null, text, key);
}

/**
 * Opens a message that anybody may have written. The signature of one of `keys` is checked before the body is read.
 * @throws SiteRefusal SITE_MESSAGE_INVALID, SITE_UNSIGNED
 */
export function openSigned<S extends z.ZodType>(
  kind: SignedKind,
  schema: S,
  payload: Uint8Array,
  keys: readonly KeyObject[],
): z.output<S> {
  const { body, signature } = parsed(SignedSchema, payload);
  const text = signedText(kind, body);
  const bytes = Buffer.from(signature, 'base64');
  if (!keys.some((key) => verify(null, text, key, bytes))) {
    throw new SiteRefusal('SITE_UNSIGNED', `the ${kind} is not signed by a key of the site`);
  }
  return parsed(schema, Buffer.from(body));
}

/** The body of a message whose signer is not known yet: who is named in it is to be checked by the caller. */
export function readUnverified<S extends z.ZodType>(schema: S, payload: Uint8Array): z.output<S> {
  return parsed(schema, Buffer.from(parsed(SignedSchema, payload).body));
}

/** @throws SiteRefusal SITE_MESSAGE_INVALID, without the content */
export function parsed<S extends z.ZodType>(schema: S, bytes: Uint8Array): z.output<S> {
  let value: unknown;
  try {
    value = readJson(bytes, { maxBytes: 1024 * 1024 });
  } catch (error) {
    throw new SiteRefusal(
      'SITE_MESSAGE_INVALID',
      error instanceof Error ? error.message : 'it cannot be read',
    );
  }
  const result = schema.safeParse(value);
  if (!result.success) throw new SiteRefusal('SITE_MESSAGE_INVALID', 'it is not of the form it should have');
  return result.data;
}

function signedText(kind: SignedKind, body: string): Buffer {
  return Buffer.from(`menshen-site-v1 ${kind}\n${body}`, 'utf8');
}
