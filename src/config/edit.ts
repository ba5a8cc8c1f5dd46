import { isDeepStrictEqual } from 'node:util';
import { parseDocument } from 'yaml';
import { MenshenError, messageOf } from '../common/index.ts';
import type { Config } from './schema.ts';
import { formatPath, isMapping, type KeyPath, resolvePath } from './tree.ts';

/** A setting to be changed; null takes it out. */
export interface ConfigEdit {
  readonly path: KeyPath;
  readonly value: unknown;
}

/** Settings that may be changed over the network. All others (identity, keys, secrets, files, broker, wiring) are set at the device. */
const CHANGEABLE: readonly RegExp[] = [
  /^gate\.timezone$/,
  /^(decision|vision|journal|log|access|calendar)\./,
  /^cameras\[\d+\]\.(area\.\w+|fps|stallMs|connectTimeoutMs)$/,
  /^doors\[\d+\]\.(\w+\.)?\w+Ms$/,
];

/**
 * The text of a configuration file with some settings changed; comments and order stay.
 * @throws MenshenError CONFIG_SYNTAX where a path leads through what is no mapping or list
 */
export function editConfig(text: string, edits: readonly ConfigEdit[]): string {
  const document = parseDocument(text, { version: '1.2', stringKeys: true, logLevel: 'error' });
  for (const { path, value } of edits) {
    try {
      if (value === null) document.deleteIn(path);
      else document.setIn(path, document.createNode(value));
    } catch (error) {
      throw new MenshenError('CONFIG_SYNTAX', `${formatPath(path)} cannot be set: ${messageOf(error)}`);
    }
  }
  return document.toString();
}

/**
 * Whether two configurations differ in nothing but what may be changed over the network, whatever way the change was
 * written. Gives the first setting that may not, or null.
 */
export function forbiddenChange(before: Config, after: Config): string | null {
  for (const path of differences(before, after, [])) {
    const place = formatPath(path);
    if (
      !CHANGEABLE.some((pattern) => pattern.test(place)) ||
      isMarked(path, before) ||
      isMarked(path, after)
    ) {
      return place;
    }
  }
  return null;
}

/** Paths of the single settings in which two values differ. */
function differences(before: unknown, after: unknown, path: KeyPath): KeyPath[] {
  if (isDeepStrictEqual(before, after)) return [];
  const lists = Array.isArray(before) && Array.isArray(after);
  if (!lists && !(isMapping(before) && isMapping(after))) {
    // A section that comes or goes counts by what is in it.
    const section = [before, after].find((value) => typeof value === 'object' && value !== null);
    if (section === undefined) return [path];
    const inside = Object.entries(section).map(([key]) => [
      ...path,
      Array.isArray(section) ? Number(key) : key,
    ]);
    return inside.length === 0 ? [path] : inside.flatMap((inner) => leaves(section, inner));
  }
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) =>
    differences(entry(before, key), entry(after, key), [...path, lists ? Number(key) : key]),
  );
}

function leaves(section: object, path: KeyPath): KeyPath[] {
  return differences(undefined, entry(section, String(path.at(-1))), path);
}

function entry(value: object, key: string): unknown {
  return Object.entries(value).find(([name]) => name === key)?.[1];
}

/** Whether a setting is a secret or names a file, or lies within one that is. */
function isMarked(path: KeyPath, config: Config): boolean {
  return path.some((_, index) => {
    const node = resolvePath(path.slice(0, index + 1), config).node;
    return node?.['x-secret'] === true || node?.['x-path'] === true;
  });
}
