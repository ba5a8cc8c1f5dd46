import type { z } from 'zod';
import type { YamlSource } from './source.ts';
import {
  alternatives,
  configJsonSchema,
  formatPath,
  isMapping,
  type KeyPath,
  properties,
  resolvePath,
  type SchemaNode,
} from './tree.ts';

type Issue = z.core.$ZodIssue;

interface Problem {
  readonly path: KeyPath;
  readonly at: 'key' | 'value';
  readonly message: string;
}

/** Nobody reads more at once; a file with more is some other file. */
const MAX_PROBLEMS = 50;

/**
 * What is wrong with a configuration, one line each, in the order of the file:
 * `FILE:LINE:COLUMN: doors[0].unlockMs: must be a whole number from 200 to 255000, not text`.
 * Values are never repeated: one may be a secret in the wrong place.
 */
export function describeProblems(issues: readonly Issue[], source: YamlSource, file: string): string[] {
  const problems = issues.flatMap((issue) => problemsOf(issue, source.value));
  const lines = problems
    .slice(0, MAX_PROBLEMS)
    .map((problem) => ({ ...problem, position: source.locate(problem.path, problem.at) }))
    .sort((a, b) => a.position.line - b.position.line || a.position.column - b.position.column)
    .map(({ path, message, position }) => {
      const place = `${file}:${position.line}:${position.column}`;
      return path.length === 0 ? `${place}: ${message}` : `${place}: ${formatPath(path)}: ${message}`;
    });
  const rest = problems.length - lines.length;
  return rest === 0 ? lines : [...lines, `${file}: and ${rest} problems more`];
}

function problemsOf(issue: Issue, root: unknown): Problem[] {
  const path = issue.path.filter((key) => typeof key !== 'symbol');
  const { node, value } = resolvePath(path, root);
  if (node?.['x-secret'] === true) {
    return [{ path, at: 'value', message: `must be ${allowed(node)}` }];
  }
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...path, key],
      at: 'key',
      message: unknownKey(key, path, root),
    }));
  }
  if (issue.code === 'invalid_union' && 'options' in issue && Array.isArray(issue.options)) {
    return [{ path, at: 'value', message: `must be one of ${issue.options.map(String).join(', ')}` }];
  }
  if (value === undefined) {
    return [{ path, at: 'value', message: node ? `is missing; must be ${allowed(node)}` : 'is missing' }];
  }
  if (value === null) {
    const hint = node ? `; it must be ${allowed(node)}` : '';
    return [{ path, at: 'key', message: `has no value; write one or leave the key out${hint}` }];
  }
  // The schema's own words where it has some, else what the JSON Schema allows.
  const own = issue.code === 'custom' || issue.code === 'invalid_format';
  if (own || node === undefined) return [{ path, at: 'value', message: issue.message }];
  return [{ path, at: 'value', message: `must be ${allowed(node)}${unlikeType(issue, value)}` }];
}

/** What a node takes, in words. */
export function allowed(node: SchemaNode): string {
  if (node['x-secret'] === true) {
    const forms = alternatives(node).flatMap((option) => properties(option).map(([key]) => `{ ${key}: … }`));
    return `one of ${forms.join(', ')}`;
  }
  if (node.const !== undefined) return `"${node.const}"`;
  if (node.enum !== undefined) return `one of ${node.enum.join(', ')}`;
  const options = alternatives(node);
  if (options.length > 1) return options.map(allowed).join(', or ');
  switch (node.type) {
    case 'integer':
      return `a whole number${range(node)}`;
    case 'number':
      return `a number${range(node)}`;
    case 'boolean':
      return 'true or false';
    case 'string':
      return node['x-path'] === true ? 'a path' : 'text';
    case 'array':
      return node.minItems === undefined ? 'a list' : `a list of ${node.minItems} or more`;
    default:
      return `a mapping of ${shortened(properties(node).map(([key]) => key))}`;
  }
}

function shortened(names: readonly string[]): string {
  return names.length > 6 ? `${names.slice(0, 5).join(', ')} and others` : names.join(', ');
}

/** ` from 1 to 10`, ` from 1`, or nothing. */
export function range(node: SchemaNode): string {
  if (node.minimum === undefined) return node.maximum === undefined ? '' : ` up to ${node.maximum}`;
  return node.maximum === undefined ? ` from ${node.minimum}` : ` from ${node.minimum} to ${node.maximum}`;
}

function unlikeType(issue: Issue, value: unknown): string {
  if (issue.code !== 'invalid_type') return '';
  if (typeof value === 'string') return value === '' ? ', not empty text' : ', not text';
  if (typeof value === 'number') return Number.isInteger(value) ? ', not a number' : ', not a fraction';
  if (typeof value === 'boolean') return ', not true or false';
  return Array.isArray(value) ? ', not a list' : ', not a mapping';
}

function unknownKey(key: string, path: KeyPath, root: unknown): string {
  const { node, value } = resolvePath(path, root);
  const known = node === undefined ? [] : keysFor(node, value);
  const near = nearest(key, known);
  if (near !== undefined) return `unknown key; did you mean "${near}"?`;
  const elsewhere = placesOf(key, configJsonSchema(), '');
  if (elsewhere.length > 0) return `unknown key here; it belongs under ${elsewhere.slice(0, 3).join(' or ')}`;
  return `unknown key; allowed here: ${known.join(', ')}`;
}

function keysFor(node: SchemaNode, value: unknown): string[] {
  const options = alternatives(node);
  const chosen = options.find(
    (option) =>
      isMapping(value) &&
      properties(option).some(([key, child]) => child.const !== undefined && child.const === value[key]),
  );
  return (chosen === undefined ? options : [chosen]).flatMap((option) =>
    properties(option).map(([key]) => key),
  );
}

/** The mappings elsewhere in the configuration that have this key. */
function placesOf(key: string, node: SchemaNode, at: string): string[] {
  if (node['x-secret'] === true) return [];
  const items = node.items;
  if (typeof items === 'object' && !Array.isArray(items))
    return placesOf(key, items as SchemaNode, `${at}[]`);
  const places = alternatives(node).flatMap((option) =>
    properties(option).flatMap(([name, child]) => [
      ...(name === key ? [at === '' ? 'the top level' : at] : []),
      ...placesOf(key, child, at === '' ? name : `${at}.${name}`),
    ]),
  );
  return [...new Set(places)];
}

/** The word that one or two slips of the finger lead to, or `undefined`. */
function nearest(word: string, words: readonly string[]): string | undefined {
  const bare = (text: string) => text.toLowerCase().replace(/[-_]/g, '');
  const ranked = words
    .map((candidate) => ({ candidate, distance: editDistance(bare(word), bare(candidate)) }))
    .filter(({ candidate, distance }) => distance <= Math.max(1, Math.floor(candidate.length / 3)))
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.candidate;
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next[j] = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substitution);
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
