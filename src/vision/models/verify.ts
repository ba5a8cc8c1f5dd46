import { join } from 'node:path';
import { MenshenError } from '../../common/index.ts';
import type { Catalogue, ModelEntry } from './catalog.ts';
import { readIfThere, sha256Of } from './files.ts';

/** What a file of the catalogue was found to be. */
export interface ModelCheck {
  readonly entry: ModelEntry;
  readonly path: string;
  readonly status: 'good' | 'missing' | 'altered';
}

/** Proves every file of the catalogue by its SHA-256. Reports, does not throw. */
export async function verifyModels(options: { dir: string; catalogue: Catalogue }): Promise<ModelCheck[]> {
  const checks: ModelCheck[] = [];
  for (const entry of options.catalogue.models) {
    const path = join(options.dir, entry.file);
    const bytes = await readIfThere(path);
    const status = bytes === null ? 'missing' : sha256Of(bytes) === entry.sha256 ? 'good' : 'altered';
    checks.push({ entry, path, status });
  }
  return checks;
}

/** The bytes of a network, proved. Throws MODEL_MISSING or MODEL_ALTERED. */
export async function readVerified(dir: string, entry: ModelEntry): Promise<Buffer> {
  const path = join(dir, entry.file);
  const bytes = await readIfThere(path);
  if (bytes === null) throw problemOf({ entry, path, status: 'missing' });
  if (sha256Of(bytes) !== entry.sha256) throw problemOf({ entry, path, status: 'altered' });
  return bytes;
}

/** The error for a check that is not good: what, where, and what to do. */
export function problemOf(check: ModelCheck): MenshenError {
  const { entry, path } = check;
  const cure = cureFor(entry);
  return check.status === 'missing'
    ? new MenshenError(
        'MODEL_MISSING',
        `The ${entry.role} network ${entry.id} is missing: no file ${path}. ${cure}`,
      )
    : new MenshenError(
        'MODEL_ALTERED',
        `The ${entry.role} network ${entry.id} in ${path} does not match the checksum in catalog.json. ${cure}`,
      );
}

function cureFor({ source, trained }: ModelEntry): string {
  if (source !== undefined) return 'Run `menshen models pull`.';
  return trained === undefined
    ? 'The site brought this file itself: put it back, or correct its entry in catalog.json.'
    : 'It ships with Menshen: restore it from the release; for a models folder elsewhere, run `menshen models pull`.';
}
