import { cloudError } from '../cloud/asking.ts';
import type { CallOptions, CloudAnswer, CloudApi, LocalCode, QuotaWarning } from '../cloud/index.ts';
import { type ErrorCode, KeptThread, type Logger, messageOf, monotonicMs } from '../common/index.ts';
import type {
  Call,
  CallInput,
  CallResult,
  CloudSettings,
  CloudState,
  FromCloud,
  ToCloud,
} from './cloud-protocol.ts';
import { Question } from './question.ts';

const RESTART_MS = 1000;
/** After its deadline a call is given this long to say so itself. */
const GRACE_MS = 250;
/** The thread answers at once, unless the disk of the ledger hangs. */
const STATE_MS = 5000;

/** What happens at the cloud, besides answers. */
export interface CloudListener {
  up(): void;
  down(failure: { readonly code: ErrorCode; readonly message: string }): void;
  quota(warning: QuotaWarning): void;
  /** The daily cap of an API is reached. */
  cap(api: CloudApi, cap: number): void;
  skew(skewMs: number, drifted: boolean): void;
}

interface Pending {
  readonly permit: CallOptions['permit'];
  readonly answered: (result: CallResult) => void;
  readonly failed: (code: LocalCode) => void;
}

/**
 * The gate's side of the cloud: hands calls to the thread that makes them. A call is always answered by its deadline,
 * whatever the thread is doing; a thread that dies is started again.
 */
export class CloudCalls {
  readonly #settings: CloudSettings;
  readonly #listener: CloudListener;
  readonly #log: Logger;
  readonly #thread: KeptThread<ToCloud, FromCloud>;
  readonly #pending = new Map<number, Pending>();
  readonly #state = new Question<CloudState>(STATE_MS);
  #lastId = 0;

  /** @param thread the built cloud-thread.js, which a test run from the sources must name */
  constructor(
    settings: CloudSettings,
    listener: CloudListener,
    log: Logger,
    thread = new URL('./cloud-thread.js', import.meta.url),
  ) {
    this.#settings = settings;
    this.#listener = listener;
    this.#log = log;
    this.#thread = new KeptThread({
      entry: thread,
      data: () => settings,
      restartMs: RESTART_MS,
      onMessage: (message) => this.#heard(message),
      onError: (error) => log.error({ err: error.message }, 'the cloud thread failed'),
      onEnd: () => this.#ended(),
    });
  }

  start(): void {
    this.#thread.start();
  }

  silentLiveness(input: CallInput<'silentLiveness'>, options?: CallOptions) {
    const read = (result: CallResult) => (result.api === 'silentLiveness' ? result.answer : null);
    return this.#call({ api: 'silentLiveness', input }, options, read);
  }

  compare(input: CallInput<'compare'>, options?: CallOptions) {
    const read = (result: CallResult) => (result.api === 'compare' ? result.answer : null);
    return this.#call({ api: 'compare', input }, options, read);
  }

  realName(input: CallInput<'realName'>, options?: CallOptions) {
    const read = (result: CallResult) => (result.api === 'realName' ? result.answer : null);
    return this.#call({ api: 'realName', input }, options, read);
  }

  actionLiveness(input: CallInput<'actionLiveness'>, options?: CallOptions) {
    const read = (result: CallResult) => (result.api === 'actionLiveness' ? result.answer : null);
    return this.#call({ api: 'actionLiveness', input }, options, read);
  }

  /** How the cloud stands; null when the thread does not answer. */
  state(): Promise<CloudState | null> {
    if (!this.#thread.runs) return Promise.resolve(null);
    return this.#state.ask(() => this.#post({ kind: 'state' }));
  }

  /** Ends the thread within `ms`; calls under way fail. */
  async stop(ms: number): Promise<void> {
    await this.#thread.stop({ kind: 'stop' }, ms);
  }

  #call<T>(
    call: Call,
    { signal, deadlineMs, permit }: CallOptions = {},
    read: (result: CallResult) => CloudAnswer<T> | null,
  ): Promise<CloudAnswer<T>> {
    const { api } = call;
    const begun = monotonicMs();
    const failure = (code: LocalCode): CloudAnswer<T> => ({
      ok: false,
      error: cloudError(api, code, ''),
      ms: monotonicMs() - begun,
      attempts: 0,
    });
    if (signal?.aborted) return Promise.resolve(failure('CANCELLED'));
    if (!this.#thread.runs) return Promise.resolve(failure('UNAVAILABLE'));
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve) => {
      const settle = (answer: CloudAnswer<T>) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', cancel);
        this.#pending.delete(id);
        resolve(answer);
      };
      const cancel = () => {
        this.#post({ kind: 'cancel', id });
        settle(failure('CANCELLED'));
      };
      const late = () => {
        this.#post({ kind: 'cancel', id });
        settle(failure('DEADLINE'));
      };
      const timer = setTimeout(late, (deadlineMs ?? this.#settings.config.apis[api].deadlineMs) + GRACE_MS);
      signal?.addEventListener('abort', cancel, { once: true });
      this.#pending.set(id, {
        permit,
        answered: (result) => settle(read(result) ?? failure('UNAVAILABLE')),
        failed: (code) => settle(failure(code)),
      });
      this.#post({ kind: 'call', id, ...call, deadlineMs: deadlineMs ?? null, asks: permit !== undefined });
    });
  }

  #post(message: ToCloud): void {
    this.#thread.post(message);
  }

  #heard(message: FromCloud): void {
    const listener = this.#listener;
    if (message.kind === 'answer') this.#pending.get(message.id)?.answered(message.result);
    else if (message.kind === 'leave?') void this.#leave(message.id);
    else if (message.kind === 'state') this.#state.answer(message.state);
    else if (message.kind === 'up') listener.up();
    else if (message.kind === 'down') listener.down(message);
    else if (message.kind === 'quota') listener.quota(message.warning);
    else if (message.kind === 'cap') listener.cap(message.api, message.cap);
    else if (message.kind === 'skew') listener.skew(message.skewMs, message.drifted);
  }

  /** Nobody waits for a call any more that is not pending: it is not sent. */
  async #leave(id: number): Promise<void> {
    const pending = this.#pending.get(id);
    let given = false;
    try {
      given = pending !== undefined && (await (pending.permit?.() ?? true));
    } catch (error) {
      this.#log.error({ err: messageOf(error) }, 'leave for a cloud call could not be given');
    }
    this.#post({ kind: 'leave', id, given });
  }

  #ended(): void {
    for (const { failed } of [...this.#pending.values()]) failed('UNAVAILABLE');
    this.#state.answer(null);
  }
}
