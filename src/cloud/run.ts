import { monotonicMs } from '../common/index.ts';
import type { CloudError } from './error.ts';

/** How a call ended. `ms` is the time it took in all, `attempts` how often something was sent. */
export type CloudAnswer<T> =
  | {
      readonly ok: true;
      readonly value: T;
      readonly requestId: string;
      readonly ms: number;
      readonly attempts: number;
    }
  | { readonly ok: false; readonly error: CloudError; readonly ms: number; readonly attempts: number };

/** One call under way: its deadline, its way to be given up, and its figures. */
export class Run {
  readonly deadline: number;
  attempts = 0;
  readonly #begun = monotonicMs();
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #given: AbortSignal | undefined;
  readonly #cancel = () => this.#controller.abort(new DOMException('given up', 'AbortError'));

  constructor(deadline: number, given: AbortSignal | undefined) {
    this.deadline = deadline;
    this.#given = given;
    const left = deadline - monotonicMs();
    const tooLate = () => this.#controller.abort(new DOMException('too late', 'TimeoutError'));
    this.#timer = setTimeout(tooLate, Math.max(0, left));
    if (left <= 0) tooLate();
    if (given?.aborted) this.#cancel();
    else given?.addEventListener('abort', this.#cancel, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abortCode(): 'DEADLINE' | 'CANCELLED' {
    const { reason } = this.#controller.signal;
    return reason instanceof DOMException && reason.name === 'TimeoutError' ? 'DEADLINE' : 'CANCELLED';
  }

  succeed<T>(value: T, requestId: string): CloudAnswer<T> {
    return { ok: true, value, requestId, ms: monotonicMs() - this.#begun, attempts: this.attempts };
  }

  refuse<T>(error: CloudError): CloudAnswer<T> {
    return { ok: false, error, ms: monotonicMs() - this.#begun, attempts: this.attempts };
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#given?.removeEventListener('abort', this.#cancel);
  }
}
