import { spawnSync } from 'node:child_process';

/** Width and height in pixels of a film's pictures, by ffprobe; 0 where it holds none. */
export function filmSize(film: string): { readonly width: number; readonly height: number } {
  const only = [
    '-v',
    'error',
    '-select_streams',
    'v',
    '-show_entries',
    'stream=width,height',
    '-of',
    'csv=p=0',
  ];
  const [width = 0, height = 0] = String(spawnSync('ffprobe', [...only, film]).stdout)
    .split(',')
    .map(Number);
  return { width, height };
}
