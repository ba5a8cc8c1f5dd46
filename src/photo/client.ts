/**
 * What the gate process may import of this room: nothing here loads sharp. Pictures are handed to a process of their
 * own, so that neither a crash nor a hang in the decoder reaches the door.
 */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { ERRORS, type ErrorCode, MenshenError } from '../common/index.ts';
import type { JpegLimits } from './fit.ts';

export type { JpegLimits } from './fit.ts';

/** Starting Node and decoding 20 megapixels on a slow board. */
const FIT_MS = 20_000;
const MAX_ERROR_CHARACTERS = 4096;

const ENTRY = new URL(
  import.meta.url.endsWith('.ts') ? './fit-process.ts' : './fit-process.js',
  import.meta.url,
);

const FailureSchema = z.object({
  code: z.custom<ErrorCode>((code) => typeof code === 'string' && Object.hasOwn(ERRORS, code)),
  message: z.string(),
});

/** `fitJpeg` in a process of its own; `signal` kills it. Throws what `fitJpeg` throws, and INTERNAL. */
export async function fitInOwnProcess(
  picture: Uint8Array,
  limits: JpegLimits,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const loader = ENTRY.pathname.endsWith('.ts')
    ? ['--import', createRequire(import.meta.url).resolve('tsx')]
    : [];
  // No other variables: the gate's own may hold secrets.
  const { PATH, LD_LIBRARY_PATH } = process.env;
  const child = spawn(process.execPath, [...loader, fileURLToPath(ENTRY)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    signal,
    timeout: FIT_MS,
    killSignal: 'SIGKILL',
    env: { ...(PATH && { PATH }), ...(LD_LIBRARY_PATH && { LD_LIBRARY_PATH }) },
  });
  return new Promise((resolve, reject) => {
    const output: Buffer[] = [];
    let received = 0;
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (received > limits.maxBytes) child.kill('SIGKILL');
      else output.push(chunk);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-MAX_ERROR_CHARACTERS);
    });
    // A process that ended early does not read its input; its end says what there is to say.
    child.stdin.on('error', () => {});
    child.once('error', reject);
    child.once('close', (code, killed) => {
      if (code === 0) resolve(Buffer.concat(output));
      else reject(failureOf(said, killed));
    });
    child.stdin.write(`${JSON.stringify(limits)}\n`);
    child.stdin.end(picture);
  });
}

function failureOf(said: string, killed: NodeJS.Signals | null): MenshenError {
  const line = said.trimEnd().split('\n').at(-1) ?? '';
  try {
    const { code, message } = FailureSchema.parse(JSON.parse(line));
    return new MenshenError(code, message);
  } catch {
    const how = killed === null ? 'failed' : `was ended by ${killed}`;
    return new MenshenError('INTERNAL', `The process that writes a picture anew ${how}.`);
  }
}
