import type { IncomingMessage } from '../mqtt/index.ts';

/** Messages that the thread of the doors may have before it at a time, of one subscription. */
const WINDOW = 8;
/** How long a message waits for room. */
const WAIT_MS = 1500;

/**
 * The way of one subscription's messages from the thread of the broker to the thread of the doors: no more than a
 * few are on it. Whoever puts one more waits, and with it the broker.
 */
export class Mailbox {
  readonly #send: (message: IncomingMessage) => void;
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;

  constructor(send: (message: IncomingMessage) => void) {
    this.#send = send;
  }

  /** Sends a message; resolves when there was room for it. Rejects, and the message is lost, when there is none for long. */
  async put(message: IncomingMessage): Promise<void> {
    if (this.#underWay < WINDOW) {
      this.#underWay += 1;
    } else {
      await this.#room();
    }
    this.#send(message);
  }

  /** A message was dealt with. Its place goes to the one that waits for longest. */
  heard(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#underWay -= 1;
    else next();
  }

  #room(): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(new Error('the gate is busy'));
      }, WAIT_MS);
      this.#waiting.push(enter);
    });
  }
}
