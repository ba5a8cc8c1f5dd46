import { chmodSync, chownSync, closeSync, openSync, statSync } from 'node:fs';
import { MenshenError, makeFolder, messageOf } from '../common/index.ts';

/** Makes the data directory (mode 0700) when it is not there. Throws DATA_DIR_UNUSABLE. */
export function ensureDataDir(path: string): void {
  try {
    makeFolder(path, 0o700);
  } catch (error) {
    throw new MenshenError(
      'DATA_DIR_UNUSABLE',
      `The data directory ${path} cannot be made: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

/** Makes the file with mode 0600 when it is not there, and takes it away from group and others when it is. Throws DATA_DIR_UNUSABLE. */
export function ensurePrivateFile(path: string, directory: string): void {
  try {
    closeSync(openSync(path, 'a', 0o600));
    const { mode, size } = statSync(path);
    if ((mode & 0o077) !== 0) chmodSync(path, 0o600);
    if (size === 0) giveToOwnerOf(directory, path);
  } catch (error) {
    throw new MenshenError(
      'DATA_DIR_UNUSABLE',
      `The file ${path} cannot be made or opened: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

/** When root makes a file in the directory of the daemon's user, the daemon must be able to open it. */
export function giveToOwnerOf(directory: string, path: string): void {
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = statSync(directory);
  if (uid !== 0) chownSync(path, uid, gid);
}
