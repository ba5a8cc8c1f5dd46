/**
 * Entry of the thread that `EnvelopeKeyPool` starts: one set of wrapped keys for each message it gets. SM2 takes tens
 * of milliseconds in JavaScript, and the gate's own thread has doors to watch. It loads as little as it can, since
 * whatever it loads is held in memory a second time.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { ThreadData } from './key-pool.ts';
import { wrapFreshKeys } from './wrapped-keys.ts';

const { publicKey, order }: ThreadData = workerData;

parentPort?.on('message', () => parentPort?.postMessage(wrapFreshKeys(publicKey, order)));
