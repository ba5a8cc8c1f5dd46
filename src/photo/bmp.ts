import { spawn } from 'node:child_process';
import type { Picture } from '../camera/types.ts';
import { MenshenError } from '../common/index.ts';
import { checkSize, unreadable } from './limits.ts';

const DECODE_MS = 20_000;

/** Width and height as the header tells them; null when it is no BMP header. Height is negative in files stored top down. */
export function bmpSize(bytes: Buffer): { width: number; height: number } | null {
  if (bytes.length < 26) return null;
  const headerBytes = bytes.readUInt32LE(14);
  // 12: OS/2 1.x, with sizes of 16 bits; 40 and more: Windows.
  const [width, height] =
    headerBytes === 12
      ? [bytes.readUInt16LE(18), bytes.readUInt16LE(20)]
      : [bytes.readInt32LE(18), Math.abs(bytes.readInt32LE(22))];
  return width > 0 && height > 0 ? { width, height } : null;
}

/** Decodes a BMP with ffmpeg, since sharp does not read the format. Throws PICTURE_UNREADABLE, PICTURE_TOO_LARGE, FFMPEG_MISSING. */
export async function decodeBmp(bytes: Buffer, label: string): Promise<Picture> {
  const size = bmpSize(bytes);
  if (size === null) throw unreadable(label, 'its BMP header is damaged');
  checkSize(size, label);
  if (bytes.readUInt32LE(2) > bytes.length) throw unreadable(label, 'it is truncated');
  // Some programs leave the file's size out (0); ffmpeg finds no picture then.
  const file = Buffer.from(bytes);
  file.writeUInt32LE(file.length, 2);
  const { width, height } = size;
  const data = await runFfmpeg(file, width * height * 3, label);
  return { format: 'rgb24', width, height, data };
}

function runFfmpeg(bytes: Buffer, expected: number, label: string): Promise<Uint8Array> {
  const output = ['-frames:v', '1', '-threads', '1', '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'];
  const input = [
    '-protocol_whitelist',
    'pipe',
    '-err_detect',
    'explode',
    '-xerror',
    '-f',
    'bmp_pipe',
    '-i',
    'pipe:0',
  ];
  const child = spawn('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-nostats', ...input, ...output], {
    stdio: ['pipe', 'pipe', 'ignore'],
    timeout: DECODE_MS,
    killSignal: 'SIGKILL',
  });
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let received = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (received > expected) child.kill('SIGKILL');
      else chunks.push(chunk);
    });
    // ffmpeg may stop reading a broken file early; its exit says what there is to say.
    child.stdin.on('error', () => {});
    child.on('error', (error) => {
      reject(
        new MenshenError('FFMPEG_MISSING', `${label}: reading a BMP needs ffmpeg, which does not start.`, {
          cause: error,
        }),
      );
    });
    child.on('close', (code) => {
      if (code === 0 && received === expected) resolve(Buffer.concat(chunks, expected));
      else reject(unreadable(label, 'it is truncated or damaged, or its header does not tell its true size'));
    });
    child.stdin.end(bytes);
  });
}
