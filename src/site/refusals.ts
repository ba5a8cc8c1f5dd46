import type { SiteRefusal } from './signed.ts';

/** How often one code is told at most: whoever may write to the broker can have messages refused at any pace. */
const TELL_MS = 600_000;

/** What is not believed of the broker's messages: the last of it, and when it was told. */
export class Refusals {
  readonly #tell: (code: SiteRefusal['code'], message: string) => void;
  readonly #toldAt = new Map<SiteRefusal['code'], number>();
  #problem: SiteRefusal['code'] | null = null;

  constructor(tell: (code: SiteRefusal['code'], message: string) => void) {
    this.#tell = tell;
  }

  /** Code of the last; null when a manifest was believed since. */
  get problem(): SiteRefusal['code'] | null {
    return this.#problem;
  }

  /** @param now monotonic milliseconds */
  add({ code, message }: SiteRefusal, now: number): void {
    this.#problem = code;
    if (now - (this.#toldAt.get(code) ?? Number.NEGATIVE_INFINITY) < TELL_MS) return;
    this.#toldAt.set(code, now);
    this.#tell(code, message);
  }

  end(): void {
    this.#problem = null;
  }
}
