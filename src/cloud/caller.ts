import { setTimeout as sleep } from 'node:timers/promises';
import { type Logger, monotonicMs } from '../common/index.ts';
import type { CloudConfig } from '../config/index.ts';
import type { ApiValue, CloudApi } from './api/index.ts';
import { Breaker, type Permit } from './breaker.ts';
import { catalogueEntry, type LocalCode } from './catalogue.ts';
import type { ClockWatch } from './clock-watch.ts';
import { type CloudError, cloudError } from './error.ts';
import { InputRefused } from './input-refused.ts';
import type { Ticket } from './ledger.ts';
import { RateWindow, Slots, type Turn } from './pacing.ts';
import { redactSaid } from './redact.ts';
import { type CloudAnswer, Run } from './run.ts';
import type { Exchange, Packed, Wire } from './wire.ts';

/** After the endpoint said that there were too many calls, none starts for this long. */
const THROTTLE_REST_MS = 1000;

/** Counts calls; `QuotaLedger` is one. */
export interface CallCounter {
  count(api: CloudApi, dailyCap: number): Ticket | null;
  release(ticket: Ticket): void;
}

export interface CallOptions {
  /** Gives the call up. */
  readonly signal?: AbortSignal;
  /** Milliseconds instead of the API's own deadline. */
  readonly deadlineMs?: number;
  /**
   * Asked once more before each attempt, when everything else is ready: false sends nothing. For what may be taken back
   * while a call waits for its turn, such as somebody's consent.
   */
  readonly permit?: () => boolean | Promise<boolean>;
}

/** Body of a request in clear, and what of it must never be repeated in an error. */
export interface Outgoing {
  readonly body: Readonly<Record<string, unknown>>;
  readonly personal?: readonly string[];
}

export interface CallerOptions {
  readonly config: CloudConfig;
  /** Values that no error may hold: the keys. */
  readonly secrets: readonly string[];
  readonly wire: Wire;
  readonly clocks: ClockWatch;
  readonly counter: CallCounter;
  readonly log: Logger;
}

interface Attempt<Id extends CloudApi> extends Exchange<Id> {
  readonly requestId: string;
}
/** Body and leave to send it. */
interface Parcel extends Outgoing {
  readonly permit: CallOptions['permit'];
}
interface Refused {
  readonly refused: CloudError;
}

/** What every call goes through: deadline, breaker, turn, ledger, the wire; and what becomes of its answer. */
export class Caller {
  readonly #options: CallerOptions;
  readonly #slots: Slots;
  readonly #rates: Readonly<Record<CloudApi, RateWindow>>;
  readonly #breakers: Readonly<Record<CloudApi, Breaker>>;

  constructor(options: CallerOptions) {
    this.#options = options;
    const { config } = options;
    this.#slots = new Slots(config.concurrency);
    this.#rates = forEachApi((api) => new RateWindow(config.apis[api].callsPerSecond));
    this.#breakers = forEachApi(() => new Breaker({ ...config.breaker, now: monotonicMs }));
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
    const allowedMs = options.deadlineMs ?? this.#options.config.apis[api].deadlineMs;
    const run = new Run(monotonicMs() + allowedMs, options.signal);
    try {
      run.signal.throwIfAborted();
      const outgoing = await prepare(run.signal);
      const permit = this.#breakers[api].enter();
      if (permit === null) {
        const wait = Math.ceil(this.#breakers[api].openForMs);
        const what = wait > 0 ? `It is tried again in ${wait} ms.` : '';
        return run.refuse(cloudError(api, 'CIRCUIT_OPEN', what));
      }
      return await this.#inTurn(api, permit, { ...outgoing, permit: options.permit }, run);
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
    outgoing: Parcel,
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
    outgoing: Parcel,
    run: Run,
  ): Promise<CloudAnswer<ApiValue<Id>>> {
    for (;;) {
      const attempt = await this.#attempt(api, outgoing, run);
      if ('refused' in attempt) return run.refuse(attempt.refused);
      const { reading, requestId, mayHaveRun } = attempt;
      if (reading.ok) return run.succeed(reading.value, requestId);
      const isNetwork = reading.code === 'UNREACHABLE' && !mayHaveRun;
      const again = isNetwork && run.attempts < this.#options.config.attempts;
      if (!again || monotonicMs() >= run.deadline) {
        return run.refuse(this.#errorOf(api, reading, outgoing, requestId, mayHaveRun));
      }
    }
  }

  #errorOf<Id extends CloudApi>(
    api: Id,
    reading: Exchange<Id>['reading'] & { ok: false },
    outgoing: Parcel,
    requestId: string,
    counted: boolean,
  ): CloudError {
    const { clocks, secrets } = this.#options;
    const record = reading.record && { record: reading.record };
    if (reading.code === '10020' && clocks.isDrifted) {
      return cloudError(api, 'CLOCK_SKEW', clocks.words, { requestId, counted });
    }
    const said = redactSaid(reading.said, [...secrets, ...(outgoing.personal ?? [])]);
    const what = said === '' ? '' : `Told: ${said}`;
    return cloudError(api, reading.code, what, { requestId, counted, ...record });
  }

  async #attempt<Id extends CloudApi>(api: Id, outgoing: Parcel, run: Run): Promise<Attempt<Id> | Refused> {
    const refused = (code: LocalCode): Refused => ({ refused: cloudError(api, code, '') });
    const packed = await this.#pack(outgoing, run);
    if (packed === null) return refused('ENVELOPE_FAILED');
    const rate = this.#rates[api];
    const turn = rate.take(monotonicMs(), run.deadline);
    if (turn === null) return refused('RATE_LIMITED');
    const sent = () => rate.sent(turn, monotonicMs());
    try {
      await due(rate, turn, run);
      if ((await outgoing.permit?.()) === false) return refused('NOT_PERMITTED');
      run.signal.throwIfAborted();
      return await this.#send(api, packed, run, sent);
    } finally {
      sent();
    }
  }

  /** Null when the body cannot be encrypted; rejects when the call is given up. */
  async #pack(outgoing: Parcel, run: Run): Promise<Packed | null> {
    try {
      return await this.#options.wire.pack(outgoing.body, run.signal);
    } catch (error) {
      if (run.signal.aborted) throw error;
      this.#options.log.error({ err: error }, 'a cloud call could not be encrypted');
      return null;
    }
  }

  /** Counted first, sent then: what was sent is never forgotten. */
  async #send<Id extends CloudApi>(
    api: Id,
    packed: Packed,
    run: Run,
    onSent: () => void,
  ): Promise<Attempt<Id> | Refused> {
    const { wire } = this.#options;
    const signed = wire.sign(api, packed);
    const ticket = this.#count(api);
    if (typeof ticket === 'string') return { refused: cloudError(api, ticket, '') };
    run.attempts += 1;
    const exchange = await wire.send(api, signed, run.signal, onSent);
    const { reading, mayHaveRun } = exchange;
    if (!mayHaveRun) this.#release(ticket);
    if (!reading.ok && catalogueEntry(api, reading.code).fault === 'throttled') {
      this.#rates[api].hold(monotonicMs() + THROTTLE_REST_MS);
    }
    return { ...exchange, requestId: signed.requestId };
  }

  #count(api: CloudApi): Ticket | 'DAILY_CAP' | 'LEDGER_FAILED' {
    try {
      return this.#options.counter.count(api, this.#options.config.apis[api].dailyCap) ?? 'DAILY_CAP';
    } catch (error) {
      this.#options.log.error({ err: error }, 'a cloud call could not be entered in the quota ledger');
      return 'LEDGER_FAILED';
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
