import { some, statOf, unreadable } from './fault.ts';
import { labelsByPlace } from './labels.ts';
import { readList } from './list.ts';
import { isPairList } from './pair-list.ts';
import { leftOutNotes, picturesBelow, type Walk } from './walk.ts';

/** A picture and what is known of it. */
export interface Item {
  /** Absolute. */
  readonly path: string;
  /** Whom it shows, or what it presents, or what is worn: see `Wanted`. */
  readonly label: string;
}

/** Pictures in the order of their paths. */
export type Dataset = readonly Item[];

/** What labels tell: who is shown, whether a presentation is bona fide ("live") or which kind of attack, what is worn. */
export type Wanted = 'people' | 'presentations' | 'masks';

/** What is judged. */
export interface PictureList {
  readonly items: Dataset;
  /** How labels were read and what was left out, in words for the report. */
  readonly notes: readonly string[];
  /** Folders below the place that cannot be read, and are left out. */
  readonly closedFolders: readonly string[];
}

export interface DatasetOptions {
  /** The reader's own labels of bona fide presentations. */
  readonly bonaFide?: readonly string[];
}

/**
 * The pictures below a folder, labelled by where they lie, or those of a CSV file (`readList`).
 * @throws MenshenError DATASET_UNREADABLE
 */
export function readDataset(
  place: string,
  wanted: Wanted = 'people',
  options: DatasetOptions = {},
): PictureList {
  if (statOf(place).isDirectory()) return fromFolder(place, wanted, options.bonaFide ?? []);
  if (isPairList(place)) {
    throw unreadable(
      place,
      'it is a list of pairs, which `menshen evaluate verification` takes; give a list with a line for each picture',
    );
  }
  return readList(place, wanted, options.bonaFide ?? []);
}

function fromFolder(place: string, wanted: Wanted, bonaFide: readonly string[]): PictureList {
  const walk = picturesBelow(place);
  if (walk.found.length === 0) {
    const passed = leftOutNotes(walk).join(' ');
    throw unreadable(
      place,
      `no picture (JPEG, PNG, BMP or WebP) is in it${passed === '' ? '' : `. ${passed}`}`,
    );
  }
  const { labels, notes } = labelsByPlace(place, walk.found, wanted, bonaFide);
  const items = walk.found.flatMap(({ path }, index) => {
    const label = labels[index] ?? '';
    return label === '' ? [] : [{ path, label }];
  });
  const without = walk.found.filter((_, index) => (labels[index] ?? '') === '').map(({ path }) => path);
  if (items.length === 0)
    throw unreadable(place, [unlabelled(wanted, walk), ...leftOutNotes(walk)].join('. '));
  return {
    items,
    notes: [
      ...notes,
      ...(without.length === 0
        ? []
        : [
            `${without.length} pictures are left out, because nothing says what they show: ${some(without)}.`,
          ]),
      ...leftOutNotes(walk),
    ],
    closedFolders: walk.closed.map(({ path }) => path),
  };
}

function unlabelled(wanted: Wanted, { found }: Walk): string {
  const names = some(new Set(found.map(({ folders, stem }) => folders.at(-1) ?? stem)));
  if (wanted === 'people') {
    return `nothing says who is shown: put the pictures of each person into a folder of their own, name them after the person ("li_hua_1.jpg"), or give a CSV file with the columns path and label. Found: ${names}`;
  }
  if (wanted === 'masks') {
    return `nothing says what is worn: put the pictures into folders "bare", "worn" and "incorrect", or give a CSV file with the columns path and label. Found: ${names}`;
  }
  return `nothing says what is presented: put the pictures into a folder "live" and one for each kind of attack, or give a CSV file with the columns path and label, or name your labels of living people with --bona-fide. Found: ${names}`;
}
