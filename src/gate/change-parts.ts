import type { GalleryChange } from '../gallery/index.ts';

/** Ids of people in one event: some 80 KiB of the 256 that its data may have. */
const MOST_IDS = 2000;

/** A change in parts that events can hold; whoever was taken away comes first. One that is small is given as it is. */
export function* partsOf({ added, updated, removed }: GalleryChange): Generator<GalleryChange> {
  const ids = [
    ...removed.map((id) => ({ id, kind: 'removed' as const })),
    ...added.map((id) => ({ id, kind: 'added' as const })),
    ...updated.map((id) => ({ id, kind: 'updated' as const })),
  ];
  for (let from = 0; from < ids.length; from += MOST_IDS) {
    const part = ids.slice(from, from + MOST_IDS);
    const of = (wanted: keyof GalleryChange) => part.flatMap(({ id, kind }) => (kind === wanted ? [id] : []));
    yield { added: of('added'), updated: of('updated'), removed: of('removed') };
  }
}
