import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Logger, monotonicMs } from '../common/index.ts';
import type { CloudConfig } from '../config/index.ts';
import { APIS, type ApiValue, type CloudApi } from './api/index.ts';
import { Breaker, type Permit } from './breaker.ts';
import { type CloudErrorCode, catalogueEntry, type LocalCode } from './catalogue.ts';
import type { RequestEnvelope } from './envelope/index.ts';
import { type CloudError, cloudError } from './error.ts';
import { InputRefused } from './input-refused.ts';
import type { Ticket } from './ledger.ts';
import { RateWindow, Slots, type Turn } from './pacing.ts';
import { redactSaid } from './redact.ts';
import { parseJson, type Reading, readAnswer } from './response.ts';
import { type CloudAnswer, Run } from './run.ts';
import { clockSkewMs } from './signing.ts';
import { type RawAnswer, type Transport, TransportFailure } from './transport.ts';

/** After the endpoint said that there were too many calls, none starts for this long. */
const THROTTLE_REST_MS = 1000;

/** Counts calls; `QuotaLedger` is one. */
export interface CallCounter {
  count(api: CloudApi, dailyCap: number): Ticket | null;
  release(ticket: Ticket): void;
}

/** The headers that sign a request: the signature, eop-date and what else is signed. */
export type SignRequest = (request: {
  readonly requestId: string;
  /** Headers that are sent and may be signed too; lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}) => Readonly<Record<string, string>>;

/** Keys for one encrypted call, wrapped ahead of need; an `EnvelopeKeyPool` hands them out. */
export type TakeEnvelope = (signal: AbortSignal) => Promise<RequestEnvelope>;

export interface CallOptions {
  /** Gives the call up. */
  readonly signal?: AbortSignal;
  /** Milliseconds instead of the API's own deadline. */
  readonly deadlineMs?: number;
}

/** Body of a request in clear, and what of it must never be repeated in an error. */
export interface Outgoing {
  readonly body: Readonly<Record<string, unknown>>;
  readonly personal?: readonly string[];
}

export interface CallerOptions {
  readonly config: CloudConfig;
  readonly appKey: string;
  /** Values that no error may hold: the keys. */
  readonly secrets: readonly string[];
  readonly transport: Transport;
  readonly counter: CallCounter;
  readonly sign: SignRequest;
  /** Given where bodies are encrypted. */
  readonly takeEnvelope?: TakeEnvelope;
  readonly log: Logger;
  /** Told once when the clocks drift apart by more than `clockSkewS`, and once when they agree again. */
  readonly onClockSkew?: (skewMs: number) => void;
}

/** Bytes to send, and what opens the answer to them where they are encrypted. */
interface Packed {
  readonly body: Buffer;
  readonly envelope: RequestEnvelope | null;
}

interface Signed extends Packed {
  readonly requestId: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface Attempt<Id extends CloudApi> {
  readonly reading: Reading<Id>;
  readonly requestId: string;
  readonly counted: boolean;
}

/** What every call goes through: deadline, breaker, turn, ledger, signature, the wire, and the reading of the answer. */
export class Caller {
  readonly #options: CallerOptions;
  readonly #slots: Slots;
  readonly #rates: Readonly<Record<CloudApi, RateWindow>>;
  readonly #breakers: Readonly<Record<CloudApi, Breaker>>;
  #skewMs: number | null = null;
  #skewTold = false;

  constructor(options: CallerOptions) {
    this.#options = options;
    const { config } = options;
    this.#slots = new Slots(config.concurrency);
    this.#rates = forEachApi((api) => new RateWindow(config.apis[api].callsPerSecond));
    this.#breakers = forEachApi(() => new Breaker({ ...config.breaker, now: monotonicMs }));
  }

  /** This machine's clock less the endpoint's in milliseconds, good to a second; null before any answer. */
  get skewMs(): number | null {
    return this.#skewMs;
  }

  breaker(api: CloudApi): Breaker {
    return this.#breakers[api];
  }

  /** One call. Never rejects for what the network, the endpoint or the input does. */
  async call<Id extends CloudApi>(
    api: Id,
    prepare: (signal: AbortSignal) => Promise<Outgoing>,
    options: CallOptions = {},
  ): Promise<CloudAnswer<ApiValue<Id>>> {
    const begun = monotonicMs();
    const run = new Run(
      begun + (options.deadlineMs ?? this.#options.config.apis[api].deadlineMs),
      options.signal,
    );
    try {
      const outgoing = await prepare(run.signal);
      const permit = this.#breakers[api].enter();
      if (permit === null) {
        const wait = Math.ceil(this.#breakers[api].openForMs);
        return run.refuse(
          cloudError(api, 'CIRCUIT_OPEN', wait > 0 ? `It is tried again in ${wait} ms.` : ''),
        );
      }
      return await this.#inTurn(api, permit, outgoing, run);
    } catch (error) {
      if (error instanceof InputRefused) return run.refuse(cloudError(api, error.code, error.message));
      if (run.signal.aborted) return run.refuse(cloudError(api, run.abortCode(), ''));
      throw error;
    } finally {
      run.end();
    }
  }

  async #inTurn<Id extends CloudApi>(
    api: Id,
    permit: Permit,
    outgoing: Outgoing,
    run: Run,
  ): Promise<CloudAnswer<ApiValue<Id>>> {
    let outcome: 'success' | 'failure' | 'neutral' = 'neutral';
    const release = await this.#slots.take(run.signal);
    try {
      if (release === null) {
        const code = run.abortCode() === 'CANCELLED' ? 'CANCELLED' : 'TOO_MANY_AT_ONCE';
        return run.refuse(cloudError(api, code, ''));
      }
      const answer = await this.#attempts(api, outgoing, run);
      outcome = outcomeOf(answer);
      return answer;
    } finally {
      release?.();
      this.#breakers[api].settle(permit, outcome);
    }
  }

  /** Only a network that failed before any answer is tried again: an answer never is, as the manual asks. */
  async #attempts<Id extends CloudApi>(
    api: Id,
    outgoing: Outgoing,
    run: Run,
  ): Promise<CloudAnswer<ApiValue<Id>>> {
    const { config, secrets } = this.#options;
    for (;;) {
      const attempt = await this.#attempt(api, outgoing, run);
      if ('refused' in attempt) return run.refuse(attempt.refused);
      const { reading, requestId, counted } = attempt;
      if (reading.ok) return run.succeed(reading.value, requestId);
      const again = reading.code === 'UNREACHABLE' && !counted && run.attempts < config.attempts;
      if (again && monotonicMs() < run.deadline) continue;
      const said = redactSaid(reading.said, [...secrets, ...(outgoing.personal ?? [])]);
      const code = this.#withClock(reading.code);
      const what = code === 'CLOCK_SKEW' ? skewWords(this.#skewMs ?? 0) : said === '' ? '' : `Told: ${said}`;
      return run.refuse(
        cloudError(api, code, what, {
          requestId,
          counted,
          ...(reading.record && { record: reading.record }),
        }),
      );
    }
  }

  async #attempt<Id extends CloudApi>(
    api: Id,
    outgoing: Outgoing,
    run: Run,
  ): Promise<Attempt<Id> | { readonly refused: CloudError }> {
    const refused = (code: LocalCode, what = '') => ({ refused: cloudError(api, code, what) });
    const packed = await this.#pack(outgoing, run);
    if (packed === null) return refused('ENVELOPE_FAILED');
    const rate = this.#rates[api];
    const turn = rate.take(monotonicMs(), run.deadline);
    if (turn === null) return refused('RATE_LIMITED');
    const sent = () => rate.sent(turn, monotonicMs());
    try {
      await due(rate, turn, run);
      const request = this.#signed(api, packed);
      const ticket = this.#count(api);
      if (ticket === null) return refused('DAILY_CAP');
      if (ticket === 'failed') return refused('LEDGER_FAILED');
      return await this.#send(api, request, ticket, run, sent);
    } finally {
      sent();
    }
  }

  /** The bytes to send; null when they cannot be encrypted. Rejects when the call is given up. */
  async #pack(outgoing: Outgoing, run: Run): Promise<Packed | null> {
    const clear = Buffer.from(JSON.stringify(outgoing.body));
    if (this.#options.takeEnvelope === undefined) return { body: clear, envelope: null };
    try {
      const envelope = await this.#options.takeEnvelope(run.signal);
      return { body: envelope.seal(clear), envelope };
    } catch (error) {
      if (run.signal.aborted) throw error;
      this.#options.log.error({ err: error }, 'a cloud call could not be encrypted');
      return null;
    }
  }

  #count(api: CloudApi): Ticket | null | 'failed' {
    try {
      return this.#options.counter.count(api, this.#options.config.apis[api].dailyCap);
    } catch (error) {
      this.#options.log.error({ err: error }, 'a cloud call could not be entered in the quota ledger');
      return 'failed';
    }
  }

  #signed(api: CloudApi, packed: Packed): Signed {
    const requestId = randomUUID();
    const headers = this.#headers(api, requestId, packed.envelope !== null);
    const signature = this.#options.sign({ requestId, headers, body: packed.body });
    return { ...packed, requestId, headers: { ...headers, ...signature } };
  }

  async #send<Id extends CloudApi>(
    api: Id,
    { requestId, headers, body, envelope }: Signed,
    ticket: Ticket,
    run: Run,
    onSent: () => void,
  ): Promise<Attempt<Id>> {
    run.attempts += 1;
    const sentAt = Date.now();
    try {
      const raw = await this.#options.transport.post(APIS[api].path, headers, body, run.signal, onSent);
      this.#compareClocks(raw.date, sentAt);
      const reading = this.#read(api, raw, envelope);
      if (!reading.ok && catalogueEntry(api, reading.code).fault === 'throttled') {
        this.#rates[api].hold(monotonicMs() + THROTTLE_REST_MS);
      }
      return { reading, requestId, counted: true };
    } catch (error) {
      if (!(error instanceof TransportFailure)) throw error;
      if (!error.mayHaveRun) this.#release(ticket);
      const reading: Reading<Id> = { ok: false, code: error.code, said: error.message };
      return { reading, requestId, counted: error.mayHaveRun };
    }
  }

  /** A call that cannot be taken back stays counted: too high is the safe side. */
  #release(ticket: Ticket): void {
    try {
      this.#options.counter.release(ticket);
    } catch (error) {
      this.#options.log.warn({ err: error }, 'a cloud call that was not made stays counted');
    }
  }

  #headers(api: CloudApi, requestId: string, encrypted: boolean): Record<string, string> {
    const { version } = APIS[api];
    return {
      'content-type': 'application/json',
      'ctyun-eop-request-id': requestId,
      appkey: this.#options.appKey,
      host: this.#options.transport.host,
      ...(version !== null && { version }),
      ...(encrypted && { decrypted: 'true' }),
    };
  }

  /**
   * A success that came in clear although encryption was asked for is not believed: whoever sits between could have
   * written it. Errors come in clear by design.
   */
  #read<Id extends CloudApi>(api: Id, raw: RawAnswer, envelope: RequestEnvelope | null): Reading<Id> {
    const inClear = readAnswer(api, raw.status, parseJson(raw.body));
    if (envelope === null) return inClear;
    if (inClear.ok) return { ok: false, code: 'ENVELOPE_MISSING', said: '' };
    try {
      const { encrypted, body } = envelope.open(raw.body);
      return encrypted ? readAnswer(api, raw.status, parseJson(body)) : inClear;
    } catch {
      return { ok: false, code: 'ENVELOPE_ALTERED', said: '' };
    }
  }

  #compareClocks(date: string | undefined, sentAt: number): void {
    const skew = clockSkewMs(date, new Date((sentAt + Date.now()) / 2));
    if (skew === undefined) return;
    this.#skewMs = skew;
    const drifted = this.#isDrifted();
    if (drifted === this.#skewTold) return;
    this.#skewTold = drifted;
    if (drifted) this.#options.log.warn({ skewMs: skew }, `the cloud's clock differs: ${skewWords(skew)}`);
    this.#options.onClockSkew?.(skew);
  }

  #isDrifted(): boolean {
    return Math.abs(this.#skewMs ?? 0) > this.#options.config.clockSkewS * 1000;
  }

  #withClock(code: CloudErrorCode): CloudErrorCode {
    return code === '10020' && this.#isDrifted() ? 'CLOCK_SKEW' : code;
  }
}

