import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { ConfigSchema } from './schema.ts';

/**
 * The data directory that the file at `path` names, as far as that can be told of one that is not valid, or not
 * even there; the default where it cannot. Only for what must go on without a valid configuration. Never throws.
 */
export function guessDataDir(path: string): string {
  const named = ConfigSchema.shape.dataDir.safeParse(written(path));
  return resolve(dirname(path), named.success ? named.data : ConfigSchema.shape.dataDir.parse(undefined));
}

/** What stands behind a key `dataDir` at the beginning of a line: whatever is wrong elsewhere does not matter. */
function written(path: string): unknown {
  try {
    const value = /^dataDir:[ \t]+(.*)$/m.exec(readFileSync(path, 'utf8'))?.[1];
    return value === undefined ? undefined : parse(value);
  } catch {
    return undefined;
  }
}
