import type { Socket } from 'node:net';
import { encodeFromVision } from './codec.ts';
import type { FromVision } from './messages.ts';

/**
 * What may wait in this process because the gate process takes nothing. Beyond the first limit is left out what will
 * be stale when it is taken, or comes again; beyond the second nothing can be told, and this process is of no use.
 */
const MAX_WAITING_BYTES = 1 << 18;
const USELESS_WAITING_BYTES = 1 << 20;
const DISPENSABLE: ReadonlySet<FromVision['type']> = new Set([
  'sighting',
  'crop',
  'qr',
  'snapshot',
  'heartbeat',
]);

/** The way from a vision process to the gate process. */
export class Uplink {
  /** Messages left out because the gate process did not take what was sent before. */
  untold = 0;
  readonly #pipe: Socket;

  /** `pipe` is closed when the gate process takes nothing for too long. */
  constructor(pipe: Socket) {
    this.#pipe = pipe;
  }

  /** Sends a message; resolves when it has left this process, or never will because the gate process is gone. */
  send(message: FromVision): Promise<void> {
    const waiting = this.#pipe.writableLength;
    if (waiting > MAX_WAITING_BYTES && DISPENSABLE.has(message.type)) {
      this.untold++;
      return Promise.resolve();
    }
    if (waiting > USELESS_WAITING_BYTES) this.#pipe.destroy();
    if (!this.#pipe.writable) return Promise.resolve();
    return new Promise((resolve) => this.#pipe.write(encodeFromVision(message), () => resolve()));
  }
}
