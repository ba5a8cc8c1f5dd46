import { InputRefused } from './input-refused.ts';

/** GB 11643-1999: weight of each of the first 17 digits, and the check digit for each remainder modulo 11. */
const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECK_DIGITS = '10X98765432';
const OLDEST_YEAR = 1850;

/**
 * A citizen's ID number in the form that is sent: 18 characters, X as a capital. Spaces and full-width digits of
 * input methods are put right. `today` bounds the birth date.
 * @throws InputRefused INPUT_ID_NUMBER for a wrong length, birth date or check digit (GB 11643-1999).
 */
export function normaliseIdNumber(text: string, today: Date = new Date()): string {
  const number = text.normalize('NFKC').replace(/\s/gu, '').toUpperCase();
  const refuse = (why: string): never => {
    throw new InputRefused('INPUT_ID_NUMBER', `The ID number ${why}. Compare it with the card.`);
  };
  if (!/^[1-9][0-9]{16}[0-9X]$/.test(number)) refuse('has not 17 digits and a last digit or X');
  if (!isBirthDate(number.slice(6, 14), today)) refuse('holds no possible birth date');
  if (number.charAt(17) !== checkDigit(number)) refuse('has a wrong check digit: a digit was mistyped');
  return number;
}

/** Check digit of the first 17 digits. */
export function checkDigit(digits: string): string {
  const sum = WEIGHTS.reduce((total, weight, index) => total + weight * Number(digits.charAt(index)), 0);
  return CHECK_DIGITS.charAt(sum % 11);
}

function isBirthDate(text: string, today: Date): boolean {
  const [year, month, day] = [text.slice(0, 4), text.slice(4, 6), text.slice(6, 8)].map(Number);
  if (year === undefined || month === undefined || day === undefined || year < OLDEST_YEAR) return false;
  const date = new Date(Date.UTC(year, month - 1, day));
  const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  // A day ahead of UTC at most: it is already tomorrow in the far east.
  return exists && date.getTime() <= today.getTime() + 86_400_000;
}

/** Characters of a name at most; the longest known of ethnic minorities stay well below. */
const MAX_NAME = 50;

/**
 * A person's name in the form that is sent: without spaces and invisible characters; the dot of minority names in its
 * official form (U+00B7).
 * @throws InputRefused INPUT_NAME when nothing is left, it is too long, or other than letters and dots remain.
 */
export function normaliseName(text: string): string {
  const name = text
    .normalize('NFC')
    .replace(/[\s\p{Cf}]/gu, '')
    .replace(/[•∙⋅・･．‧]/gu, '·');
  const refuse = (why: string): never => {
    throw new InputRefused('INPUT_NAME', `The name ${why}. Give it as it stands on the ID card.`);
  };
  if (name === '') refuse('is empty');
  if ([...name].length > MAX_NAME) refuse(`has more than ${MAX_NAME} characters`);
  if (!/^[\p{L}\p{M}·]+$/u.test(name)) refuse('holds characters that no name on an ID card has');
  return name;
}
