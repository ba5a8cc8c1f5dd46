import { Command } from 'commander';
import { MenshenError } from '../common/index.ts';
import { type Config, configPath, loadConfig } from '../config/index.ts';
import { releaseDoors } from '../door/index.ts';

/** `menshen door release`. Errors are thrown as MenshenError for main.ts to print. */
export function doorCommand(): Command {
  const door = new Command('door').description('work the doors from outside the gate process');
  door
    .command('release')
    .description('release the relays, as systemd does after the gate process has ended (ExecStopPost)')
    .argument('[door...]', 'ids of doors; by default all of the configuration')
    .option('-c, --config <file>', 'configuration file')
    .action((ids: string[], options: { config?: string }) => release(ids, configPath(options.config)));
  return door;
}

async function release(ids: readonly string[], path: string): Promise<void> {
  const { config } = await loadConfig(path);
  const results = await releaseDoors(chosen(config, ids), config.simulator);
  const failures: MenshenError[] = [];
  for (const result of results) {
    if (result.outcome === 'failed') failures.push(result.error);
    else console.log(result.message);
  }
  const [first] = failures;
  if (first !== undefined) {
    throw new MenshenError(first.code, failures.map(({ message }) => message).join('\n'), { cause: first });
  }
}

function chosen(config: Config, ids: readonly string[]): Config['doors'] {
  const unknown = ids.filter((id) => !config.doors.some((door) => door.id === id));
  if (unknown.length > 0) {
    const known = config.doors.map(({ id }) => id).join(', ');
    throw new MenshenError(
      'USAGE',
      `there is no door "${unknown.join('", "')}"; the configuration has ${known}`,
    );
  }
  return ids.length === 0 ? config.doors : config.doors.filter((door) => ids.includes(door.id));
}
