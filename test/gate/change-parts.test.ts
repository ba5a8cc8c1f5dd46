import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { partsOf } from '../../src/gate/change-parts.ts';
import { encodeEvent } from '../../src/journal/encode.ts';

const people = (count: number) => Array.from({ length: count }, () => randomUUID());

it('tells a change of any size in events that the journal takes, the removals first', () => {
  const change = { added: people(20_000), updated: people(7), removed: people(2500) };
  const parts = [...partsOf(change)];
  for (const part of parts) {
    encodeEvent({ type: 'gallery.changed', data: { ...part } }, { seq: 1, at: new Date(), gate: 'g' });
  }
  expect(parts.flatMap(({ added }) => added)).toEqual(change.added);
  expect(parts.flatMap(({ updated }) => updated)).toEqual(change.updated);
  expect(parts.flatMap(({ removed }) => removed)).toEqual(change.removed);
  expect(parts[0]).toMatchObject({ added: [], updated: [] });
});

it('leaves a small change whole', () => {
  const change = { added: people(2), updated: people(3), removed: people(4) };
  expect([...partsOf(change)]).toEqual([change]);
});
