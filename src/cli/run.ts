import { Command } from 'commander';
import { createLogger, messageOf } from '../common/index.ts';
import { configPath, loadConfig } from '../config/index.ts';
import { Gate, takeBack } from '../gate/index.ts';
import {
  defaultModelsDir,
  type ModelRole,
  problemOf,
  readCatalogue,
  verifyModels,
} from '../vision/models/index.ts';
import { GateKeeper } from './gate-keeper.ts';
import { stopRequest } from './stop-request.ts';

/** The networks that the vision process opens. */
const VISION_ROLES = new Set<ModelRole>([
  'detection',
  'landmarks',
  'liveness',
  'embedding',
  'mask',
  'masked-landmarks',
  'masked-embedding',
]);

/** `menshen run`: the daemon. */
export function runCommand(): Command {
  return new Command('run')
    .description('run the gate')
    .option('-c, --config <file>', 'configuration (default: /etc/menshen/menshen.yaml)')
    .action((options: { config?: string }) => run(options.config));
}

async function run(file: string | undefined): Promise<void> {
  const stop = stopRequest();
  const path = configPath(file);
  const takenBack = takeBack(path);
  const loaded = await loadConfig(path);
  const log = createLogger('menshen', loaded.config.log.level);
  log.info({ config: loaded.path, version: loaded.sha256 }, 'starting');
  if (takenBack) log.error('a configuration was on trial when the gate ended; the one before is in force');
  await proveModels(loaded.config.vision.modelsDir);
  if (stop.signal !== null) {
    return;
  }
  const gate = await Gate.start(loaded, log);
  const keeper = new GateKeeper(log, stop);
  try {
    await keeper.run(gate, loaded, takenBack);
  } catch (error) {
    log.error({ err: messageOf(error) }, 'the stop was not orderly');
    process.exit(1);
  }
  process.exit(0);
}

/** A gate that cannot recognise anybody does not start; the vision processes prove the files they open once more. */
async function proveModels(dir: string = defaultModelsDir()): Promise<void> {
  const catalogue = await readCatalogue(dir);
  const models = catalogue.models.filter(({ role }) => VISION_ROLES.has(role));
  const checks = await verifyModels({ dir, catalogue: { ...catalogue, models } });
  const bad = checks.find(({ status }) => status !== 'good');
  if (bad !== undefined) {
    throw problemOf(bad);
  }
}
