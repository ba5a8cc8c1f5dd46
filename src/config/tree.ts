import { z } from 'zod';
import { ConfigSchema } from './schema.ts';

/** A place in the configuration: keys of mappings and indexes of lists, from the top. */
export type KeyPath = readonly (string | number)[];

/** A node of the JSON Schema. `x-path` and `x-secret` are the marks set in schema/common.ts. */
export type SchemaNode = z.core.JSONSchema.BaseSchema;

let tree: SchemaNode | undefined;

/** The configuration's JSON Schema (draft 2020-12), of what a person writes: keys with a default are optional. */
export function configJsonSchema(): SchemaNode {
  tree ??= {
    title: 'Menshen configuration',
    ...z.toJSONSchema(ConfigSchema, { io: 'input', unrepresentable: 'throw' }),
  };
  return tree;
}

/** The alternatives of a union, or the node itself. */
export function alternatives(node: SchemaNode): SchemaNode[] {
  const options = node.anyOf ?? node.oneOf;
  return options === undefined ? [node] : options.filter(isNode);
}

/** The keys a mapping may have, with their nodes. */
export function properties(node: SchemaNode): [string, SchemaNode][] {
  return Object.entries(node.properties ?? {}).flatMap(([key, child]) =>
    isNode(child) ? [[key, child]] : [],
  );
}

/** The node of a mapping's key or a list's entry; `value` chooses the alternative where there are several. */
export function childOf(node: SchemaNode, key: string | number, value: unknown): SchemaNode | undefined {
  const chosen = chooseAlternative(node, value);
  if (typeof key === 'number') {
    return isNode(chosen.items) ? chosen.items : undefined;
  }
  return properties(chosen).find(([name]) => name === key)?.[1];
}

/** The node that a path leads to, and the value there; `undefined` where the schema knows no such place. */
export function resolvePath(path: KeyPath, root: unknown): { node: SchemaNode | undefined; value: unknown } {
  let node: SchemaNode | undefined = configJsonSchema();
  let value = root;
  for (const key of path) {
    node = node && childOf(node, key, value);
    value = entryOf(value, key);
  }
  return { node, value };
}

/** A copy of `value` in which `change` has been applied to every part whose schema node carries `mark`. */
export function mapMarked<T>(value: T, mark: 'x-path' | 'x-secret', change: (part: unknown) => unknown): T;
export function mapMarked(value: unknown, mark: string, change: (part: unknown) => unknown): unknown {
  const visit = (node: SchemaNode | undefined, part: unknown): unknown => {
    if (node === undefined || part === undefined) return part;
    if (node[mark] === true) return change(part);
    if (Array.isArray(part)) return part.map((entry, index) => visit(childOf(node, index, part), entry));
    if (!isMapping(part)) return part;
    return Object.fromEntries(
      Object.entries(part).map(([key, entry]) => [key, visit(childOf(node, key, part), entry)]),
    );
  };
  return visit(configJsonSchema(), value);
}

/** `doors[0].unlockMs` */
export function formatPath(path: KeyPath): string {
  const text = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('');
  return text.replace(/^\./, '');
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function entryOf(value: unknown, key: string | number): unknown {
  if (typeof key === 'number') return Array.isArray(value) ? value[key] : undefined;
  return isMapping(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** The alternative whose constants agree with the value and that knows most of its keys. */
function chooseAlternative(node: SchemaNode, value: unknown): SchemaNode {
  const options = alternatives(node);
  if (options.length === 1 || !isMapping(value)) return options[0] ?? node;
  const fitness = (option: SchemaNode) => {
    const known = properties(option);
    if (known.some(([key, child]) => child.const !== undefined && child.const !== value[key])) return -1;
    return known.filter(([key]) => Object.hasOwn(value, key)).length;
  };
  return options.reduce((best, option) => (fitness(option) > fitness(best) ? option : best));
}

function isNode(schema: unknown): schema is SchemaNode {
  return typeof schema === 'object' && schema !== null && !Array.isArray(schema);
}
