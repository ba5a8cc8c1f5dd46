import type { ReaderConfig } from '../config/index.ts';
import { hexNumber, normalNumber } from './card-number.ts';
import type { Setup } from './device.ts';
import { type Frame, FrameReader } from './frame.ts';
import type { Key, ReaderListener } from './types.ts';
import { readWiegand } from './wiegand.ts';

const BAUD = 9600;

/** Reads the frames of a converter on a serial line. */
export class FrameDecoder {
  readonly #card: ReaderConfig['card'];
  readonly #listener: ReaderListener;
  readonly #frames: FrameReader;

  constructor({ card }: ReaderConfig, listener: ReaderListener) {
    this.#card = card;
    this.#listener = listener;
    this.#frames = new FrameReader(
      (frame) => this.#take(frame),
      (what) => listener.nonsense(what),
    );
  }

  push(piece: Uint8Array): void {
    this.#frames.push(piece);
  }

  stop(): void {}

  #take(frame: Frame): void {
    this.#listener.alive();
    if (frame.type === 'card') this.#number(hexNumber(frame.hex, this.#card));
    else if (frame.type === 'wiegand') this.#wiegand(frame.bits);
    else if (frame.type === 'keys') for (const key of frame.keys) this.#listener.key(keyOf(key));
  }

  #wiegand(bits: string): void {
    const read = readWiegand(bits);
    if (read.kind === 'nonsense') this.#listener.nonsense(read.what);
    else if (read.kind === 'key') this.#listener.key(read.key);
    else this.#number(normalNumber(read.value, read.bytes, this.#card));
  }

  #number(number: string | null): void {
    if (number === null) this.#listener.nonsense('a card whose bits are all zero');
    else if (this.#card.enabled) this.#listener.card(number);
  }
}

/** Speed and form of the line: 8 data bits, no parity, 1 stop bit, bytes as they come, no handshake. */
export function lineSetup({ baud = BAUD }: ReaderConfig): Setup {
  return {
    file: 'stty',
    args: [
      String(baud),
      'raw',
      '-echo',
      'cs8',
      '-parenb',
      '-cstopb',
      'cread',
      'clocal',
      '-crtscts',
      '-hupcl',
    ],
    advice: 'is it a serial line that knows this speed?',
  };
}

function keyOf(character: string): Key {
  if (character === '#') return 'enter';
  return character === '*' ? 'clear' : { digit: character };
}
