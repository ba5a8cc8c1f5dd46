import { readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { syncDirectory } from './database.ts';

const DAY_MS = 86_400_000;

/** Damaged journals kept, whatever their age. */
const MOST = 3;

const SUFFIXES = ['', '-wal', '-shm'];
const TIME = /^(\d{4}-\d\d-\d\dT)(\d\d)(\d\d)(\d\d\.\d{3}Z)$/;

/** Renames a damaged journal, its -wal and -shm with it, to `<file>.damaged-<time>`; gives the new name. */
export function setAside(path: string, at: Date): string {
  const target = `${path}.damaged-${at.toISOString().replaceAll(':', '')}`;
  for (const suffix of SUFFIXES) {
    if (statSync(path + suffix, { throwIfNoEntry: false }) !== undefined) {
      renameSync(path + suffix, target + suffix);
    }
  }
  syncDirectory(dirname(path));
  return target;
}

/**
 * Deletes damaged journals older than `days`: the pictures in them are past their time. With a clock that is not
 * believed (`now` null), and of younger ones, all but the newest three. Gives their names; throws errors of the file system.
 */
export function pruneSetAside(path: string, now: Date | null, days: number): string[] {
  const folder = dirname(path);
  const prefix = `${basename(path)}.damaged-`;
  const found = readdirSync(folder)
    .filter((name) => name.startsWith(prefix))
    .map((name) => ({ name, at: timeOf(name.slice(prefix.length)) }))
    .filter(({ at }) => at !== null)
    .sort((one, other) => (other.at ?? 0) - (one.at ?? 0));
  const oldest = now === null ? Number.NEGATIVE_INFINITY : now.getTime() - days * DAY_MS;
  const gone = found.filter(({ at }, index) => index >= MOST || (at ?? 0) < oldest).map(({ name }) => name);
  for (const name of gone) {
    for (const suffix of SUFFIXES) {
      rmSync(join(folder, name + suffix), { force: true });
    }
  }
  return gone;
}

function timeOf(text: string): number | null {
  const iso = text.replace(TIME, '$1$2:$3:$4');
  return iso === text ? null : Date.parse(iso);
}
