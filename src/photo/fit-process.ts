/**
 * Entry of the process that writes one picture anew: `fitInOwnProcess` starts it. One line of JSON with the limits
 * comes on stdin, then the picture; the JPEG goes to stdout. A picture that crashes libvips ends this process only.
 */
import { z } from 'zod';
import { MenshenError, messageOf } from '../common/index.ts';
import { fitJpeg } from './fit.ts';

const count = z.number().int().min(0);
const LimitsSchema = z.strictObject({ minBytes: count, maxBytes: count, minSide: count, maxSide: count });

async function main(): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  const input = Buffer.concat(chunks);
  const end = input.indexOf(10);
  const limits = LimitsSchema.parse(JSON.parse(input.toString('utf8', 0, end)));
  process.stdout.write(await fitJpeg(input.subarray(end + 1), limits));
}

main().catch((error: unknown) => {
  const code = error instanceof MenshenError ? error.code : 'INTERNAL';
  process.stderr.write(`${JSON.stringify({ code, message: messageOf(error) })}\n`);
  process.exitCode = 1;
});
