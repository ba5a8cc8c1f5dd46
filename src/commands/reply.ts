import { z } from 'zod';
import type { DeviceKey, DevicePublicKey } from '../common/index.ts';
import { readJson } from '../mqtt/language.ts';

const CONTEXT = 'menshen-reply-v1\n';
const SIGNED = /^(\{.*),"signature":"([A-Za-z0-9+/]{86}==)"\}$/s;

const about = {
  nonce: z.string().describe('Of the order that it answers'),
  gate: z.string(),
  command: z.string(),
  at: z.iso.datetime({ precision: 3 }),
};

/** An answer to an order: any number of `progress`, then one of the others. */
export const ReplySchema = z.discriminatedUnion('state', [
  z.strictObject({
    ...about,
    state: z.literal('progress'),
    message: z.string().describe('What is being waited for or done'),
    prompt: z
      .string()
      .optional()
      .describe(
        'What the person at the door is to be told, where that helps: a code of [prompts](prompts.md)',
      ),
  }),
  z.strictObject({
    ...about,
    state: z.literal('done'),
    event: z.string().describe('Id of the event command.accepted in the journal'),
    result: z.record(z.string(), z.json()),
  }),
  z.strictObject({
    ...about,
    state: z.literal('failed').describe('Taken up, but without success'),
    event: z.string(),
    error: z.strictObject({ code: z.string(), message: z.string() }),
  }),
  z.strictObject({
    ...about,
    state: z.literal('refused').describe('Nothing was done'),
    error: z.strictObject({ code: z.string(), message: z.string() }),
  }),
]);
export type Reply = z.infer<typeof ReplySchema>;

/**
 * The message to send: the JSON of the reply with one more member at its end, `signature`: Ed25519 by the device's
 * key over "menshen-reply-v1\n" and the text without that member.
 */
export function signReply(reply: Reply, key: DeviceKey): string {
  const text = JSON.stringify(reply);
  const signature = key.sign(Buffer.from(CONTEXT + text)).toString('base64');
  return `${text.slice(0, -1)},"signature":"${signature}"}`;
}

/**
 * Reads a reply. With a key, only one that the gate signed; without, whatever the broker brings.
 * @throws Error saying what is wrong
 */
export function openReply(payload: Uint8Array, key: DevicePublicKey | null): Reply {
  const match = SIGNED.exec(Buffer.from(payload).toString('utf8'));
  const [, body = '', signature = ''] = match ?? [];
  if (match === null) throw new Error('it carries no signature');
  const text = `${body}}`;
  if (key !== null && !key.verifies(Buffer.from(CONTEXT + text), Buffer.from(signature, 'base64'))) {
    throw new Error('it was not signed by the gate');
  }
  return ReplySchema.parse(readJson(Buffer.from(text)));
}
