import type { ErrorCode } from '../common/index.ts';

const FIRST_MS = 500;
const LONGEST_MS = 15_000;
/** A stream that ran this long was sound: the next failure counts as the first. */
export const SOUND_AFTER_MS = 10_000;

/**
 * Milliseconds to wait before the next attempt after `failures` (1 and up) failures in a row: 0.5 s, doubled
 * each time up to 15 s, the upper half of it left to chance so that many devices do not knock together.
 * A refused password waits the longest at once, since cameras lock accounts after a few wrong ones; a changed
 * picture size waits hardly at all. `random` is 0 to 1.
 */
export function backoffMs(failures: number, code: ErrorCode, random: number): number {
  if (code === 'CAMERA_RESOLUTION_CHANGED' && failures <= 1) return 0;
  const longest =
    code === 'CAMERA_AUTH_FAILED' ? LONGEST_MS : Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
  return Math.round((longest * (1 + random)) / 2);
}
