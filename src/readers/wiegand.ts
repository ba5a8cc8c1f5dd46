import type { Key } from './types.ts';

/** What a Wiegand burst says: a card's data bits without parity, a key, or why it is neither. */
export type Wiegand =
  | { readonly kind: 'card'; readonly value: bigint; readonly bytes: number }
  | { readonly kind: 'key'; readonly key: Key }
  | { readonly kind: 'nonsense'; readonly what: string };

/**
 * Cards whose first bit makes the first half even and whose last makes the second half odd: 26 bits (H10301: 8 of
 * facility, 16 of number) and 34 (16 and 16). Value: data bits.
 */
const CARD_BITS: ReadonlyMap<number, number> = new Map([
  [26, 24],
  [34, 32],
]);
/** Keypads send a nibble a key, or a byte whose upper nibble is the complement of the lower. */
const KEY_BITS: ReadonlySet<number> = new Set([4, 8]);
const STAR = 10;
const HASH = 11;

/** Reads the bits of one burst, in the order received, each '0' or '1'. */
export function readWiegand(bits: string): Wiegand {
  if (KEY_BITS.has(bits.length)) return readKey(bits);
  const data = CARD_BITS.get(bits.length);
  if (data === undefined) return nonsense(`${bits.length} Wiegand bits, a format that is not known`);
  const middle = bits.length / 2;
  if (ones(bits.slice(0, middle)) % 2 !== 0 || ones(bits.slice(middle)) % 2 !== 1) {
    return nonsense(`${bits.length} Wiegand bits with wrong parity`);
  }
  return { kind: 'card', value: BigInt(`0b${bits.slice(1, -1)}`), bytes: data / 8 };
}

/** The 26 or 34 bits of a card, parity and all; `data` is 24 or 32 bits, each '0' or '1'. */
export function wiegandBits(data: string): string {
  const middle = data.length / 2;
  const even = ones(data.slice(0, middle)) % 2;
  const odd = 1 - (ones(data.slice(middle)) % 2);
  return `${even}${data}${odd}`;
}

function readKey(bits: string): Wiegand {
  const code = Number.parseInt(bits.slice(-4), 2);
  if (bits.length === 8 && Number.parseInt(bits.slice(0, 4), 2) !== (code ^ 0xf)) {
    return nonsense('8 Wiegand bits whose halves do not complement one another');
  }
  if (code < STAR) return { kind: 'key', key: { digit: String(code) } };
  if (code === STAR) return { kind: 'key', key: 'clear' };
  return code === HASH ? { kind: 'key', key: 'enter' } : nonsense('a key that no keypad has');
}

function ones(bits: string): number {
  return bits.replaceAll('0', '').length;
}

function nonsense(what: string): Wiegand {
  return { kind: 'nonsense', what };
}
