import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { EVENT_TYPES } from '../../src/journal/index.ts';

it('docs/reference/events.md documents every type of event, with its meaning, and no other', () => {
  const page = readFileSync(new URL('../../docs/reference/events.md', import.meta.url), 'utf8');
  const documented = [...page.matchAll(/^\| `([a-z]+\.[a-z_]+)` \| ([^|]+) \|/gm)].map((row) => [
    row[1],
    row[2]?.trim(),
  ]);
  expect(Object.fromEntries(documented)).toEqual(EVENT_TYPES);
  expect(documented).toHaveLength(Object.keys(EVENT_TYPES).length);
});
