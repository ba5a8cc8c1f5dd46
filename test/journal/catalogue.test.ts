import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { EVENT_DATA } from '../../src/journal/data.ts';
import { EVENT_TYPES } from '../../src/journal/index.ts';

const page = readFileSync(new URL('../../docs/reference/events.md', import.meta.url), 'utf8');

it('docs/reference/events.md documents every type of event, with its meaning, and no other', () => {
  const documented = [...page.matchAll(/^\| `([a-z]+\.[a-z_]+)` \| ([^|]+) \|/gm)].map((row) => [
    row[1],
    row[2]?.trim(),
  ]);
  expect(Object.fromEntries(documented)).toEqual(EVENT_TYPES);
  expect(documented).toHaveLength(Object.keys(EVENT_TYPES).length);
});

it('names there every member that a schema gives to the data of a type', () => {
  const rows = new Map(
    [...page.matchAll(/^\| `([a-z]+\.[a-z_]+)` \| [^|]+ \|(.*)\|$/gm)].map(([, type = '', data = '']) => [
      type,
      data,
    ]),
  );
  const missing = Object.entries(EVENT_DATA).flatMap(([type, schema]) => {
    if (!('shape' in schema)) return [];
    const names = Object.keys(schema.shape).filter((name) => name !== 'happenedAt');
    const told = type.startsWith('input.')
      ? `${rows.get('input.tamper')}${rows.get(type)}`
      : (rows.get(type) ?? '');
    return names.filter((name) => !told.includes(`\`${name}\``)).map((name) => `${type}: ${name}`);
  });
  expect(missing).toEqual([]);
});
