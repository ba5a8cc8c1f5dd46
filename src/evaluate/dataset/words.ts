/**
 * The words of a name, in lower case: "NoMask_2" has "no" and "mask", "bona-fide" has "bona" and "fide". Chinese runs stay
 * whole.
 */
export function wordsOf(name: string): string[] {
  return name
    .normalize('NFC')
    .replaceAll(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .replaceAll(/(\p{Script=Han})(\P{Script=Han})/gu, '$1 $2')
    .replaceAll(/(\P{Script=Han})(\p{Script=Han})/gu, '$1 $2')
    .toLowerCase()
    .replaceAll(/(\p{L}{2})(\p{N})/gu, '$1 $2')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}

/** Whether a name has one of these words; Chinese ones may stand anywhere in a run. */
export function has(name: readonly string[], words: ReadonlySet<string>): boolean {
  return name.some((word) => words.has(word) || (/\p{Script=Han}/u.test(word) && within(word, words)));
}

function within(run: string, words: ReadonlySet<string>): boolean {
  for (const word of words) if (/\p{Script=Han}/u.test(word) && run.includes(word)) return true;
  return false;
}

export function setOf(words: string): ReadonlySet<string> {
  return new Set(words.split(' '));
}
