import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { MenshenError } from '../common/index.ts';
import { type Credentials, withCredentials } from './credentials.ts';
import type { Source } from './source.ts';

/** How ffmpeg is started for a source. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  /** What to feed into file descriptor 3, if anything: it holds the password. */
  readonly script: string | null;
}

/** Protocols ffmpeg may open for a camera: no other file or address, whatever a camera answers. */
const PROTOCOLS = 'pipe,rtsp,rtp,tcp,tls';

/**
 * Raw pictures with time stamps in NUT. `-threads 1` here, on the output side, and `passthrough`: else ffmpeg
 * holds a whole picture back, or drops and doubles some. Without `-enc_time_base` time stamps are rounded to
 * the nominal picture rate. With sync points NUT's writer keeps 215 bytes for every picture for ever.
 * `-autoscale 0` shows a changed picture size instead of scaling it away. The camera's name stands before it
 * as metadata, for who reads the output of `ps`: the URL is not there.
 */
const OUTPUT = [
  ...['-map', '0:v:0', '-an', '-threads', '1', '-fps_mode', 'passthrough', '-enc_time_base', '1:90000'],
  ...['-autoscale', '0', '-c:v', 'rawvideo', '-pix_fmt', 'yuv420p'],
  ...['-f', 'nut', '-syncpoints', 'none', '-f_strict', 'experimental', '-flush_packets', '1', 'pipe:1'],
];

/** Where ffmpeg is. Throws FFMPEG_MISSING when it is not installed. */
export function findFfmpeg(): string {
  const ffmpeg = findProgram('ffmpeg');
  if (ffmpeg === null) {
    throw new MenshenError(
      'FFMPEG_MISSING',
      'ffmpeg is not on the search path. Install the system package ffmpeg.',
    );
  }
  return ffmpeg;
}

export interface CommandOptions {
  /** Path of ffmpeg. */
  readonly ffmpeg: string;
  /** Name of the camera. */
  readonly id: string;
  readonly source: Exclude<Source, { kind: 'folder' }>;
  readonly credentials: Credentials | null;
  readonly loop: boolean;
  /** With `own`, an RTSP stream is expected on stdin, as nut-writer.ts writes it. */
  readonly reader: 'own' | 'ffmpeg';
}

/** The command for a source; `decoding` are ffmpeg's arguments for its decoder. */
export function ffmpegCommand(options: CommandOptions, decoding: readonly string[] = []): Command {
  const { ffmpeg, id, source, credentials, loop, reader } = options;
  const input =
    source.kind === 'file' ? fileInput(source.path, loop) : reader === 'own' ? FED_INPUT : RTSP_INPUT;
  const args = [
    '-hide_banner',
    '-nostats',
    '-nostdin',
    '-loglevel',
    'level+verbose',
    ...decoding,
    ...input,
    '-metadata',
    `camera=${id}`,
    ...OUTPUT,
  ];
  const script =
    source.kind === 'rtsp' && reader === 'ffmpeg'
      ? rtspScript(withCredentials(source.url, credentials))
      : null;
  return { ...boundToParent(ffmpeg, args), script };
}

/**
 * The URL comes in a script through a pipe, so that neither `ps` nor /proc shows the password. No
 * `-fflags nobuffer`: it throws away the key picture that was read while probing and waits for the next
 * one; the backlog this leaves at the beginning is known for what it is by its time stamps.
 */
const RTSP_INPUT = [
  ...['-flags', 'low_delay', '-fpsprobesize', '0'],
  ...['-f', 'concat', '-safe', '0', '-protocol_whitelist', PROTOCOLS, '-i', 'pipe:3'],
];

/**
 * Pictures in NUT on stdin, each decoded as soon as it is there: no parser looks for its end, nothing is probed
 * beyond the first picture, and `-copyts` keeps the time stamps by which pictures are known again.
 */
const FED_INPUT = [
  ...['-flags', 'low_delay', '-fpsprobesize', '0', '-analyzeduration', '1', '-fflags', '+noparse', '-copyts'],
  ...['-protocol_whitelist', 'pipe', '-f', 'nut', '-i', 'pipe:0'],
];

function rtspScript(url: string): string {
  return [
    'ffconcat version 1.0',
    `file '${url}'`,
    'option rtsp_transport tcp',
    'option allowed_media_types video',
    'option fpsprobesize 0',
    'option analyzeduration 1',
    '',
  ].join('\n');
}

function fileInput(path: string, loop: boolean): string[] {
  return [
    ...(loop ? ['-stream_loop', '-1'] : []),
    '-re',
    '-protocol_whitelist',
    'file',
    '-i',
    `file:${path}`,
  ];
}

/** Where util-linux has setpriv, the kernel kills ffmpeg when we die, however we die and whatever ffmpeg waits for. */
function boundToParent(program: string, args: string[]): { file: string; args: string[] } {
  const setpriv = findProgram('setpriv');
  if (setpriv === null) return { file: program, args };
  return { file: setpriv, args: ['--pdeathsig', 'KILL', '--', program, ...args] };
}

function findProgram(name: string): string | null {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not in this folder
    }
  }
  return null;
}
