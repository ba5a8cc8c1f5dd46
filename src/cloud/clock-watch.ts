import type { Logger } from '../common/index.ts';
import { clockSkewMs } from './signing.ts';

/** Compares this machine's clock with the endpoint's at every answer: a signature is refused when they differ much. */
export class ClockWatch {
  readonly #limitMs: number;
  readonly #log: Logger;
  readonly #onChange: ((skewMs: number) => void) | undefined;
  #skewMs: number | null = null;
  #told = false;

  /** `limitS`: the difference in seconds that is told. `onChange` is told once when they drift apart, once when they agree again. */
  constructor(limitS: number, log: Logger, onChange: ((skewMs: number) => void) | undefined) {
    this.#limitMs = limitS * 1000;
    this.#log = log;
    this.#onChange = onChange;
  }

  /** This machine's clock less the endpoint's in milliseconds, good to a second; null before any answer. */
  get skewMs(): number | null {
    return this.#skewMs;
  }

  get isDrifted(): boolean {
    return Math.abs(this.#skewMs ?? 0) > this.#limitMs;
  }

  /** The difference for a reader. */
  get words(): string {
    const skew = this.#skewMs ?? 0;
    return `This machine's clock is ${Math.round(Math.abs(skew) / 1000)} s ${skew > 0 ? 'ahead' : 'behind'}.`;
  }

  /** Reads the header `Date` of an answer to a request sent at `sentAt` (Date.now()). */
  read(date: string | undefined, sentAt: number): void {
    const skew = clockSkewMs(date, new Date((sentAt + Date.now()) / 2));
    if (skew === undefined) return;
    this.#skewMs = skew;
    if (this.isDrifted === this.#told) return;
    this.#told = this.isDrifted;
    if (this.#told) this.#log.warn({ skewMs: skew }, `The cloud's clock differs. ${this.words}`);
    this.#onChange?.(skew);
  }
}
