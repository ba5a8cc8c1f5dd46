/** A key going down, as the kernel tells it. */
export interface KeyPress {
  /** Of include/uapi/linux/input-event-codes.h. */
  readonly code: number;
  /** Milliseconds of the kernel's clock for this device; only differences mean something. */
  readonly at: number;
}

const EV_SYN = 0;
const EV_KEY = 1;
const SYN_DROPPED = 3;
const PRESSED = 1;
/** `struct input_event` begins with two longs of time: 8 bytes each on a 64-bit system, 4 on a 32-bit one. */
const WIDE_BYTES = 24;
const NARROW_BYTES = 16;
const NARROW: readonly string[] = ['arm', 'ia32', 'mipsel'];

/**
 * Reads `struct input_event` (little endian) out of a stream of bytes cut anywhere: presses of keys, and the loss of
 * some when nobody read for too long. Releases and the repeats of a key held down say nothing new.
 */
export class InputEventReader {
  readonly #size: number;
  readonly #onPress: (press: KeyPress) => void;
  readonly #onLoss: () => void;
  #rest: Buffer = Buffer.alloc(0);

  /** `arch` is that of this process: a 32-bit process gets the short form from a 64-bit kernel too. */
  constructor(onPress: (press: KeyPress) => void, onLoss: () => void, arch: string = process.arch) {
    this.#onPress = onPress;
    this.#onLoss = onLoss;
    this.#size = NARROW.includes(arch) ? NARROW_BYTES : WIDE_BYTES;
  }

  push(piece: Uint8Array): void {
    const bytes = Buffer.concat([this.#rest, piece]);
    let at = 0;
    for (; at + this.#size <= bytes.length; at += this.#size) {
      this.#take(bytes.subarray(at, at + this.#size));
    }
    this.#rest = Buffer.from(bytes.subarray(at));
  }

  #take(event: Buffer): void {
    const tail = this.#size - 8;
    const type = event.readUInt16LE(tail);
    const code = event.readUInt16LE(tail + 2);
    if (type === EV_SYN && code === SYN_DROPPED) this.#onLoss();
    if (type === EV_KEY && event.readInt32LE(tail + 4) === PRESSED) {
      this.#onPress({ code, at: this.#time(event) });
    }
  }

  #time(event: Buffer): number {
    const wide = this.#size === WIDE_BYTES;
    const seconds = wide ? Number(event.readBigInt64LE(0)) : event.readUInt32LE(0);
    const micros = wide ? Number(event.readBigInt64LE(8)) : event.readUInt32LE(4);
    return seconds * 1000 + micros / 1000;
  }
}
