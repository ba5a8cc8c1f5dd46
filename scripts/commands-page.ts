import { z } from 'zod';
import {
  COMMANDS,
  definitionOf,
  EnvelopeSchema,
  isCommand,
  OrderSchema,
  ReplySchema,
  ROLES,
} from '../src/commands/index.ts';

const INTRODUCTION = `# Commands

<!-- Written by \`npm run generate\` from src/commands: change the schemas, not this page. -->

A gate with a \`commands\` section in its [configuration](config.md) takes commands over [MQTT](mqtt.md). The broker is not
believed: each command is signed by a key of that section, and carried out only if the signature holds, it is for this
gate, was issued just now, comes for the first time, is not retained, and the key's role may send it. Every command
and what came of it is an [event](events.md); the parts of a photo are one together.

\`menshen command send GATE COMMAND [param=value…]\` sends one and shows progress;
[the guide](../guides/commands.md) sets keys and broker up. What follows is for other senders.

| Topic | Direction | Content |
|---|---|---|
| \`<topic>/<gate>/commands\` | to the gate | a signed order, QoS 1, **not retained** |
| \`<topic>/<gate>/replies/…\` | from the gate | answers, QoS 1, not retained |

## The order

A message is a JSON object, 256 KiB at most:
`;

const AFTER_ENVELOPE = `
What is signed is a text, kept as it is: nobody has to agree on how JSON is written. The order itself is a JSON object:
`;

const AFTER_ORDER = `
An order is refused from \`expiresAt\` on, when \`issuedAt\` is more than \`commands.maxClockSkewS\` ahead of the gate's
clock, and when it is valid for more than \`commands.maxAgeS\`. The gate remembers on disk what it carried out, so that
no order is carried out twice, whatever restarts or clocks do; after its very first start it takes no order that was
issued within the first \`maxClockSkewS\`. While it cannot write that down (disk full or read-only) it carries out only
what harms nobody when repeated (see below). A key may send 30 orders at once and 2 a second in the long run.

Orders are signed, not sealed: TLS keeps them from the network, but the broker can read them. PINs and keys are
part of none. The one that holds an ID number, \`visitor.verify\`, is for a broker that is trusted with it.

In Python, with the package \`cryptography\`:

\`\`\`python
order = json.dumps({
    "gate": "front-gate", "command": "door.open", "params": {"door": "front"},
    "nonce": base64.urlsafe_b64encode(os.urandom(16)).rstrip(b"=").decode(),
    "issuedAt": stamp(now), "expiresAt": stamp(now + 30),     # 2026-01-02T03:04:05.678Z
})
signature = private_key.sign(b"menshen-command-v1\\n" + order.encode())
message = json.dumps({"key": "front-desk", "order": order, "signature": base64.b64encode(signature).decode()})
\`\`\`

## Answers

Answers go to the response topic (MQTT 5), else to the order's \`replyTo\`; only topics below
\`<topic>/<gate>/replies/\` are answered on, and without one it is \`<topic>/<gate>/replies/<key>\`. With MQTT 5 they carry
the correlation data of the order, and always its \`nonce\`. Any number of \`progress\`, then one of the others:
`;

const AFTER_REPLY = `
The last member of every answer is \`signature\`: Ed25519 by the key of the device over \`"menshen-reply-v1\\n"\` and the
text of the answer without that member (without \`,"signature":"…"\` before the last brace). \`menshen command gate-key\`
prints the public key on the gate. An answer is given only to an order whose signature holds, and none to a copy of one that was taken already.
`;

/** docs/reference/commands.md: envelope, answers and the catalogue, out of their schemas. */
export function commandsPage(): string {
  const roles = Object.entries(ROLES).map(([role, meaning]) => `| \`${role}\` | ${meaning} |`);
  return [
    INTRODUCTION,
    members(EnvelopeSchema),
    AFTER_ENVELOPE,
    members(OrderSchema),
    AFTER_ORDER,
    replies(),
    AFTER_REPLY,
    `## Roles\n\n| Role | May |\n|---|---|\n${roles.join('\n')}\n`,
    '## The commands\n',
    ...Object.keys(COMMANDS).filter(isCommand).map(section),
  ].join('\n');
}

