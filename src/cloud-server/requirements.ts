import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { MEMORY, MenshenError } from '../common/index.ts';

/** Proves what action liveness needs: ffmpeg with ffprobe, and a file system in memory. Throws FFMPEG_MISSING, CLOUD_SERVER_UNUSABLE. */
export function checkRequirements(): void {
  const folders = (process.env.PATH ?? '').split(delimiter);
  for (const program of ['ffmpeg', 'ffprobe']) {
    if (!folders.some((folder) => allowed(join(folder, program), constants.X_OK))) {
      throw new MenshenError(
        'FFMPEG_MISSING',
        `${program} is not on the search path. Install the system package ffmpeg.`,
      );
    }
  }
  if (!allowed(MEMORY, constants.W_OK)) {
    throw new MenshenError(
      'CLOUD_SERVER_UNUSABLE',
      `${MEMORY} cannot be written. Clips lie in this memory file system while they are judged, and on no disk.`,
    );
  }
}

function allowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
