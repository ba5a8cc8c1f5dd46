import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { GENERATED } from '../../scripts/generate.ts';
import { configJsonSchema, loadConfig } from '../../src/config/index.ts';
import { alternatives, properties, type SchemaNode } from '../../src/config/tree.ts';

const root = new URL('../../', import.meta.url);

function keysBelow(node: SchemaNode, at = ''): [string, SchemaNode][] {
  const { items } = node;
  if (typeof items === 'object' && !Array.isArray(items)) return keysBelow(items as SchemaNode, `${at}[]`);
  return alternatives(node).flatMap((option) =>
    properties(option).flatMap(([key, child]): [string, SchemaNode][] => [
      [`${at}.${key}`, child],
      ...keysBelow(child, `${at}.${key}`),
    ]),
  );
}

describe('the schema', () => {
  const keys = keysBelow(configJsonSchema());

  it('describes every key', () => {
    expect(keys.length).toBeGreaterThan(80);
    expect(keys.filter(([, node]) => !node.description).map(([key]) => key)).toEqual([]);
  });

  it('marks every path and every secret, by the names that such keys have', () => {
    const pathLike = keys.filter(([key]) => /(\.file|File|Dir|\.socket|\.source)$/.test(key));
    expect(pathLike.length).toBeGreaterThan(6);
    expect(pathLike.filter(([, node]) => node['x-path'] !== true).map(([key]) => key)).toEqual([]);
    const secretLike = keys.filter(([key]) => /(password|token|secret|\.key)$/i.test(key));
    expect(secretLike.length).toBeGreaterThan(2);
    expect(secretLike.filter(([, node]) => node['x-secret'] !== true).map(([key]) => key)).toEqual([]);
  });
});

describe('what is generated from it', () => {
  it.each(Object.entries(GENERATED))('%s is up to date (else run `npm run generate`)', async (path, make) => {
    expect(readFileSync(new URL(path, root), 'utf8')).toBe(await make());
  });
});

describe('the example', () => {
  const path = new URL('config/menshen.example.yaml', root).pathname;

  it('loads', async () => {
    const { config } = await loadConfig(path);
    expect(config.doors.map((door) => door.id)).toEqual(['main']);
    expect(config.mqtt?.password).toEqual({ credential: 'mqtt' });
  });

  it('names its schema in the first line and shows true defaults', async () => {
    const text = readFileSync(path, 'utf8');
    expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=./menshen.schema.json');
    const { parseConfig } = await import('../../src/config/index.ts');
    const uncommented = text.replace(/^( *)# (?=( *)[a-zA-Z]+:($| [^ ]+$| \{.*\}$))/gm, '$1');
    expect(uncommented.length).toBeLessThan(text.length - 20);
    const shown = parseConfig(uncommented, path);
    const plain = await loadConfig(path);
    expect({ ...shown.config, mqtt: null }).toEqual({ ...plain.config, mqtt: null });
  });
});
