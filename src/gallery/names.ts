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

/** A card number in normal form: decimal, up to 80 bits, without leading zeros. */
export const CARD = /^[1-9]\d{0,24}$/;

/** The card number as it is kept. Throws CREDENTIAL_INVALID. */
export function normaliseCard(number: string): string {
  const kept = number.trim().replace(/^0+/, '');
  if (!CARD.test(kept)) {
    throw new MenshenError(
      'CREDENTIAL_INVALID',
      'A card number has 1 to 25 decimal digits and is not 0. `menshen readers listen` shows the number of a card that is held before a reader.',
    );
  }
  return kept;
}

/** Groups are named like doors: in lower case, without spaces. */
export const GROUP = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** The groups as they are kept: sorted, each once. Throws CREDENTIAL_INVALID. */
export function normaliseGroups(groups: readonly string[]): string[] {
  const wrong = groups.find((group) => !GROUP.test(group));
  if (wrong !== undefined) {
    throw new MenshenError(
      'CREDENTIAL_INVALID',
      'The name of a group has 1 to 63 of a-z, 0-9, "-" and "_", beginning with a letter or digit.',
    );
  }
  return [...new Set(groups)].sort();
}
