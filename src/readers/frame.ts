import { hexNumber } from './card-number.ts';

/**
 * The frames of a serial line: STX, a letter that says what follows, the payload, four hex digits of CRC, ETX.
 * docs/reference/readers.md describes them for who builds a converter.
 */
const STX = 0x02;
const ETX = 0x03;
const CRC_DIGITS = 4;
/** Longest payload: 34 Wiegand bits take 11 characters, a UID 20, keys 16. */
const MAX_PAYLOAD = 24;
const MAX_CONTENT = 1 + MAX_PAYLOAD + CRC_DIGITS;

/** What a frame says, by its letter: W, C, K or H. */
export type Frame =
  /** Wiegand bits in the order received, each '0' or '1'. */
  | { readonly type: 'wiegand'; readonly bits: string }
  /** Bytes of a card in hex, the highest first. */
  | { readonly type: 'card'; readonly hex: string }
  /** 1 to 16 keys: 0-9, *, #. */
  | { readonly type: 'keys'; readonly keys: string }
  | { readonly type: 'heartbeat' };

/**
 * Finds frames in a stream of bytes cut anywhere. Whatever is no whole, sound frame is left out and counted, and the
 * next STX begins a new one: a payload never holds an STX. Keeps at most one frame.
 */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void;
  readonly #onNonsense: (what: string) => void;
  #content: number[] | null = null;

  constructor(onFrame: (frame: Frame) => void, onNonsense: (what: string) => void) {
    this.#onFrame = onFrame;
    this.#onNonsense = onNonsense;
  }

  push(piece: Uint8Array): void {
    for (const byte of piece) this.#take(byte);
  }

  #take(byte: number): void {
    if (byte === STX) {
      if (this.#content !== null) this.#onNonsense('a frame without an end');
      this.#content = [];
    } else if (this.#content !== null && byte === ETX) {
      const content = String.fromCharCode(...this.#content);
      this.#content = null;
      const frame = parseContent(content);
      if (typeof frame === 'string') this.#onNonsense(frame);
      else this.#onFrame(frame);
    } else if (this.#content !== null && this.#content.length < MAX_CONTENT) {
      this.#content.push(byte);
    } else if (this.#content !== null) {
      this.#content = null;
      this.#onNonsense('a frame that is too long');
    } else if (byte !== 0x0d && byte !== 0x0a) {
      this.#onNonsense('bytes outside a frame');
    }
  }
}

/** The bytes of a frame. `letter` and `payload` are ASCII. */
export function encodeFrame(letter: string, payload: string): Buffer {
  const content = letter + payload;
  return Buffer.from(`\x02${content}${crc16(content).toString(16).toUpperCase().padStart(4, '0')}\x03`);
}

/**
 * CRC-16/IBM-3740 (also called CCITT-FALSE): polynomial 1021 hex, begun with FFFF, nothing reflected, not inverted.
 * Of "123456789" it is 29B1.
 */
export function crc16(text: string): number {
  let crc = 0xffff;
  for (const byte of Buffer.from(text, 'latin1')) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : crc << 1;
  }
  return crc;
}

/** The frame, or a word on what is wrong with it. */
function parseContent(content: string): Frame | string {
  const body = content.slice(0, -CRC_DIGITS);
  const sum = content.slice(-CRC_DIGITS);
  if (!/^[0-9A-Fa-f]{4}$/.test(sum) || Number.parseInt(sum, 16) !== crc16(body)) {
    return 'a frame with a wrong CRC';
  }
  const payload = body.slice(1);
  switch (body[0]) {
    case 'W':
      return wiegand(payload);
    case 'C':
      return hexNumber(payload, ANY_CARD) === null
        ? 'a frame C without a card'
        : { type: 'card', hex: payload };
    case 'K':
      return /^[0-9*#]{1,16}$/.test(payload) ? { type: 'keys', keys: payload } : 'a frame K without keys';
    case 'H':
      return payload === '' ? { type: 'heartbeat' } : 'a frame H with a payload';
    default:
      return 'a frame of a kind that is not known';
  }
}

const ANY_CARD = { bits: 80, reversed: false };

/** Two digits of number of bits, then the bits in hex, filled up with zeros at the end. */
function wiegand(payload: string): Frame | string {
  const match = /^(\d\d)([0-9A-Fa-f]+)$/.exec(payload);
  const count = Number(match?.[1]);
  const hex = match?.[2] ?? '';
  if (match === null || count === 0 || hex.length !== Math.ceil(count / 4)) {
    return 'a frame W whose length is not what it says';
  }
  const bits = [...hex].map((digit) => Number.parseInt(digit, 16).toString(2).padStart(4, '0')).join('');
  if (bits.slice(count).includes('1')) return 'a frame W with bits beyond its length';
  return { type: 'wiegand', bits: bits.slice(0, count) };
}
