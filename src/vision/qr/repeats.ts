/** A code that is held up is told once, and again after it was out of sight for this long. */
const REPEAT_MS = 5000;
/** Codes kept in mind; more than anybody holds up within the time. */
const MAX_KEPT = 32;

/** Tells what was seen a moment ago already. Pure: times come in, milliseconds that never go back. */
export class Repeats {
  readonly #seen = new Map<string, number>();

  /** Whether this text is new, or was out of sight for long enough. */
  isNew(text: string, at: number): boolean {
    const last = this.#seen.get(text);
    this.#seen.delete(text);
    this.#seen.set(text, at);
    const [oldest = text] = this.#seen.keys();
    if (this.#seen.size > MAX_KEPT) this.#seen.delete(oldest);
    return last === undefined || at - last > REPEAT_MS;
  }
}