function section(name: keyof typeof COMMANDS): string {
  const { summary, roles, params, result, harmless, keeps, example } = definitionOf(name);
  const kept = [...keeps.params, ...keeps.result].map((key) => `\`${key}\``).join(', ');
  return `### \`${name}\`

${summary}

For ${roles.map((role) => `\`${role}\``).join(', ')}. ${harmless ? 'Harmless when repeated. ' : ''}${kept === '' ? 'The journal keeps no parameters.' : `The journal keeps ${kept}.`}

${members(params)}
Result:

${members(result)}
    ${JSON.stringify(example.params)}
    ${JSON.stringify(example.result)}
`;
}

function replies(): string {
  const rows = ReplySchema.options.map((option) => {
    const { shape } = option;
    const own = Object.keys(shape).filter(
      (key) => !['nonce', 'gate', 'command', 'at', 'state'].includes(key),
    );
    const meaning = {
      progress: 'Goes on',
      done: 'Carried out',
      failed: 'Taken up, but without success',
      refused: 'Nothing was done',
    };
    const [state] = shape.state.values;
    return `| \`${state}\` | ${meaning[state]} | ${own.map((key) => `\`${key}\``).join(', ')} |`;
  });
  return `| \`state\` | Meaning | Beside \`nonce\`, \`gate\`, \`command\`, \`at\` |\n|---|---|---|\n${rows.join('\n')}\n`;
}

/** A table of the members of an object, and of those within them. */
function members(schema: z.ZodType): string {
  const rows = rowsOf(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }), '');
  if (rows.length === 0) return 'No members.\n';
  return `| Member | Type | Meaning |\n|---|---|---|\n${rows.join('\n')}\n`;
}

function rowsOf({ properties = {}, required = [] }: Schema, within: string): string[] {
  return Object.entries(properties).flatMap(([key, member]) => {
    if (typeof member === 'boolean') return [];
    const name = `${within}${key}`;
    const { inner, each } = objectIn(member);
    const meaning = (member.description ?? inner?.description ?? '')
      .replaceAll('|', '\\|')
      .replaceAll('\n', ' ');
    const optional = required.includes(key) ? '' : ' (optional)';
    return [
      `| \`${name}\`${optional} | ${typeOf(member)} | ${meaning} |`,
      ...(inner === null ? [] : rowsOf(inner, `${name}${each}.`)),
    ];
  });
}

/** The object with named members that a member is, may be, or is a list of; null without one. */
function objectIn(schema: Schema, each = ''): { readonly inner: Schema | null; readonly each: string } {
  if (schema.properties !== undefined) return { inner: schema, each };
  const { items, anyOf = [] } = schema;
  if (isSchema(items)) return objectIn(items, '[]');
  const [one, ...others] = anyOf.filter(isSchema).filter(({ type }) => type !== 'null');
  return one !== undefined && others.length === 0 ? objectIn(one, each) : { inner: null, each };
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

type Schema = z.core.JSONSchema.BaseSchema;

function typeOf(schema: Schema): string {
  const { type, enum: values, anyOf, items, minimum, maximum, default: fallback } = schema;
  const also = fallback === undefined ? '' : `, default \`${JSON.stringify(fallback)}\``;
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (values !== undefined) return values.map((value) => `\`${value}\``).join(', ') + also;
  if (anyOf !== undefined) {
    const parts = new Set(anyOf.map((part) => (typeof part === 'boolean' ? 'anything' : typeOf(part))));
    return parts.size > 3 ? `any JSON${also}` : [...parts].join(' or ') + also;
  }
  if (type === 'array') {
    const one = typeof items === 'object' && !Array.isArray(items) ? typeOf(items) : 'anything';
    return `list of ${one}${also}`;
  }
  const range =
    typeof minimum === 'number' && typeof maximum === 'number' && maximum < 1e9
      ? ` ${minimum} to ${maximum}`
      : '';
  const names: Record<string, string> = { string: 'text', integer: 'whole number', boolean: 'true or false' };
  const types = Array.isArray(type) ? type : [type ?? 'any JSON'];
  const name = types.map((one) => names[one] ?? one).join(' or ');
  return `${name}${range}${also}`;
}
