import { readFileSync } from 'node:fs';
import { expect, inject } from 'vitest';

/**
 * A test that failed is tried once more, because a busy machine can be late; a property must not get other cases then,
 * or a rare one that fails would pass. Only files with properties pay for loading fast-check.
 */
const { testPath } = expect.getState();
if (testPath !== undefined && /fast-check|sequences\.ts/.test(readFileSync(testPath, 'utf8'))) {
  const { configureGlobal } = await import('fast-check');
  configureGlobal({ seed: inject('seed') });
}

declare module 'vitest' {
  interface ProvidedContext {
    /** One for each run; fast-check prints it with what failed. */
    readonly seed: number;
  }
}
