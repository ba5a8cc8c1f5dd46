import type { Place, Places } from './places.ts';

/** A grant, and where it leads. */
export interface Passage {
  readonly door: string;
  readonly decision: string;
  readonly people: readonly string[];
  /** Zone that they come to; null when nothing is kept of it. */
  readonly to: string | null;
  /** Milliseconds since 1970. */
  readonly at: number;
}
interface Pending extends Passage {
  /** Whether anybody goes through is seen; else it is taken for certain once the door was unlocked. */
  readonly isSeen: boolean;
  before: { readonly person: string; readonly place: Place | null }[];
}

/**
 * Grants on their way to becoming passages. From the grant on people count as being where they go, so that nobody is
 * granted twice meanwhile; where it is seen that nobody went through, they are put back where they were.
 */
export class Passages {
  readonly #places: Places;
  #pending: Pending[] = [];

  constructor(places: Places) {
    this.#places = places;
  }

  granted(passage: Passage, isSeen: boolean): void {
    const { people, to, at, decision } = passage;
    const before =
      to === null
        ? []
        : people.map((person) => ({ person, place: this.#places.go(person, to, at, decision) }));
    this.#pending.push({ ...passage, before, isSeen });
  }

  /** The door was unlocked for this grant. */
  unlocked(decision: string): void {
    this.#take((passage) => passage.decision === decision && !passage.isSeen);
  }

  passed(door: string): Passage[] {
    return this.#take((passage) => passage.door === door);
  }

  notPassed(door: string): Passage[] {
    return this.#putBack(this.#take((passage) => passage.door === door));
  }

  giveBack(decision: string): Passage[] {
    return this.#putBack(this.#take((passage) => passage.decision === decision));
  }

  #take(wanted: (passage: Pending) => boolean): Pending[] {
    const taken = this.#pending.filter(wanted);
    this.#pending = this.#pending.filter((passage) => !taken.includes(passage));
    return taken;
  }

  #putBack(passages: Pending[]): Passage[] {
    for (const passage of passages.toReversed()) {
      for (const { person, place } of passage.before) {
        const now = this.#places.get(person);
        const corrected = without(now, passage, place);
        if (corrected !== now) this.#places.set(person, corrected);
        // Whoever was granted again since is not to be put back to where they never were.
        for (const later of this.#pending) {
          later.before = later.before.map((was) =>
            was.person === person ? { person, place: without(was.place, passage, place) } : was,
          );
        }
      }
    }
    return passages;
  }
}

/** A place as it would be without that passage; `before` is where the person was then. */
function without(place: Place | null, { decision, to }: Passage, before: Place | null): Place | null {
  if (place === null || to === null) return place;
  if (place.by === decision) return before;
  if (place.entered[to]?.by !== decision) return place;
  const { [to]: _, ...entered } = place.entered;
  const earlier = before?.entered[to];
  return { ...place, entered: earlier === undefined ? entered : { ...entered, [to]: earlier } };
}
