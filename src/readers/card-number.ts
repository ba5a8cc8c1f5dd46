/**
 * The normal form of a card number: its data bits read as one whole number, the first bit the highest, written in
 * decimal without leading zeros. Wiegand parity bits don't belong to the data. A 26-bit card of facility 188 and
 * number 24910 is 188 * 65536 + 24910 = 12345678, the 10 digits that a keyboard reader types for it.
 */

/** What of a card counts, `readers[].card` of the configuration. */
export interface CardRule {
  /** Lowest bits that count, 16 to 80. */
  readonly bits: number;
  /** The bytes come lowest first. */
  readonly reversed: boolean;
}

/** Longest card: 10 bytes, an ISO 14443 triple-size UID. */
export const MAX_CARD_BYTES = 10;
/** Digits of 2^80. */
const MAX_DECIMAL_DIGITS = 25;
/** Bits of the number behind the facility code in the cards that are written so (26 and 34 bits). */
const NUMBER_BITS = 16;
/** Characters of a card number that an event may show. */
const SHOWN = 4;

/**
 * Normal form of `value`, which has `length` bytes where the order of bytes matters; null for 0, which no card has
 * and a dead line reads as.
 */
export function normalNumber(value: bigint, length: number, rule: CardRule): string | null {
  const ordered = rule.reversed ? reverseBytes(value, length) : value;
  const kept = BigInt.asUintN(rule.bits, ordered);
  return kept === 0n ? null : kept.toString();
}

/**
 * Normal form of what a keyboard reader types; null when it is no card number in this format.
 * - `decimal`: up to 25 digits; where `reversed`, of the fewest bytes (4 at least) that hold the number
 * - `hex`: 2 to 20 hex digits
 * - `facility`: facility and number, each at most 65535, apart by a comma, or 3 and 5 digits in one; never reversed
 */
export function typedNumber(
  text: string,
  format: 'decimal' | 'hex' | 'facility',
  rule: CardRule,
): string | null {
  if (format === 'hex') return hexNumber(text, rule);
  if (format === 'facility') return facilityNumber(text, rule);
  if (!/^\d+$/.test(text) || text.length > MAX_DECIMAL_DIGITS) return null;
  const value = BigInt(text);
  const length = Math.max(4, Math.ceil(value.toString(16).length / 2));
  return length > MAX_CARD_BYTES ? null : normalNumber(value, length, rule);
}

/** Normal form of 1 to 10 bytes written in hex; null when it is none. */
export function hexNumber(text: string, rule: CardRule): string | null {
  if (!/^([0-9A-Fa-f]{2}){1,10}$/.test(text)) return null;
  return normalNumber(BigInt(`0x${text}`), text.length / 2, rule);
}

/** The last digits of a card number, as records may show them: `…5678`. */
export function maskedNumber(number: string): string {
  return number.length > SHOWN ? `…${number.slice(-SHOWN)}` : '…';
}

function facilityNumber(text: string, rule: CardRule): string | null {
  const match = /^(\d{1,5}),(\d{1,5})$/.exec(text) ?? /^(\d{3})(\d{5})$/.exec(text);
  const [facility, number] = [BigInt(match?.[1] ?? -1), BigInt(match?.[2] ?? -1)];
  const limit = 1n << BigInt(NUMBER_BITS);
  if (match === null || facility >= limit || number >= limit) return null;
  const written = { ...rule, reversed: false };
  return normalNumber((facility << BigInt(NUMBER_BITS)) | number, MAX_CARD_BYTES, written);
}

function reverseBytes(value: bigint, length: number): bigint {
  const bytes = Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex');
  return BigInt(`0x${bytes.reverse().toString('hex')}`);
}
