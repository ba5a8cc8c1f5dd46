import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Params } from '../../commands/index.ts';
import { MenshenError, messageOf } from '../../common/index.ts';
import { editConfig, forbiddenChange, type LoadedConfig, parseConfig } from '../../config/index.ts';

/** A change of the configuration that was found sound, not yet in the file. */
export interface StagedChange {
  readonly path: string;
  readonly text: string;
  /** The file as it is now. */
  readonly old: string;
  /** Versions of the configuration. */
  readonly before: string;
  readonly after: string;
}

/**
 * Checks a change against the configuration in force.
 * @throws MenshenError COMMAND_CONFIG_CHANGED, COMMAND_CONFIG_PROTECTED, CONFIG_... as `menshen config check` would
 */
export async function stageChange(
  loaded: LoadedConfig,
  { version, changes }: Params<'config.set'>,
): Promise<StagedChange> {
  const { path } = loaded;
  const old = await readFile(path, 'utf8');
  const current = parseConfig(old, path);
  if (version !== loaded.sha256 || current.sha256 !== loaded.sha256) {
    throw new MenshenError(
      'COMMAND_CONFIG_CHANGED',
      `version ${loaded.sha256} is in force, ${current.sha256} in the file, and the change is for ${version}`,
    );
  }
  const text = editConfig(old, changes);
  const next = parseConfig(text, path);
  const forbidden = forbiddenChange(loaded.config, next.config);
  if (forbidden !== null) {
    throw new MenshenError('COMMAND_CONFIG_PROTECTED', `${forbidden} is set at the device`);
  }
  return { path, text, old, before: loaded.sha256, after: next.sha256 };
}

/** The file as it was, beside the one on trial. It is there exactly as long as a trial lasts. */
const backupOf = (path: string) => `${path}.before`;

/**
 * Puts a change into the file, for a trial. A power cut at any moment leaves one of the two whole, and the old one
 * at hand until the trial is over. The thread of the doors does not wait for the disk.
 * @throws MenshenError COMMAND_UNAVAILABLE where the folder cannot be written
 */
export async function beginTrial({ path, text, old }: StagedChange): Promise<void> {
  try {
    const { mode } = await stat(path);
    await writeWhole(backupOf(path), old, mode);
    await writeWhole(path, text, mode);
  } catch (error) {
    throw new MenshenError(
      'COMMAND_UNAVAILABLE',
      `the configuration cannot be written: ${messageOf(error)}. The user of the gate needs the right to write ${dirname(path)}.`,
    );
  }
}

/** The new configuration holds. */
export function endTrial(path: string): void {
  rmSync(backupOf(path), { force: true });
  syncFolder(path);
}

/** Puts the old configuration back, if one is on trial; true when it was. */
export function takeBack(path: string): boolean {
  if (!existsSync(backupOf(path))) return false;
  renameSync(backupOf(path), path);
  syncFolder(path);
  return true;
}

async function writeWhole(path: string, text: string, mode: number): Promise<void> {
  const staged = `${path}.new`;
  await rm(staged, { force: true });
  const file = await open(staged, 'wx', mode & 0o777);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(staged, path);
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function syncFolder(path: string): void {
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
