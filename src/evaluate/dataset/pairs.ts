import type { PictureList } from './dataset.ts';
import { readDataset } from './dataset.ts';
import { some, statOf, unreadable } from './fault.ts';
import { type NamedPair, readPairList } from './pair-list.ts';
import { peopleOfPairs } from './pair-people.ts';
import { peopleOf } from './people.ts';
import { leftOutNotes, picturesBelow } from './walk.ts';

/** A pair of pictures to be compared. */
export interface Pair {
  readonly one: string;
  readonly other: string;
  readonly same: boolean;
  /** The fold of the LFW protocol, from 0; null in other lists. */
  readonly fold: number | null;
}

/** Pairs whose pictures are both there, and these pictures. */
export interface PairedPictures extends PictureList {
  readonly pairs: readonly Pair[];
}

/**
 * The pairs of a list (`readPairList`), with their pictures: of a folder, of a CSV file, or wherever the list itself says. Whom
 * they show is told by where they lie where that agrees with the pairs, else by the pairs.
 * @throws MenshenError DATASET_UNREADABLE, naming the line
 */
export function readPairs(file: string, place: string): PairedPictures {
  const known = file === place ? { items: [], notes: [], closedFolders: [] } : picturesOf(place);
  const list = readPairList(
    file,
    known.items.map(({ path }) => path),
    [place],
  );
  const pairs = list.pairs.flatMap(({ one, other, same, fold }) =>
    one === null || other === null ? [] : [{ one, other, same, fold }],
  );
  const absent = list.pairs.flatMap(absentOf);
  if (pairs.length === 0) {
    throw unreadable(
      file,
      `the pictures of none of its ${list.pairs.length} pairs are in ${place}, the first of them ${some(absent, 1)}`,
    );
  }
  const left = list.pairs.length - pairs.length;
  const people = peopleOfPairs(pairs, known.items);
  return {
    pairs,
    items: people.items,
    closedFolders: known.closedFolders,
    notes: [
      ...known.notes,
      ...list.notes,
      ...people.notes,
      ...(left === 0
        ? []
        : [
            `${left} of ${list.pairs.length} pairs are left out, because a picture of theirs is not there: ${some(new Set(absent))}.`,
          ]),
    ],
  };
}

function absentOf({ one, other, texts }: NamedPair): string[] {
  return [one, other].flatMap((path, index) => (path === null ? [texts[index] ?? ''] : []));
}

/** Pictures of a place, labelled as far as anything tells: pairs say by themselves who is the same. */
function picturesOf(place: string): PictureList {
  if (!statOf(place).isDirectory()) return readDataset(place);
  const { found, closed } = picturesBelow(place);
  const { labels } = peopleOf(found);
  return {
    items: found.map(({ path }, index) => ({ path, label: labels[index] ?? '' })),
    // Files that are left out say nothing here: whatever no pair names is.
    notes: leftOutNotes({ leftOut: new Map(), closed }),
    closedFolders: closed.map(({ path }) => path),
  };
}
