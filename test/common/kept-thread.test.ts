import { expect, it, onTestFinished } from 'vitest';
import { KeptThread } from '../../src/common/index.ts';
import { until } from '../door/bench.ts';

const entry = new URL(
  `data:text/javascript,${encodeURIComponent(
    "import { parentPort, workerData } from 'node:worker_threads';" +
      "parentPort.on('message', (word) => { if (word === 'die') throw new Error('died'); parentPort.postMessage(word + workerData); if (word === 'end') parentPort.close(); });",
  )}`,
);

function kept(data: () => unknown) {
  const heard: string[] = [];
  const errors: string[] = [];
  const thread = new KeptThread<string, string>({
    entry,
    data,
    restartMs: 10,
    onMessage: (message) => heard.push(message),
    onError: (error) => errors.push(error.message),
    onStart: () => thread.post('hello'),
  });
  onTestFinished(() => thread.stop('end', 10_000));
  return { thread, heard, errors };
}

it('is started again when it dies, and when it could not even be started', async () => {
  let starts = 0;
  const { thread, heard, errors } = kept(() => {
    starts += 1;
    // No data that a thread can be given, once at the first start and once at a later one.
    return starts === 1 || starts === 3 ? () => {} : starts;
  });
  thread.start();
  expect(thread.runs).toBe(false);
  await until('the second start', () => heard.includes('hello2'));
  thread.post('die');
  await until('the fourth start', () => heard.includes('hello4'));
  expect(errors).toEqual([expect.stringContaining('cloned'), 'died', expect.stringContaining('cloned')]);
});

it('is one, however often it is started, and none once it was stopped', async () => {
  let starts = 0;
  const { thread, heard } = kept(() => ++starts);
  thread.start();
  thread.start();
  await until('the start', () => heard.length > 0);
  await thread.stop('end', 10_000);
  thread.start();
  expect(heard).toEqual(['hello1', 'end1']);
  expect(starts).toBe(1);
});

it('that cannot be started for one and the same reason says so once', async () => {
  let starts = 0;
  const { thread, errors } = kept(() => {
    starts += 1;
    return () => {};
  });
  thread.start();
  await until('the fourth try', () => starts > 3);
  expect(errors).toEqual([expect.stringContaining('cloned')]);
});
