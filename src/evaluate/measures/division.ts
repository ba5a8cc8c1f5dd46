import { mulberry32 } from '../../common/index.ts';
import type { Dataset } from '../dataset/dataset.ts';
import { tooLittle } from '../dataset/fault.ts';

/** A person and what of the pictures is enrolled and what is looked for, by index. */
export interface Enrolled {
  readonly person: string;
  readonly references: readonly number[];
  readonly probes: readonly number[];
}

/** Who is enrolled and who is a stranger. */
export interface Division {
  readonly enrolled: readonly Enrolled[];
  readonly strangers: readonly { readonly person: string; readonly probes: readonly number[] }[];
}

/**
 * Some of the people are enrolled by their first pictures, the others are strangers. Whoever has too few pictures to be looked
 * for is a stranger first. Deterministic for a seed; somebody is always enrolled.
 * @throws MenshenError DATASET_TOO_LITTLE for fewer than two pictures
 */
export function divide(
  items: Dataset,
  options: { readonly references: number; readonly strangers: number; readonly seed: number },
): Division {
  const { references, strangers, seed } = options;
  if (items.length < 2) throw tooLittle('At least two pictures are needed: one to enrol, one to look for.');
  const random = mulberry32(seed);
  const order = [...picturesOf(items)]
    .map(([person, indexes]) => ({ person, indexes, at: random() }))
    .sort((one, other) => one.at - other.at);
  const many = order.filter(({ indexes }) => indexes.length > references);
  const few = order.filter(({ indexes }) => indexes.length <= references);
  const outside = Math.min(Math.round(order.length * strangers), order.length - 1);
  const people = [...few, ...many];
  return {
    strangers: people.slice(0, outside).map(({ person, indexes }) => ({ person, probes: indexes })),
    enrolled: people.slice(outside).map(({ person, indexes }) => ({
      person,
      references: indexes.slice(0, references),
      probes: indexes.slice(references),
    })),
  };
}

/** `gallery` holds what is enrolled, `items` what is looked for: people who are not in the gallery are strangers. */
export function divideBy(gallery: Dataset, items: Dataset): Division {
  const probes = picturesOf(items);
  const offset = gallery.length;
  const shifted = (indexes: readonly number[] = []) => indexes.map((index) => index + offset);
  const references = picturesOf(gallery);
  return {
    enrolled: [...references].map(([person, indexes]) => ({
      person,
      references: indexes,
      probes: shifted(probes.get(person)),
    })),
    strangers: [...probes]
      .filter(([person]) => !references.has(person))
      .map(([person, indexes]) => ({ person, probes: shifted(indexes) })),
  };
}

function picturesOf(items: Dataset): Map<string, number[]> {
  const pictures = new Map<string, number[]>();
  for (const [index, { label }] of items.entries()) {
    const own = pictures.get(label);
    if (own === undefined) pictures.set(label, [index]);
    else own.push(index);
  }
  return pictures;
}
