import fc from 'fast-check';
import { it } from 'vitest';
import { check, sequence, setup } from '../access/entry/sequences.ts';

/** A failure prints the seed as well; RULES_SEED plays it again. */
const SEED = Number(process.env.RULES_SEED ?? Date.now() % 2 ** 31);
const RUNS = Number(process.env.RULES_RUNS ?? 50_000);

it(`no sequence unlocks a door without a cause, or for too long (${RUNS} sequences, seed ${SEED})`, () => {
  console.log(`rules: ${RUNS} sequences, seed ${SEED}`);
  fc.assert(fc.property(sequence, setup, check), { numRuns: RUNS, seed: SEED });
});
