/** What is asked of a thread that may not answer: everybody who waits is given the next answer, or null in time. */
export class Question<T> {
  readonly #withinMs: number;
  readonly #waiting: ((answer: T | null) => void)[] = [];

  constructor(withinMs: number) {
    this.#withinMs = withinMs;
  }

  /** `send` puts the question to the thread. */
  ask(send: () => void): Promise<T | null> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(null), this.#withinMs);
      this.#waiting.push((answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      send();
    });
  }

  /** Null when none is to be expected any more. */
  answer(answer: T | null): void {
    for (const tell of this.#waiting.splice(0)) tell(answer);
  }
}
