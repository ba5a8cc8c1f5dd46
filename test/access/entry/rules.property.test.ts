import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ask } from './naive-rules.ts';
import { check, sequence, setup } from './sequences.ts';

it('the rules and the doors agree with a guard and a notebook, whatever people, contacts, faults and restarts come', () => {
  fc.assert(fc.property(sequence, setup, check), { numRuns: 300 });
});

it('the sequences come to grants, waits and every denial that they can come to', () => {
  const seen = new Set<string>();
  for (const [acts, given] of fc.sample(fc.tuple(sequence, setup), { numRuns: 300, seed: 1 })) {
    for (const act of acts) {
      if (act.type !== 'present') continue;
      const question = { ...act, at: 0, lockdown: null, otherOpen: given.interlock };
      seen.add(ask([], question, given).verdict);
    }
  }
  expect([...seen].sort()).toEqual(['deny', 'grant', 'wait']);
});
