import type { Wanted } from './dataset.ts';
import { some } from './fault.ts';
import { maskOf } from './masks.ts';
import { peopleOf } from './people.ts';
import { presentationsOf } from './presentations.ts';
import type { Found } from './walk.ts';

/** Labels in step with the pictures, null or empty where nothing tells; how they were read in words for the report. */
export interface Labels {
  readonly labels: readonly (string | null)[];
  readonly notes: readonly string[];
}

/** What pictures show, by the folders below `place` they lie in, and by their names. */
export function labelsByPlace(
  place: string,
  found: readonly Found[],
  wanted: Wanted,
  bonaFide: readonly string[],
): Labels {
  if (wanted === 'masks')
    return { labels: found.map(({ folders, stem }) => maskOf(folders, stem)), notes: [] };
  if (wanted === 'presentations') return presentationsOf(found, bonaFide);
  const { labels, by } = peopleOf(found);
  const people = [...new Set(labels)].filter((label) => label !== '');
  return { labels, notes: [`People are told by ${by} below ${place}: ${some(people)}.`] };
}
