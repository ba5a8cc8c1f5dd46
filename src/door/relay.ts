import { MenshenError, messageOf, monotonicMs } from '../common/index.ts';
import type { Level, OutputHandlers, OutputLine } from './gpio/driver.ts';

const RETRY_MS = 250;
const MAX_RETRY_MS = 2000;

export interface RelayOptions {
  /** Opens the line at the level that locks the door. */
  open(handlers: OutputHandlers): Promise<OutputLine>;
  level(unlocked: boolean): Level;
  /** The relay has switched, at `at` (monotonic milliseconds, taken right after the write). */
  onSwitched(unlocked: boolean, at: number): void;
  /** It could not be switched; it is tried again until it can. */
  onFailed(error: MenshenError): void;
}

/** The relay of one door: keeps trying until the line is there and has the level wanted, one write at a time. */
export class Relay {
  readonly #options: RelayOptions;
  #line: OutputLine | null = null;
  #wanted = false;
  /** What becomes of the door when the process dies. */
  #fallsUnlocked = false;
  /** What the line was last seen to take; null before it is open and after a failure, when nobody knows. */
  #actual: boolean | null = null;
  #busy = false;
  /** The write or the opening that is under way; never rejects. */
  #underWay: Promise<void> = Promise.resolve();
  #closed = false;
  #failures = 0;
  #timer: NodeJS.Timeout | null = null;
  /** Counts openings: a line that was given up has nothing more to say. */
  #opening = 0;

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  /** Opens the line, which locks the door. Resolves when it is open, or was tried in vain for the first time; never rejects. */
  async start(): Promise<void> {
    this.#underWay = this.#reopen();
    await this.#underWay;
  }

  /** The relay is what was last asked for. */
  get settled(): boolean {
    return this.#actual === this.#wanted;
  }

  /** Switches at once where the driver can; see `settled`, `onSwitched` and `onFailed` for what came of it. */
  set(unlocked: boolean): void {
    const changed = this.#wanted !== unlocked;
    this.#wanted = unlocked;
    if (this.#timer === null) this.#apply();
    else if (changed) this.#recover();
  }

  /** Whether the door is to be unlocked, not locked, when the process dies; kept when the line is opened anew. */
  fallBack(unlocked: boolean): void {
    if (this.#fallsUnlocked === unlocked) return;
    this.#fallsUnlocked = unlocked;
    this.#line?.fallBack(this.#options.level(unlocked));
  }

  /** Locks on the spot, past all that may be under way; for a dying process. */
  releaseNow(): void {
    this.#wanted = false;
    this.#actual = null;
    this.#line?.restNow();
  }

  /** Locks, or in an emergency unlocks, and gives the line up at that. False when it could not be switched, or there is no line; never rejects. */
  async close({ unlocked }: { readonly unlocked: boolean }): Promise<boolean> {
    this.#wanted = unlocked;
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (!unlocked) this.#line?.restNow();
    await this.#underWay;
    if (this.#line === null) return false;
    let switched = true;
    try {
      await this.#line.write(this.#options.level(unlocked));
    } catch {
      switched = false;
    }
    await this.#line.close(this.#options.level(unlocked));
    return switched;
  }

  #apply(): void {
    const line = this.#line;
    if (line === null || this.#busy || this.#closed || this.settled) return;
    const target = this.#wanted;
    try {
      const written = line.write(this.#options.level(target));
      if (written === undefined) this.#done(target);
      else this.#underWay = this.#await(written, target);
    } catch (error) {
      this.#fail(error);
    }
  }

  async #await(written: Promise<void>, target: boolean): Promise<void> {
    this.#busy = true;
    this.#actual = null;
    try {
      await written;
    } catch (error) {
      this.#busy = false;
      this.#fail(error);
      return;
    }
    this.#busy = false;
    this.#done(target);
    this.#apply();
  }

  #done(unlocked: boolean): void {
    const at = monotonicMs();
    this.#actual = unlocked;
    this.#failures = 0;
    if (!this.#closed) this.#options.onSwitched(unlocked, at);
  }

  #fail(error: unknown): void {
    this.#actual = null;
    if (this.#closed) return;
    const delay = Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** this.#failures);
    this.#failures += 1;
    this.#timer = setTimeout(() => this.#recover(), delay);
    this.#options.onFailed(
      error instanceof MenshenError
        ? error
        : new MenshenError('GPIO_WRITE_FAILED', messageOf(error), { cause: error }),
    );
  }

  #recover(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (!this.#busy && !this.#closed) this.#underWay = this.#reopen();
  }

  /** A line that failed once is opened anew: its chip may have been unplugged and come back. Opening locks the door. */
  async #reopen(): Promise<void> {
    const first = this.#line === null && this.#failures === 0;
    this.#busy = true;
    this.#opening += 1;
    const opening = this.#opening;
    let lost: Error | null = null;
    try {
      await this.#line?.close();
      this.#line = await this.#options.open({
        onError: (error) => {
          lost ??= error;
          if (opening === this.#opening && !this.#busy && this.#timer === null) this.#fail(error);
        },
      });
      this.#busy = false;
      if (lost !== null) throw lost;
    } catch (error) {
      this.#busy = false;
      this.#fail(error);
      return;
    }
    if (this.#closed) return;
    if (this.#fallsUnlocked) this.#line.fallBack(this.#options.level(true));
    // After a failure it is written to even if it shall only rest: a line that opens but takes nothing is still at fault.
    if (first && !this.#wanted) this.#actual = false;
    else this.#apply();
  }
}
