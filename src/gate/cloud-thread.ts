/**
 * The thread that calls the cloud: client, encryption and quota ledger, away from the thread of the doors. Each call is
 * on disk in the ledger before it is sent, and a disk that takes seconds for that holds up nobody but this thread.
 */
import { parentPort, workerData } from 'node:worker_threads';
import {
  type CallOptions,
  CLOUD_APIS,
  CloudClient,
  cloudError,
  QuotaLedger,
  readCloudKeys,
} from '../cloud/index.ts';
import { createLogger, type ErrorCode, MenshenError, messageOf } from '../common/index.ts';
import { fitInOwnProcess } from '../photo/client.ts';
import type {
  CallOrder,
  CallResult,
  CloudSettings,
  CloudState,
  FromCloud,
  ToCloud,
} from './cloud-protocol.ts';

/** How often a ledger or a key that could not be opened is tried again. */
const RETRY_MS = 10_000;

const { dataDir, config, logLevel }: CloudSettings = workerData;
const log = createLogger('menshen', logLevel);
const running = new Map<number, { cancel: AbortController; leave: ((given: boolean) => void) | null }>();
let open: { readonly client: CloudClient; readonly ledger: QuotaLedger } | null = null;
let fault = '';
let problem: ErrorCode | null = null;

function tell(message: FromCloud): void {
  parentPort?.postMessage(message);
}

function tryOpen(): void {
  let ledger: QuotaLedger | null = null;
  try {
    const keys = readCloudKeys(config);
    ledger = new QuotaLedger({
      dataDir,
      timezone: config.timezone,
      onWarning: (warning) => tell({ kind: 'quota', warning }),
      onCap: (api, cap) => tell({ kind: 'cap', api, cap }),
    });
    const client = new CloudClient({
      config,
      keys,
      counter: ledger,
      log,
      fitPicture: fitInOwnProcess,
      onClockSkew: (skewMs) =>
        tell({ kind: 'skew', skewMs, drifted: Math.abs(skewMs) > config.clockSkewS * 1000 }),
    });
    open = { client, ledger };
    fault = '';
    problem = null;
    tell({ kind: 'up' });
  } catch (error) {
    ledger?.close();
    failed(error);
    setTimeout(tryOpen, RETRY_MS).unref();
  }
}

function failed(error: unknown): void {
  const message = messageOf(error);
  if (message === fault) return;
  fault = message;
  const code = error instanceof MenshenError ? error.code : 'INTERNAL';
  problem = code;
  log.error({ code, err: message }, 'the cloud cannot be asked; it is tried again');
  tell({ kind: 'down', code, message });
}

async function call(order: CallOrder): Promise<void> {
  const cancel = new AbortController();
  running.set(order.id, { cancel, leave: null });
  const options: CallOptions = {
    signal: cancel.signal,
    ...(order.deadlineMs !== null && { deadlineMs: order.deadlineMs }),
    ...(order.asks && { permit: () => leaveFor(order.id) }),
  };
  try {
    tell({ kind: 'answer', id: order.id, result: await resultOf(order, options) });
  } catch (error) {
    log.error({ api: order.api, err: messageOf(error) }, 'a cloud call failed');
    tell({ kind: 'answer', id: order.id, result: unanswered(order.api, messageOf(error)) });
  } finally {
    running.delete(order.id);
  }
}

async function resultOf(order: CallOrder, options: CallOptions): Promise<CallResult> {
  if (open === null) return unanswered(order.api, fault);
  const { client } = open;
  switch (order.api) {
    case 'silentLiveness':
      return { api: order.api, answer: await client.silentLiveness(order.input, options) };
    case 'compare':
      return { api: order.api, answer: await client.compare(order.input, options) };
    case 'realName':
      return { api: order.api, answer: await client.realName(order.input, options) };
    case 'actionLiveness':
      return { api: order.api, answer: await client.actionLiveness(order.input, options) };
  }
}

function unanswered(api: CallOrder['api'], why: string): CallResult {
  return { api, answer: { ok: false, error: cloudError(api, 'UNAVAILABLE', why), ms: 0, attempts: 0 } };
}

/** Asks the gate whether this call may still be sent. */
function leaveFor(id: number): Promise<boolean> {
  return new Promise((resolve) => {
    const entry = running.get(id);
    if (entry === undefined) return resolve(false);
    entry.leave = resolve;
    entry.cancel.signal.addEventListener('abort', () => resolve(false), { once: true });
    tell({ kind: 'leave?', id });
  });
}

function stateNow(): CloudState {
  if (open === null) return { problem, clockSkewMs: null, apis: [] };
  const { client, ledger } = open;
  const { clockSkewMs } = client;
  try {
    const apis = CLOUD_APIS.map((api) => ({ ...ledger.usage(api), breaker: client.breakerState(api) }));
    return { problem, clockSkewMs, apis };
  } catch (error) {
    log.error({ err: messageOf(error) }, 'the quota ledger could not be read');
    return { problem: error instanceof MenshenError ? error.code : 'INTERNAL', clockSkewMs, apis: [] };
  }
}

async function stop(): Promise<void> {
  for (const { cancel } of running.values()) cancel.abort();
  await open?.client.close();
  open?.ledger.close();
  tell({ kind: 'stopped' });
  parentPort?.close();
}

parentPort?.on('message', (message: ToCloud) => {
  if (message.kind === 'call') void call(message);
  else if (message.kind === 'leave') running.get(message.id)?.leave?.(message.given);
  else if (message.kind === 'state') tell({ kind: 'state', state: stateNow() });
  else if (message.kind === 'cancel') running.get(message.id)?.cancel.abort();
  else void stop();
});

tryOpen();
