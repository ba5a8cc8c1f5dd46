import { EVENT_TYPES } from '../../src/journal/index.ts';
import type { Channel } from './channel.ts';
import { CHANNELS, PARAMETERS } from './channels.ts';
import { membersTable, readSchemas, type Schema, type Schemas } from './members.ts';
import { CONTRACT, INTRODUCTION } from './page-text.ts';
import { eventTypes, nameOf } from './schemas.ts';

/** One row for all events: each has a section of its own. */
const EVENTS_ROW =
  '| `<topic>/<gate>/events/<family>/<kind>` | from the gate | no | [An event](#messages-of-events); its type is `<family>.<kind>` |';

/** docs/reference/mqtt.md: the topics, the members of every message and an example of each, out of what the AsyncAPI document is made of. */
export function mqttPage(): string {
  const schemas = readSchemas();
  const events = new Set(eventTypes.map(nameOf));
  const channels = Object.entries(CHANNELS).filter(([name]) => !events.has(name));
  return [
    INTRODUCTION,
    topics(channels.map(([, channel]) => channel)),
    CONTRACT,
    '## Messages\n',
    ...channels.map(([, channel]) => section(channel, schemas)),
    '## Messages of events\n\nEvery event has these members; [events](events.md) says what they are for:\n',
    common(schemas),
    'What `data` holds is said below for each type, with an example of the whole message. Of an event larger than the broker takes it is:\n',
    membersTable(schemas.Omitted ?? {}, schemas) ?? '',
    ...eventTypes.map((type) => eventSection(type, schemas)),
    decisions(schemas),
  ].join('\n');
}

function topics(channels: readonly Channel[]): string {
  const rows = channels.map(({ address, action, retain, summary }) => {
    const direction = action === 'send' ? 'from the gate' : 'to the gate';
    return `| \`${shown(address)}\` | ${direction} | ${retain ? 'yes' : 'no'} | [${titleOf(summary)}](#${anchorOf(titleOf(summary))})${summary.slice(titleOf(summary).length)} |`;
  });
  const parts = Object.entries(PARAMETERS).map(([name, meaning]) => `| \`<${name}>\` | ${meaning} |`);
  return [
    '| Topic | Direction | Retained | Content |\n|---|---|---|---|',
    [rows[0], EVENTS_ROW, ...rows.slice(1)].join('\n'),
    '',
    `| Part | Stands for |\n|---|---|\n${parts.join('\n')}\n`,
  ].join('\n');
}

function section({ address, summary, schema, inner, examples }: Channel, schemas: Schemas): string {
  const table = membersTable(schemas[schema] ?? {}, schemas);
  const text = inner === undefined ? null : membersTable(schemas[inner.schema] ?? {}, schemas);
  return [
    `### ${titleOf(summary)}\n`,
    `\`${shown(address)}\`\n`,
    table ?? `${schemas[schema]?.description ?? ''}.\n`,
    ...(text === null ? [] : [`\`${inner?.member}\` is the text of a JSON object:\n`, text]),
    examples.map((example) => `    ${JSON.stringify(example)}\n`).join(''),
  ].join('\n');
}

/** What is in every event: of any type but for the words that differ. */
function common(schemas: Schemas): string {
  const { properties = {}, required = [] } = schemas[nameOf('door.opened')] ?? {};
  const any: Schema = { type: 'string', description: 'One of the types below' };
  const data: Schema = { type: 'object', description: 'By the type' };
  return membersTable({ properties: { ...properties, type: any, data }, required }, schemas) ?? '';
}

function eventSection(type: (typeof eventTypes)[number], schemas: Schemas): string {
  const name = nameOf(type);
  const data = schemas[name]?.properties?.data?.anyOf?.[0];
  const example = CHANNELS[name]?.examples[0];
  const decided = data?.$ref?.endsWith('/Decision') === true;
  return [
    `### \`${type}\`\n`,
    `${EVENT_TYPES[type]}\n`,
    decided
      ? '`data` is a [decision](#decisions).\n'
      : (membersTable(data ?? {}, schemas) ?? '`data` is empty.\n'),
    `    ${JSON.stringify(example)}\n`,
  ].join('\n');
}

function decisions(schemas: Schemas): string {
  const [face = {}, credential = {}] = schemas.Decision?.anyOf ?? [];
  return [
    '## Decisions\n',
    'Of a face:\n',
    membersTable(face, schemas) ?? '',
    'Of a card, a PIN or a pass:\n',
    membersTable(credential, schemas) ?? '',
  ].join('\n');
}

const shown = (address: string) => address.replaceAll(/\{(\w+)\}/g, '<$1>');

/** Without what is said beside. */
const titleOf = (summary: string) => summary.split(';')[0] ?? summary;

/** As GitHub makes it of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}
