import { Command } from 'commander';
import { MenshenError } from '../common/index.ts';
import { type Config, configPath, guessDataDir, loadConfig } from '../config/index.ts';
import {
  keptEmergency,
  type ReleaseTask,
  recordedRelays,
  releaseRelays,
  releaseTasks,
} from '../door/index.ts';

/** `menshen door release` and `menshen door test`. Errors are thrown as MenshenError for main.ts to print. */
export function doorCommand(): Command {
  const door = new Command('door').description('work the doors from outside the gate process');
  door
    .command('release')
    .description('release the relays, as systemd does after the gate process has ended (ExecStopPost)')
    .argument('[door...]', 'ids of doors; by default all')
    .option('-c, --config <file>', 'configuration file')
    .action((ids: string[], options: { config?: string }) => release(ids, configPath(options.config)));
  door
    .command('test')
    .description('click through relay, contact and exit button while a person watches and answers')
    .argument('[door...]', 'ids of doors; by default all')
    .option('-c, --config <file>', 'configuration file')
    .option('--while-running', 'test although the gate runs on the same lines', false)
    .action(async (ids: string[], options: { config?: string; whileRunning: boolean }) => {
      const { testDoors } = await import('./door-test.ts');
      await testDoors(ids, configPath(options.config), options);
    });
  return door;
}

async function release(ids: readonly string[], path: string): Promise<void> {
  const loaded = await readConfig(path);
  const config = loaded instanceof MenshenError ? null : loaded;
  const dataDir = config?.dataDir ?? guessDataDir(path);
  const { relays, problems } = recordedRelays(dataDir);
  const { state, problem: unreadable } = keptEmergency(dataDir);
  for (const problem of [...problems, unreadable ?? []].flat()) console.error(problem);
  const tasks = releaseTasks(relays, config, state);
  if (loaded instanceof MenshenError) {
    if (tasks.length === 0) throw loaded;
    console.error(`the configuration cannot be used; released is what the gate recorded:\n${loaded.message}`);
  }
  await releaseAll(chosen(tasks, ids), config?.simulator);
}

/** The configuration, or what is wrong with it: the relays must be released all the same. */
async function readConfig(path: string): Promise<Config | MenshenError> {
  try {
    return (await loadConfig(path)).config;
  } catch (error) {
    if (error instanceof MenshenError) return error;
    throw error;
  }
}

async function releaseAll(tasks: readonly ReleaseTask[], simulator: Config['simulator']): Promise<void> {
  const failures: MenshenError[] = [];
  for (const result of await releaseRelays(tasks, simulator)) {
    if (result.outcome === 'failed') failures.push(result.error);
    else console.log(result.message);
  }
  const [first] = failures;
  if (first !== undefined) {
    throw new MenshenError(first.code, failures.map(({ message }) => message).join('\n'), { cause: first });
  }
}

function chosen(tasks: readonly ReleaseTask[], ids: readonly string[]): readonly ReleaseTask[] {
  const doors = [...new Set(tasks.map(({ door }) => door))];
  const unknown = ids.filter((id) => !doors.includes(id));
  if (unknown.length > 0) {
    throw new MenshenError(
      'USAGE',
      `there is no door "${unknown.join('", "')}"; known are ${doors.join(', ')}`,
    );
  }
  return ids.length === 0 ? tasks : tasks.filter(({ door }) => ids.includes(door));
}
