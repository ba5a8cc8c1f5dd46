import type { Dataset, Item } from './dataset.ts';
import type { Pair } from './pairs.ts';

/** Pairs in a hundred that may speak against the labels: lists have errors. */
const ERRORS_IN_A_HUNDRED = 5;

/**
 * The pictures of the pairs with whom they show: by `known`, as far as it says so and agrees with the pairs, else by the pairs
 * that say who is the same.
 */
export function peopleOfPairs(
  pairs: readonly Pair[],
  known: Dataset,
): { readonly items: Dataset; readonly notes: readonly string[] } {
  const labels = new Map(known.map(({ path, label }) => [path, label]));
  const paths = [...new Set(pairs.flatMap(({ one, other }) => [one, other]))].sort();
  const against = pairs.filter(({ one, other, same }) => (labels.get(one) === labels.get(other)) !== same);
  const told = paths.every((path) => (labels.get(path) ?? '') !== '');
  if (told && against.length * 100 <= ERRORS_IN_A_HUNDRED * pairs.length) {
    return { items: paths.map((path): Item => ({ path, label: labels.get(path) ?? '' })), notes: [] };
  }
  const group = groupsOf(pairs);
  return {
    items: paths.map((path): Item => ({ path, label: group(path) })),
    notes: [
      'People are told by the pairs alone: pictures that no pair calls the same count as of different ones.',
    ],
  };
}

/** For each picture the first of those that pairs call the same (union of sets). */
function groupsOf(pairs: readonly Pair[]): (path: string) => string {
  const leader = new Map<string, string>();
  const find = (path: string): string => {
    let at = path;
    for (let next = leader.get(at); next !== undefined; next = leader.get(at)) at = next;
    if (at !== path) leader.set(path, at);
    return at;
  };
  for (const { one, other, same } of pairs) {
    const [first, second] = [find(one), find(other)];
    if (same && first !== second) leader.set(second, first);
  }
  return find;
}
