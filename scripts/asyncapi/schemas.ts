import { z } from 'zod';
import { EnvelopeSchema, OrderSchema, ReplySchema } from '../../src/commands/index.ts';
import { PromptSchema } from '../../src/console/index.ts';
import { PlaceMessageSchema } from '../../src/gate/index.ts';
import { ErrorCodeSchema } from '../../src/journal/data.ts';
import { EVENT_TYPES, type EventType } from '../../src/journal/index.ts';
import { SentEventSchema } from '../../src/mqtt/index.ts';
import { DeviceSchema, PUBLIC_EVENT_DATA, STATES, StatusSchema } from '../../src/mqtt/published.ts';
import {
  IndexSchema,
  KeysSchema,
  ManifestSchema,
  PersonRecordSchema,
  ReportSchema,
  SignedSchema,
} from '../../src/site/index.ts';

/** Sent in place of data that is larger than the broker takes. */
const OmittedSchema = z
  .strictObject({ omitted: z.literal(true), bytes: z.number().int() })
  .describe('The event is larger than the broker takes; it is whole in the journal');

/** The signature is put behind the text that it signs. */
const signature = z
  .string()
  .regex(/^[A-Za-z0-9+/]{86}==$/)
  .describe('Ed25519 by the key of the device, base64: see commands.md');
/** Any JSON: each command has a result of its own, see commands.md. */
const result = z.record(z.string(), z.unknown());
const SignedReplySchema = z.union(
  ReplySchema.options.map((option) =>
    option.extend('result' in option.shape ? { result, signature } : { signature }),
  ),
);

export const eventTypes = Object.keys(EVENT_TYPES).filter((type): type is EventType => type in EVENT_TYPES);

/** Name of the message of an event, such as `DoorOpened`. */
export function nameOf(type: EventType): string {
  return type.replace(/(?:^|[._])([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function eventSchema(type: EventType) {
  const { shape } = SentEventSchema;
  return z.strictObject({
    ...shape,
    type: z.literal(type),
    data: z.union([PUBLIC_EVENT_DATA[type], OmittedSchema]),
  });
}

/** A message whose signed text is JSON of the schema of this name. */
const signedBody = (name: string) =>
  SignedSchema.extend({
    body: SignedSchema.shape.body.describe(`JSON of ${name}, exactly as it was signed`),
  });

/** Every schema that has a name in the document. */
export const SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  ErrorCode: ErrorCodeSchema,
  Decision: PUBLIC_EVENT_DATA['access.granted'],
  Omitted: OmittedSchema,
  Status: StatusSchema,
  DoorState: STATES.doors,
  CameraState: STATES.cameras,
  InputState: STATES.inputs,
  Prompt: PromptSchema,
  HomeAssistantDevice: DeviceSchema,
  Software: z
    .strictObject({ version: z.string() })
    .describe('The newest version; written by whoever keeps the gates'),
  Command: EnvelopeSchema,
  Order: OrderSchema.extend({
    command: OrderSchema.shape.command.describe('One of [commands](commands.md)'),
    params: result.optional().describe('Its parameters; none without'),
  }),
  Reply: SignedReplySchema,
  Place: PlaceMessageSchema,
  SignedManifest: signedBody('Manifest'),
  Manifest: ManifestSchema,
  SiteIndex: IndexSchema.describe('Everybody in the bucket, by id: id, version and digest of the record'),
  SignedPerson: signedBody('PersonRecord'),
  PersonRecord: PersonRecordSchema,
  SignedKeys: signedBody('ContentKeys'),
  ContentKeys: KeysSchema,
  Photo: z
    .string()
    .describe(
      'Bytes: number of the content key (4, big-endian), nonce (12), tag (16), the JPEG; AES-256-GCM',
    ),
  SignedReport: signedBody('SiteReport'),
  SiteReport: ReportSchema,
  ...Object.fromEntries(eventTypes.map((type) => [nameOf(type), eventSchema(type)])),
};

/** JSON Schema (draft 7, which AsyncAPI builds on) of each, by name; they refer to one another. */
export function jsonSchemas(): Record<string, unknown> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(SCHEMAS)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, {
    target: 'draft-7',
    uri: (id) => `#/components/schemas/${id}`,
  });
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, bare(schema)]));
}

type Schema = z.core.JSONSchema.BaseSchema;

/** Without what makes it a document of its own, without bounds that only say that a number is exact, and without patterns of formats that have a name. */
function bare({ $schema: _, $id: __, ...schema }: Schema): unknown {
  return JSON.parse(JSON.stringify(schema), (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const named = 'format' in value && (value.format === 'uuid' || value.format === 'date-time');
    return Object.fromEntries(
      Object.entries(value).filter(
        ([key, one]) => !(key === 'pattern' && named) && Math.abs(Number(one)) !== Number.MAX_SAFE_INTEGER,
      ),
    );
  });
}
