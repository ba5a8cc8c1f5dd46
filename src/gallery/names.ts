import { MenshenError } from '../common/index.ts';

/** Longest name, in characters (code points). */
export const NAME_MAX = 100;

// Control characters, lone surrogates, line and paragraph separators, and the marks that reverse the direction
// of the text around them: a name must look the same in a log, a table and a message as it was entered.
const FORBIDDEN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u{202A}-\u{202E}\u{2066}-\u{2069}\u{FEFF}]/u;

/** The name as it is kept: NFC, without spaces around it. Throws PERSON_NAME_INVALID. */
export function normaliseName(name: string): string {
  const kept = name.normalize('NFC').trim();
  const length = [...kept].length;
  const problem =
    length === 0
      ? 'it is empty'
      : length > NAME_MAX
        ? `it has ${length} characters, at most ${NAME_MAX} are allowed`
        : FORBIDDEN.test(kept)
          ? 'it contains control or direction characters'
          : null;
  if (problem !== null) {
    throw new MenshenError('PERSON_NAME_INVALID', `The name cannot be used: ${problem}.`);
  }
  return kept;
}
