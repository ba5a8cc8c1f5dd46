// Steps 3 and 4: the program and its networks.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesBelow, hashOf, ROOT, run, SetupError, step, textOf } from './tools.mjs';

const STAMP = 'dist/.menshen-build';
const SOURCES = ['src', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];

/** Compiles src/ to dist/ when anything in it has changed. */
export async function build() {
  const now = `${hashOf(SOURCES)}\n`;
  if (textOf(STAMP) === now) return;
  await step('build', async () => {
    rmSync(join(ROOT, STAMP), { force: true });
    await run(
      process.execPath,
      [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'],
      {
        hint: 'The source does not compile.',
      },
    );
    for (const file of filesBelow('dist')) {
      const source = file.replace(/^dist/, 'src').replace(/\.js(\.map)?$/, '.ts');
      if (!existsSync(join(ROOT, source))) rmSync(join(ROOT, file));
    }
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
