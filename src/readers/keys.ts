/**
 * What the keys of a reader mean, by the place of the key: the codes of the kernel are those of an American keyboard,
 * which readers pretend to be. Digits are read from the row above the letters, from a number pad whatever Num Lock
 * says, and from the keys of telephone pads. A code that is not here means nothing.
 */
const ROW = { 2: '1', 3: '2', 4: '3', 5: '4', 6: '5', 7: '6', 8: '7', 9: '8', 10: '9', 11: '0' };
const PAD = { 79: '1', 80: '2', 81: '3', 75: '4', 76: '5', 77: '6', 71: '7', 72: '8', 73: '9', 82: '0' };
const TELEPHONE = Object.fromEntries(Array.from({ length: 10 }, (_, digit) => [512 + digit, String(digit)]));
const LETTERS = { 30: 'A', 48: 'B', 46: 'C', 32: 'D', 18: 'E', 33: 'F' };
const COMMA = { 51: ',' };
const ENTER = { 28: 'enter', 96: 'enter', 523: 'enter' };
/** Esc, Backspace, Delete, the star of a number pad, its dot, the star of a telephone pad. */
const CLEAR = { 1: 'clear', 14: 'clear', 111: 'clear', 55: 'clear', 83: 'clear', 522: 'clear' };

const MEANINGS: ReadonlyMap<number, string> = new Map(
  Object.entries({ ...ROW, ...PAD, ...TELEPHONE, ...LETTERS, ...COMMA, ...ENTER, ...CLEAR }).map(
    ([code, meaning]) => [Number(code), meaning],
  ),
);

/** `0`-`9`, `A`-`F`, `,`, `enter` or `clear`; null for any other key. */
export function meaningOf(code: number): string | null {
  return MEANINGS.get(code) ?? null;
}
