import { type Command, Option } from 'commander';
import { configPath, loadConfig } from '../../config/index.ts';

/** Where the journal is: the folder itself, or the configuration that names it. */
export interface Place {
  readonly config?: string;
  readonly dataDir?: string;
}

export function placed(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration file, for its dataDir')
    .addOption(new Option('--data-dir <folder>', 'folder of the journal').conflicts('config'));
}

export async function dataDirOf({ config, dataDir }: Place): Promise<string> {
  return dataDir ?? (await loadConfig(configPath(config))).config.dataDir;
}
