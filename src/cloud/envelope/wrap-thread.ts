/**
 * Entry of the thread that `EnvelopeKeyPool` starts: one set of wrapped keys for each message it gets. SM2 takes tens
 * of milliseconds in JavaScript, and the gate's own thread has doors to watch.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { SM2_ORDERS } from './sm2.ts';
import { wrapFreshKeys } from './wrapped-keys.ts';

const { point, order } = z.object({ point: z.string(), order: z.enum(SM2_ORDERS) }).parse(workerData);

parentPort?.on('message', () => parentPort?.postMessage(wrapFreshKeys({ point }, order)));
