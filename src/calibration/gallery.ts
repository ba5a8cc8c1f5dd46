import { ImpostorSums, type Location } from './location.ts';

/** People compared with one another at most: 44,850 comparisons, some 5 ms after a change of the gallery. */
export const SAMPLED_PEOPLE = 300;

/** What of a gallery is compared: see `Gallery`. */
export interface Compared<Model> {
  /** Ids of references, one of each person. */
  sample(model: Model, most: number): readonly string[];
  visitPairs(
    model: Model,
    references: readonly string[],
    visit: (one: number, other: number, score: number) => void,
  ): void;
}

/** How the people of a gallery compare with one another; null for too few. */
export function galleryLocation<Model>(
  gallery: Compared<Model>,
  model: Model,
  deviations: number,
  sample: readonly string[] = gallery.sample(model, SAMPLED_PEOPLE),
): Location | null {
  const sums = new ImpostorSums(sample.length);
  gallery.visitPairs(model, sample, (one, other, score) => sums.add(one, other, score));
  return sums.location(deviations);
}
