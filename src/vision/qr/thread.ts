/** The thread that reads QR codes for a vision process: entry of the worker that `QrWatch` starts. */
import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { monotonicMs } from '../../common/index.ts';
import { QrDecoder } from './decoder.ts';
import type { QrAnswer, QrTask } from './protocol.ts';

/** Faces go first. On Linux this is the priority of the calling thread alone. */
const NICE = 10;

const decoder = await QrDecoder.open();
setPriority(NICE);
parentPort?.on('message', (task: QrTask) => void answer(task));

async function answer({ luma, width, height }: QrTask): Promise<void> {
  const started = monotonicMs();
  const texts = await decoder.read(luma, width, height);
  const answer: QrAnswer = { texts, ms: monotonicMs() - started, luma };
  parentPort?.postMessage(answer, [luma.buffer]);
}
