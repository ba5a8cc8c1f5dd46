import { type Command, InvalidArgumentError } from 'commander';
import { CLOUD_APIS, type CloudApi } from '../../cloud/index.ts';
import { CloudStore } from '../../cloud-server/index.ts';

export interface DataDir {
  readonly dataDir: string;
}

/** Adds the folder of the cloud server, which is not the gate's. */
export function withDataDir(command: Command): Command {
  return command.option('--data-dir <folder>', 'folder of the cloud server', '/var/lib/menshen-cloud');
}

/** Runs a command's work on the store of a data directory, and closes it. */
export async function withStore<T>(
  { dataDir }: DataDir,
  work: (store: CloudStore) => Promise<T> | T,
): Promise<T> {
  const store = CloudStore.open(dataDir);
  try {
    return await work(store);
  } finally {
    store.close();
  }
}

/** A list of API names out of one argument. */
export function apiList(text: string): readonly CloudApi[] {
  return text.split(',').map((word) => {
    const found = CLOUD_APIS.find((api) => api.toLowerCase() === word.trim().toLowerCase());
    if (found === undefined) throw new InvalidArgumentError(`the APIs are ${CLOUD_APIS.join(', ')}`);
    return found;
  });
}

/** A whole number within bounds. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`must be a whole number from ${least} to ${most}`);
    }
    return value;
  };
}

/** Calls a second, fractions allowed. */
export function rate(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1000)) throw new InvalidArgumentError('must be above 0 and at most 1000');
  return value;
}
