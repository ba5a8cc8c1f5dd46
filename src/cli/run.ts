import { Command } from 'commander';
import { createLogger, messageOf } from '../common/index.ts';
import { loadConfig } from '../config/index.ts';
import { Gate } from '../gate/index.ts';
import {
  defaultModelsDir,
  type ModelRole,
  problemOf,
  readCatalogue,
  verifyModels,
} from '../vision/models/index.ts';

/** Should an orderly stop take longer than this, the process ends anyway: the relays are released first of all. */
const STOP_LIMIT_MS = 2800;

/** The networks that the vision process opens. */
const VISION_ROLES = new Set<ModelRole>(['detection', 'landmarks', 'liveness', 'embedding']);

/** `menshen run`: the daemon. */
export function runCommand(): Command {
  return new Command('run')
    .description('run the gate')
    .option('-c, --config <file>', 'configuration (default: /etc/menshen/menshen.yaml)')
    .action((options: { config?: string }) => run(options.config));
}

async function run(file: string | undefined): Promise<void> {
  const loaded = await loadConfig(file);
  const log = createLogger('menshen', loaded.config.log.level);
  log.info({ config: loaded.path, version: loaded.sha256 }, 'starting');
  await proveModels(loaded.config.vision.modelsDir);
  const gate = await Gate.start(loaded, log);
  let stopping = false;
  const stop = (reason: string, code: number) => {
    if (stopping) {
      return;
    }
    stopping = true;
    setTimeout(() => process.exit(code), STOP_LIMIT_MS).unref();
    gate.stop(reason).then(
      () => process.exit(code),
      (error: unknown) => {
        log.error({ err: messageOf(error) }, 'the stop was not orderly');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => stop('SIGTERM', 0));
  process.on('SIGINT', () => stop('SIGINT', 0));
}

/** A gate that cannot recognise anybody does not start; the vision processes prove the files they open once more. */
async function proveModels(dir: string = defaultModelsDir()): Promise<void> {
  const checks = await verifyModels({ dir, catalogue: await readCatalogue(dir) });
  const bad = checks.find(({ entry, status }) => status !== 'good' && VISION_ROLES.has(entry.role));
  if (bad !== undefined) {
    throw problemOf(bad);
  }
}
