/**
 * Logs LINES lines as fast as it can, tells on stdout how long one took at most, then ends at once; with `patient`
 * it logs one more line before that, when something comes on stdin.
 */
import { once } from 'node:events';
import { createLogger, monotonicMs } from '../../src/common/index.ts';

const [lines = '0', patient] = process.argv.slice(2);
const log = createLogger('writer');
const padding = 'x'.repeat(200);
let n = 0;
let longestMs = 0;

function write(): void {
  const started = monotonicMs();
  log.info({ n: n++, padding }, 'line');
  longestMs = Math.max(longestMs, monotonicMs() - started);
}

while (n < Number(lines)) write();
await new Promise<void>((resolve) => {
  process.stdout.write(`${JSON.stringify({ longestMs })}\n`, () => resolve());
});
if (patient !== undefined) {
  await once(process.stdin, 'data');
  write();
}
process.exit(0);
