import type { AnalysedSet } from './sets.ts';

/** Somebody of a set. */
export interface Person {
  readonly name: string;
  readonly references: readonly Float32Array[];
  readonly probes: readonly Float32Array[];
}

/** The people of a set whose faces were found. */
export function peopleOf({ items, analysed }: AnalysedSet): Person[] {
  const people = new Map<string, { references: Float32Array[]; probes: Float32Array[] }>();
  for (const [index, { label }] of items.entries()) {
    const { reference, probe } = analysed[index] ?? { reference: null, probe: null };
    if (reference === null || probe === null) continue;
    const person = people.get(label) ?? { references: [], probes: [] };
    person.references.push(reference);
    person.probes.push(probe);
    people.set(label, person);
  }
  return [...people].map(([name, vectors]) => ({ name, ...vectors }));
}

/** People in another order, drawn with these numbers. */
export function shuffled<T>(people: readonly T[], random: () => number): T[] {
  return people
    .map((person) => ({ person, at: random() }))
    .sort((one, other) => one.at - other.at)
    .map(({ person }) => person);
}

/** The half of a set's people whose place in the order of names is even, or the other half. */
export function halfOf(set: AnalysedSet, even: boolean): AnalysedSet {
  const names = [...new Set(set.items.map(({ label }) => label))].sort();
  const half = new Set(names.filter((_, index) => (index % 2 === 0) === even));
  return {
    items: set.items.filter(({ label }) => half.has(label)),
    analysed: set.analysed.filter((_, index) => half.has(set.items[index]?.label ?? '')),
  };
}
