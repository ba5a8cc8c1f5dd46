import { z } from 'zod';
import { REASONS } from '../../src/access/reasons.ts';
import { jsonSchemas } from './schemas.ts';

const texts = z.array(z.string());

/** What this reads of a JSON Schema. */
const SchemaSchema = z.object({
  $ref: z.string().optional(),
  type: z.union([z.string(), texts]).optional(),
  const: z.union([z.string(), z.number(), z.boolean()]).optional(),
  enum: z.array(z.unknown()).optional(),
  required: texts.optional(),
  format: z.string().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  description: z.string().optional(),
  get anyOf() {
    return z.array(SchemaSchema).optional();
  },
  get oneOf() {
    return z.array(SchemaSchema).optional();
  },
  get properties() {
    return z.record(z.string(), SchemaSchema).optional();
  },
  get items() {
    return z.union([SchemaSchema, z.array(SchemaSchema)]).optional();
  },
});
export type Schema = z.infer<typeof SchemaSchema>;
export type Schemas = Readonly<Record<string, Schema>>;

/** The schemas of the AsyncAPI document, by name. */
export function readSchemas(): Schemas {
  return z.record(z.string(), SchemaSchema).parse(jsonSchemas());
}

/** Schemas that have a page or a section of their own. */
const LINKS: Readonly<Record<string, string>> = {
  ErrorCode: '[error](errors.md)',
  Decision: '[decision](#decisions)',
};
/** As many words as one cell takes. */
const WORDS = 12;
const FORMATS: Readonly<Record<string, string>> = { uuid: 'UUID', 'date-time': 'time', base64: 'base64' };
const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'whole number',
  boolean: 'true or false',
};

/** A table of all members of a message, those of its objects and lists among them; null when it is no object. */
export function membersTable(schema: Schema, schemas: Schemas): string | null {
  const rows = rowsOf(objectsOf(schema, schemas), schemas, '');
  if (rows.length === 0) return null;
  return `| Member | Type | Meaning |\n|---|---|---|\n${rows.join('\n')}\n`;
}

function rowsOf(variants: readonly Schema[], schemas: Schemas, prefix: string): string[] {
  const keys = new Set(variants.flatMap(({ properties = {} }) => Object.keys(properties)));
  return [...keys].flatMap((key) => {
    const having = variants.filter(({ properties = {} }) => properties[key] !== undefined);
    const members = distinct(having.flatMap(({ properties = {} }) => properties[key] ?? []));
    const optional = having.some(({ required = [] }) => !required.includes(key)) ? ' (optional)' : '';
    const meanings = new Set(members.map((member) => meaningOf(member)).filter((meaning) => meaning !== ''));
    const when = having.length < variants.length ? whenOf(having, key) : '';
    const type = [...new Set(members.map((member) => typeOf(member, schemas)))].join(' or ');
    const row = `| \`${prefix}${key}\`${optional} | ${type} | ${[when, ...meanings].filter(Boolean).join('. ')} |`;
    const inner = members.flatMap((member) => objectsOf(member, schemas));
    const listed = members.flatMap((member) => itemsOf(member, schemas));
    return [
      row,
      ...rowsOf(inner, schemas, `${prefix}${key}.`),
      ...rowsOf(listed, schemas, `${prefix}${key}[].`),
    ];
  });
}

/** Which of several forms a member belongs to: by the words that are fixed in each. */
function whenOf(having: readonly Schema[], of: string): string {
  const forms = having.map(({ properties = {} }) =>
    Object.entries(properties)
      .filter(([key, { const: value }]) => key !== of && typeof value === 'string')
      .map(([key, { const: value }]) => `\`${key}\` \`${value}\``)
      .join(' and '),
  );
  return forms.includes('') ? 'Not in every form' : `With ${[...new Set(forms)].join(', or ')}`;
}

/** The object, or each that it may be; without those that have a section of their own. */
function objectsOf(schema: Schema, schemas: Schemas): Schema[] {
  const name = schema.$ref?.split('/').at(-1);
  if (name !== undefined) return name in LINKS ? [] : objectsOf(schemas[name] ?? {}, schemas);
  const parts = schema.anyOf ?? schema.oneOf;
  if (parts !== undefined) return parts.flatMap((part) => objectsOf(part, schemas));
  return schema.properties === undefined ? [] : [schema];
}

function itemsOf(schema: Schema, schemas: Schemas): Schema[] {
  const parts = schema.anyOf ?? schema.oneOf;
  if (parts !== undefined) return parts.flatMap((part) => itemsOf(part, schemas));
  return 'items' in schema && schema.items !== undefined && !isList(schema.items)
    ? objectsOf(schema.items, schemas)
    : [];
}

function typeOf(schema: Schema, schemas: Schemas): string {
  const name = schema.$ref?.split('/').at(-1);
  if (name !== undefined) return LINKS[name] ?? typeOf(schemas[name] ?? {}, schemas);
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum !== undefined) return wordsOf(schema.enum);
  const parts = schema.anyOf ?? schema.oneOf;
  if (parts !== undefined) return [...new Set(parts.map((part) => typeOf(part, schemas)))].join(' or ');
  if (isList(schema.type))
    return schema.type.map((type) => typeOf({ ...schema, type }, schemas)).join(' or ');
  if (schema.type === 'array') {
    const { items } = schema;
    if (items === undefined || isList(items)) return 'list';
    const one = typeOf(items, schemas);
    return `list of ${[...new Set(one.split(' or '))].join() === 'object' ? 'objects' : one}`;
  }
  if (schema.format !== undefined && schema.type !== 'null') return FORMATS[schema.format] ?? schema.format;
  const { type = 'any JSON', minimum, maximum } = schema;
  const bounded = minimum !== undefined && maximum !== undefined && type !== 'null';
  return `${TYPES[type] ?? type}${bounded ? ` ${minimum} to ${maximum}` : ''}`;
}

function wordsOf(words: readonly unknown[]): string {
  if (words.every((word) => typeof word === 'string' && word in REASONS)) return '[reason](reasons.md)';
  return words.length > WORDS ? 'text' : words.map((word) => `\`${word}\``).join(', ');
}

function meaningOf(schema: Schema): string {
  const described =
    schema.description ?? (schema.anyOf ?? schema.oneOf)?.find(({ description }) => description)?.description;
  const fixed = described !== undefined && schema.const !== undefined ? `\`${schema.const}\`: ` : '';
  return (fixed + (described ?? '')).replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function distinct(schemas: readonly Schema[]): Schema[] {
  return [...new Map(schemas.map((schema) => [JSON.stringify(schema), schema])).values()];
}

function isList<T>(value: T | readonly T[] | undefined): value is readonly T[] {
  return Array.isArray(value);
}
