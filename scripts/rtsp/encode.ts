import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';

export interface EncodeOptions {
  /** Where the H.264 file goes; written beside it first, then moved. */
  readonly file: string;
  /** Even. */
  readonly width: number;
  /** Even. */
  readonly height: number;
  readonly fps: number;
  /** Layout of the pictures given; `yuv420p` by default. */
  readonly format?: 'yuv420p' | 'rgb24';
  /** Pictures from one key picture to the next; `fps` (one second) by default. */
  readonly gop?: number;
  /** Slices a picture; 1 by default. */
  readonly slices?: number;
  /** x264's constant rate factor, lower is better; 23 by default. */
  readonly crf?: number;
}

/** Encodes pictures to H.264 in Annex B as `startRtspServer` wants it: access unit delimiters, repeated headers, no B pictures. */
export async function encodeH264(
  options: EncodeOptions,
  pictures: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const { width, height, fps } = options;
  mkdirSync(dirname(options.file), { recursive: true });
  const partial = `${options.file}.${randomUUID()}.part`;
  const ffmpeg = spawn(
    'ffmpeg',
    [
      ...['-hide_banner', '-loglevel', 'error', '-y'],
      ...[
        '-f',
        'rawvideo',
        '-pix_fmt',
        options.format ?? 'yuv420p',
        '-s',
        `${width}x${height}`,
        '-r',
        `${fps}`,
      ],
      ...['-i', 'pipe:0', '-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p'],
      ...['-crf', `${options.crf ?? 23}`, '-bf', '0', '-g', `${options.gop ?? Math.max(1, Math.round(fps))}`],
      ...['-x264-params', `aud=1:repeat-headers=1:slices=${options.slices ?? 1}`, '-f', 'h264', partial],
    ],
    { stdio: ['pipe', 'ignore', 'inherit'] },
  );
  const closed = once(ffmpeg, 'close');
  ffmpeg.stdin.on('error', () => {}); // the exit code says it
  for await (const picture of pictures) {
    if (!ffmpeg.stdin.write(picture)) await Promise.race([once(ffmpeg.stdin, 'drain'), closed]);
  }
  ffmpeg.stdin.end();
  await closed;
  if (ffmpeg.exitCode !== 0)
    throw new Error(`ffmpeg could not encode ${options.file} (exit code ${ffmpeg.exitCode})`);
  renameSync(partial, options.file);
}
