import { readFileSync } from 'node:fs';
import { Ajv, type AnySchema, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { z } from 'zod';
import { CHANNELS } from '../../scripts/asyncapi/channels.ts';

const Reference = z.object({ $ref: z.string() });
const DocumentSchema = z.object({
  channels: z.record(
    z.string(),
    z.object({ address: z.string(), messages: z.record(z.string(), Reference) }),
  ),
  operations: z.record(
    z.string(),
    z.object({ channel: Reference, bindings: z.object({ mqtt: z.object({ retain: z.boolean() }) }) }),
  ),
  components: z.object({
    messages: z.record(
      z.string(),
      z.object({
        contentType: z.string(),
        payload: Reference,
        examples: z.array(z.object({ payload: z.unknown() })),
      }),
    ),
    schemas: z.record(z.string(), z.unknown()),
  }),
});

/** The document as it stands in docs/. */
export function readDocument(): z.infer<typeof DocumentSchema> {
  const file = new URL('../../docs/reference/asyncapi.json', import.meta.url);
  return DocumentSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
}

export interface PublishedMessage {
  readonly topic: string;
  readonly payload: Uint8Array | string;
  /** As it was published, where that is known. */
  readonly retain?: boolean;
}

/** Says what of a message is not as the AsyncAPI document has it; null when all is. */
export type Judge = (message: PublishedMessage) => string | null;

/** Of the document alone: nothing here knows the schemas that the gate is built with. */
export function judgeByDocument(document = readDocument()): Judge {
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema({ $id: 'doc', components: { schemas: document.components.schemas } });
  const channels = Object.entries(document.channels).map(([name, { address, messages }]) => {
    const operation = Object.values(document.operations).find(
      ({ channel }) => channel.$ref === `#/channels/${name}`,
    );
    // Compiled when it is asked for: all of them take seconds, and most callers need a few.
    let compiled: ValidateFunction[] | null = null;
    const payloads = () => {
      compiled ??= Object.values(messages).map(({ $ref }) => {
        const message = document.components.messages[$ref.split('/').at(-1) ?? ''];
        const schema: AnySchema = { $ref: `doc${message?.payload.$ref}` };
        return ajv.compile(schema);
      });
      return compiled;
    };
    const json = Object.values(messages).every(
      ({ $ref }) =>
        document.components.messages[$ref.split('/').at(-1) ?? '']?.contentType === 'application/json',
    );
    return { name, json, pattern: patternOf(address), payloads, retain: operation?.bindings.mqtt.retain };
  });
  return ({ topic, payload, retain }) => {
    const channel = channels.find(({ pattern }) => pattern.test(topic));
    if (channel === undefined) return `${topic}: no such topic`;
    if (retain !== undefined && retain !== channel.retain) return `${topic}: retained is ${retain}`;
    const text = typeof payload === 'string' ? payload : Buffer.from(payload).toString('utf8');
    // An empty message takes a retained one away.
    if (text === '' && channel.retain) return null;
    if (!channel.json) return null;
    const content = parsed(text);
    const payloads = channel.payloads();
    if (payloads.some((validate) => validate(content))) return null;
    return `${topic}: ${ajv.errorsText(payloads[0]?.errors)}\n${text.slice(0, 1000)}`;
  };
}

/** Says what of the text that a message carries signed, where it carries one, is not as the schema of that text has it. */
export function judgeInner(document = readDocument()): Judge {
  const ajv = new Ajv({ strict: false, allErrors: true, formats: { base64: /^[A-Za-z0-9+/]*={0,2}$/ } });
  addFormats.default(ajv);
  ajv.addSchema({ $id: 'doc', components: { schemas: document.components.schemas } });
  const channels = Object.values(CHANNELS).flatMap(({ address, inner }) =>
    inner === undefined ? [] : [{ pattern: patternOf(address), ...inner }],
  );
  return ({ topic, payload }) => {
    const text = typeof payload === 'string' ? payload : Buffer.from(payload).toString('utf8');
    const inner = channels.find(({ pattern }) => pattern.test(topic));
    if (inner === undefined || text === '') return null;
    const signed: unknown = Object(parsed(text))[inner.member];
    const sound = ajv.validate({ $ref: `doc#/components/schemas/${inner.schema}` }, parsed(String(signed)));
    return sound ? null : `${topic}: ${inner.member}: ${ajv.errorsText()}\n${String(signed).slice(0, 1000)}`;
  };
}

/** Undefined where it is no JSON, which is no message of ours. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Each part in braces is one level of the topic; the first and the sender of a command may be several. */
function patternOf(address: string): RegExp {
  const levels = address.split('/').map((level) => {
    if (['{topic}', '{prefix}', '{sender}'].includes(level)) return '.+';
    return level.startsWith('{') ? '[^/]+' : level.replaceAll('.', '\\.');
  });
  return new RegExp(`^${levels.join('/')}$`);
}
