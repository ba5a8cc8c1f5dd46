import { z } from 'zod';
import {
  APIS,
  type ApiDefinition,
  CLOUD_APIS,
  ENVELOPE_ERRORS,
  encryptedAnswer,
  encryptedRequest,
  FailureBodySchema,
  GLOBAL_ERRORS,
  type ManualEntry,
  SERVICE_ERRORS,
} from '../cloud/index.ts';

type Json = Readonly<Record<string, unknown>>;

const DESCRIPTION =
  `The six face APIs of CTYun's manual as a private deployment of Menshen serves them. Every request is signed
(section 6.2.3 of the manual); with the header \`decrypted: true\` bodies are encrypted (6.2.4). Errors of a service come with
HTTP 200 and a statusCode other than 0, refusals by the gateway with 4xx and 5xx.`.replaceAll('\n', ' ');

/** The OpenAPI 3.1 document of the server, out of the schemas that client and server share. */
export function openApiDocument(): Json {
  return {
    openapi: '3.1.0',
    info: { title: 'Menshen cloud server', version: '1', description: DESCRIPTION },
    security: [{ appkey: [], signature: [] }],
    paths: Object.fromEntries(CLOUD_APIS.map((id) => [APIS[id].path, { post: operationOf(APIS[id]) }])),
    components: {
      securitySchemes: {
        appkey: { type: 'apiKey', in: 'header', name: 'appkey' },
        signature: {
          type: 'apiKey',
          in: 'header',
          name: 'Eop-Authorization',
          description: '{access key} Headers={signed headers, joined by ;} Signature={base64 of HMAC-SHA256}',
        },
      },
      schemas: {
        EncryptedRequest: schemaOf(encryptedRequest),
        EncryptedAnswer: schemaOf(encryptedAnswer),
        Failure: schemaOf(FailureBodySchema),
      },
      responses: { Refusal: { description: refusals(), content: json(reference('Failure')) } },
    },
  };
}

function operationOf(api: ApiDefinition): Json {
  return {
    operationId: api.id,
    summary: `${api.section} ${api.title}`,
    parameters: parametersOf(api),
    requestBody: {
      required: true,
      content: json({ oneOf: [schemaOf(api.request), reference('EncryptedRequest')] }),
    },
    responses: {
      '200': {
        description: `Success, or an error of the service:\n\n${errorList({ ...SERVICE_ERRORS[api.id], ...ENVELOPE_ERRORS })}`,
        content: json({
          oneOf: [schemaOf(api.response), reference('EncryptedAnswer'), reference('Failure')],
        }),
      },
      '429': {
        description: `More than ${api.callsPerSecond} calls a second (or what was granted), or the server is busy. Not to be repeated at once.`,
        content: json(reference('Failure')),
      },
      '4XX': { $ref: '#/components/responses/Refusal' },
      '5XX': { $ref: '#/components/responses/Refusal' },
    },
  };
}

function parametersOf(api: ApiDefinition): Json[] {
  const header = (name: string, schema: Json, description: string, required = true): Json => ({
    name,
    in: 'header',
    required,
    schema,
    description,
  });
  return [
    header('ctyun-eop-request-id', { type: 'string', maxLength: 128 }, 'Anything used once; signed'),
    header(
      'eop-date',
      { type: 'string', pattern: '^\\d{8}T\\d{6}Z$' },
      'yyyymmddTHHMMSSZ, Beijing time or UTC, 15 minutes off at most; signed',
    ),
    header('decrypted', { type: 'string', enum: ['true'] }, 'Bodies are encrypted', false),
    ...(api.version === null ? [] : [header('version', { const: api.version }, 'Version of the service')]),
  ];
}

/** What stands on the wire: the input of a schema that transforms. */
function schemaOf(schema: z.ZodType): Json {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
}

function json(schema: Json): Json {
  return { 'application/json': { schema } };
}

function reference(name: string): Json {
  return { $ref: `#/components/schemas/${name}` };
}

function refusals(): string {
  return `A refusal by the gateway:\n\n${errorList(GLOBAL_ERRORS)}`;
}

function errorList(table: Readonly<Record<string, ManualEntry>>): string {
  return Object.entries(table)
    .map(([code, { meaning, rows }]) => `- \`${code}\` ${rows[0]?.message ?? ''}: ${meaning}`)
    .join('\n');
}
