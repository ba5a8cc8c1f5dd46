/** Ways through the network differ a little: the endpoint's window must not see one call more than ours. */
const JITTER_MS = 50;

/** A place in the order of starts. */
export interface Turn {
  /** When the call starts, or was sent. */
  at: number;
  /** The call that must have been sent a whole window before this one; gone once this one is sent. */
  before: Turn | undefined;
  /** It went out, or was given up. */
  out: boolean;
}

/**
 * At most so many calls within any window. A caller takes a turn ahead of its time, waits until it is due, and says
 * when its request was out: a window begins then, because a connection that had to be opened delays the first calls
 * more than those that follow. Pure; times are monotonic milliseconds.
 */
export class RateWindow {
  readonly #count: number;
  readonly #windowMs: number;
  /** The last `#count` turns, oldest first. */
  #turns: Turn[] = [];
  #heldUntil = Number.NEGATIVE_INFINITY;

  constructor(callsPerSecond: number) {
    this.#count = Math.max(1, Math.floor(callsPerSecond));
    this.#windowMs = (this.#count / callsPerSecond) * 1000 + JITTER_MS;
  }

  /** A turn, `now` or later; null, with nothing taken, when it would come after `latest`. */
  take(now: number, latest: number): Turn | null {
    const before = this.#turns.length < this.#count ? undefined : this.#turns[0];
    const at = now + this.#dueIn(before, now);
    if (at > latest) return null;
    const turn: Turn = { at, before, out: false };
    this.#turns.push(turn);
    if (this.#turns.length > this.#count) this.#turns.shift();
    return turn;
  }

  /** Milliseconds until the turn is due; to be asked again after waiting, since others may have been late. */
  dueIn(turn: Turn, now: number): number {
    return Math.max(0, turn.at - now, this.#dueIn(turn.before, now));
  }

  /** The call of this turn is out, or was given up; said again, it changes nothing. */
  sent(turn: Turn, now: number): void {
    if (turn.out) return;
    turn.out = true;
    turn.at = Math.max(turn.at, now);
    turn.before = undefined;
  }

  /** No start before `until`: the endpoint said that there were too many. */
  hold(until: number): void {
    this.#heldUntil = Math.max(this.#heldUntil, until);
  }

  #dueIn(before: Turn | undefined, now: number): number {
    const free = before === undefined ? now : before.at + this.#windowMs;
    return Math.max(0, free - now, this.#heldUntil - now);
  }
}

/** So many calls at a time; whoever comes later waits in order. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** Resolves to a function that gives the slot back, or to null when `signal` is aborted before one is free. */
  async take(signal: AbortSignal): Promise<(() => void) | null> {
    if (signal.aborted) return null;
    if (this.#free > 0) {
      this.#free -= 1;
      return this.#release();
    }
    return new Promise((resolve) => {
      const turn = () => {
        signal.removeEventListener('abort', leave);
        resolve(this.#release());
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(turn), 1);
        resolve(null);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.push(turn);
    });
  }

  #release(): () => void {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    };
  }
}
