import { beforeAll, describe, expect, it } from 'vitest';
import { CHECKS, type CheckResult } from './gpio/checks.ts';
import { noMachine, runGuest } from './gpio/machine.ts';

const missing = noMachine();
if (missing !== null) console.warn(`GPIO lines of a real kernel are not tested: ${missing}`);

/** The drivers `gpiod` and `onoff` on a kernel's real interfaces: lines of its own simulator, seen from their other side. */
describe.skipIf(missing !== null)('GPIO lines of a real kernel', () => {
  let results: CheckResult[] = [];

  beforeAll(async () => {
    const run = await runGuest();
    results = run.results;
    if (results.length < CHECKS.length) console.warn(run.console.slice(-3000));
    console.log(`the virtual machine ran for ${(run.ms / 1000).toFixed(0)} s`);
  }, 700_000);

  it.each(CHECKS)('%s', (name) => {
    const result = results.find((one) => one.name === name);
    expect(result?.ok === false ? result.error : (result?.ok ?? 'not reached')).toBe(true);
    if (name === 'latencies') console.log(`in the emulator, ms: ${JSON.stringify(result)}`);
  });
});
