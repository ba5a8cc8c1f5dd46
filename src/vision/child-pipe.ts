import { Socket } from 'node:net';
import type { Stream } from 'node:stream';
import { messageOf, monotonicMs } from '../common/index.ts';
import { type Packet, PacketReader } from './packet.ts';

/** More than any camera and crowd can cause: what comes faster is meant to keep the gate process busy. */
const MAX_PACKETS_A_SECOND = 2000;
const MAX_BYTES_A_SECOND = 16 << 20;

export interface ChildPipeListener {
  packet(packet: Packet): void;
  /** What came is no packet, or too much; told once, and nothing is read any more. */
  fault(what: string): void;
}

/** The gate's end of the pipe to a vision process. Whatever comes through it, nothing here throws or waits. */
export class ChildPipe {
  /** Resolves when everything that was sent has been read, or nothing can be read any more. */
  readonly closed: Promise<void>;
  readonly #pipe: Socket | null;
  readonly #listener: ChildPipeListener;
  readonly #reader: PacketReader;
  #faulty = false;
  #second = { from: Number.NEGATIVE_INFINITY, packets: 0, bytes: 0 };

  /** `pipe` is what a child process has at the descriptor; nothing where the process could not be started. */
  constructor(pipe: Stream | null | undefined, listener: ChildPipeListener) {
    this.#pipe = pipe instanceof Socket ? pipe : null;
    this.#listener = listener;
    this.#reader = new PacketReader((packet) => this.#receive(packet));
    this.closed = new Promise((resolve) => {
      if (this.#pipe === null) resolve();
      else this.#pipe.once('close', () => resolve());
    });
    // The other end is gone; the end of its process says why.
    this.#pipe?.on('error', () => {});
    this.#pipe?.on('data', (piece: Uint8Array) => this.#read(piece));
  }

  /** Sends bytes, unless the other end is gone. */
  send(bytes: Uint8Array): void {
    if (this.#pipe?.writable === true) this.#pipe.write(bytes);
  }

  #read(piece: Uint8Array): void {
    if (this.#faulty) return;
    const now = monotonicMs();
    if (now - this.#second.from >= 1000) this.#second = { from: now, packets: 0, bytes: 0 };
    this.#second.bytes += piece.length;
    try {
      this.#reader.push(piece);
    } catch (error) {
      this.#fault(`it sent what is no message: ${messageOf(error)}`);
    }
    if (this.#second.bytes > MAX_BYTES_A_SECOND) this.#fault('it sent more than can be of use');
  }

  #receive(packet: Packet): void {
    if (this.#faulty) return;
    if (++this.#second.packets > MAX_PACKETS_A_SECOND) this.#fault('it sent more than can be of use');
    else this.#listener.packet(packet);
  }

  #fault(what: string): void {
    if (this.#faulty) return;
    this.#faulty = true;
    this.#listener.fault(what);
  }
}