/** Waits for the turn; rejects when the call is given up or its deadline passes. */
async function due(rate: RateWindow, turn: Turn, run: Run): Promise<void> {
  for (;;) {
    const wait = rate.dueIn(turn, monotonicMs());
    if (wait === 0) return;
    await sleep(Math.ceil(wait), undefined, { signal: run.signal });
  }
}

/** Whether a call speaks for or against the service: its own faults and the network's count, a bad picture does not. */
function outcomeOf(answer: CloudAnswer<unknown>): 'success' | 'failure' | 'neutral' {
  if (answer.ok) return 'success';
  if (answer.attempts === 0 || answer.error.code === 'CANCELLED') return 'neutral';
  const { fault } = answer.error.entry;
  if (fault === 'throttled') return 'neutral';
  return fault === 'service' || fault === 'network' ? 'failure' : 'success';
}

function skewWords(skewMs: number): string {
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  return `This machine's clock is ${seconds} s ${skewMs > 0 ? 'ahead' : 'behind'}.`;
}

function forEachApi<T>(make: (api: CloudApi) => T): Readonly<Record<CloudApi, T>> {
  return {
    detect: make('detect'),
    attributes: make('attributes'),
    compare: make('compare'),
    silentLiveness: make('silentLiveness'),
    realName: make('realName'),
    actionLiveness: make('actionLiveness'),
  };
}
