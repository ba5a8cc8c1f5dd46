import { type KeyObject, randomBytes, sign, verify } from 'node:crypto';
import { z } from 'zod';
import { readJson } from '../mqtt/language.ts';
import { Refusal } from './refusal.ts';

/**
 * A signed order. What is signed is a text, kept as it is: nobody has to agree on how JSON is written.
 *
 *   { "key": "front-desk", "order": "{\"gate\":\"north\", …}", "signature": "base64 of 64 bytes" }
 *
 * The signature is Ed25519 (RFC 8032) over "menshen-command-v1\n" and the order's UTF-8: it is of no use for
 * anything else that is signed with this or another key.
 */
const CONTEXT = 'menshen-command-v1\n';

export const EnvelopeSchema = z.strictObject({
  key: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/)
    .describe('Id of the key in the configuration of the gate'),
  order: z.string().min(2).describe('JSON of the order, exactly as it was signed'),
  signature: z
    .string()
    .regex(/^[A-Za-z0-9+/]{86}==$/)
    .describe('Ed25519 signature of "menshen-command-v1\\n" and the order, base64'),
});

export const OrderSchema = z.strictObject({
  gate: z.string().min(1).max(63).describe('`gate.id` of the one gate that it is for'),
  command: z.string().min(1).max(64).describe('One of the commands below'),
  params: z.record(z.string(), z.json()).default({}).describe('Its parameters'),
  nonce: z
    .string()
    .regex(/^[A-Za-z0-9_-]{22}$/)
    .describe('16 random bytes, base64url; never used twice'),
  issuedAt: z.iso.datetime({ precision: 3 }).describe('UTC with milliseconds'),
  expiresAt: z.iso
    .datetime({ precision: 3 })
    .describe('UTC with milliseconds; after it the order is not carried out'),
  replyTo: z
    .string()
    .max(512)
    .optional()
    .describe('Topic for the answers, below `<topic>/<gate>/replies/`; MQTT 5 has the response topic for it'),
});
export type Order = z.output<typeof OrderSchema>;

/** An order whose signature holds; nothing else about it has been checked. */
export interface SignedOrder {
  readonly key: string;
  readonly order: Order;
}

/** A new nonce, times around now, and the rest as given. `lifetimeS`: how long the order may take to arrive. */
export function makeOrder(
  order: Pick<Order, 'gate' | 'command' | 'params' | 'replyTo'>,
  lifetimeS = 30,
  now = Date.now(),
): Order {
  return {
    ...order,
    nonce: randomBytes(16).toString('base64url'),
    issuedAt: new Date(now).toISOString(),
    expiresAt: new Date(now + lifetimeS * 1000).toISOString(),
  };
}

/** The message to send. */
export function signOrder(order: Order, key: string, privateKey: KeyObject): string {
  const text = JSON.stringify(order);
  const signature = sign(null, Buffer.from(CONTEXT + text), privateKey).toString('base64');
  return JSON.stringify({ key, order: text, signature });
}

/**
 * Opens a message that anybody may have written. The signature is checked before the order is read.
 * @throws Refusal COMMAND_MALFORMED, COMMAND_UNSIGNED
 */
export function openEnvelope(payload: Uint8Array, keys: ReadonlyMap<string, KeyObject>): SignedOrder {
  const envelope = parse(EnvelopeSchema, payload);
  const key = keys.get(envelope.key);
  const signed = Buffer.from(CONTEXT + envelope.order);
  if (key === undefined || !verify(null, signed, key, Buffer.from(envelope.signature, 'base64'))) {
    throw new Refusal('COMMAND_UNSIGNED', 'no key of this gate has signed it');
  }
  return { key: envelope.key, order: parse(OrderSchema, Buffer.from(envelope.order)) };
}

function parse<S extends z.ZodType>(schema: S, bytes: Uint8Array): z.output<S> {
  let value: unknown;
  try {
    value = readJson(bytes);
  } catch (error) {
    throw new Refusal('COMMAND_MALFORMED', error instanceof Error ? error.message : 'it cannot be read');
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    throw new Refusal('COMMAND_MALFORMED', 'it is not of the form of a command');
  }
  return parsed.data;
}
