// Steps 3 and 4: the program and its networks.
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashOf, ROOT, run, SetupError, step, textOf } from './tools.mjs';

const STAMP = 'dist/.menshen-build';
const SOURCES = ['src', 'scripts/build.ts', 'tsconfig.json', 'package-lock.json'];

/** Builds dist/ from src/ when anything in it has changed. */
export async function build() {
  const now = `${hashOf(SOURCES)}\n`;
  if (textOf(STAMP) === now) return;
  await step('build', async () => {
    rmSync(join(ROOT, STAMP), { force: true });
    await run(process.execPath, ['--import', 'tsx', 'scripts/build.ts'], {
      hint: 'The source does not compile.',
    });
  });
  writeFileSync(join(ROOT, STAMP), now);
}

/**
 * Fetches the networks of models/catalog.json that are missing or altered.
 */
export async function models() {
  /** @type {{ models: { file: string, sha256: string }[] }} */
  const { models: entries } = JSON.parse(textOf('models/catalog.json'));
  if (entries.every(isGood)) return;
  await step('models pull', () =>
    run(process.execPath, [join(ROOT, 'dist/cli/main.js'), 'models', 'pull'], {
      hint: 'Is the npm registry reachable?',
    }),
  );
  const bad = entries.filter((entry) => !isGood(entry)).map((entry) => entry.file);
  if (bad.length > 0) throw new SetupError(`models pull left these missing or altered: ${bad.join(', ')}`);
}

/** @param {{ file: string, sha256: string }} entry */
function isGood({ file, sha256 }) {
  try {
    const bytes = readFileSync(join(ROOT, 'models', file));
    return createHash('sha256').update(bytes).digest('hex') === sha256;
  } catch {
    return false;
  }
}
