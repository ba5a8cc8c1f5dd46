import { z } from 'zod';

/** Where somebody was last, by which decision, and when they entered which zone; times are milliseconds since 1970. */
export const PlaceSchema = z.object({
  zone: z.string(),
  at: z.number(),
  by: z.string(),
  entered: z.record(z.string(), z.object({ at: z.number(), by: z.string() })),
});
export type Place = z.infer<typeof PlaceSchema>;

/** Who was last seen to go where, and how many are in which zone. */
export class Places {
  readonly #places = new Map<string, Place>();
  readonly #people = new Map<string, number>();
  readonly #changed = new Set<string>();

  get(person: string): Place | null {
    return this.#places.get(person) ?? null;
  }

  /** People in a zone, as far as is known. */
  people(zone: string): number {
    return this.#people.get(zone) ?? 0;
  }

  /** Somebody has gone to a zone. Gives where they were before. */
  go(person: string, zone: string, at: number, by: string): Place | null {
    const before = this.get(person);
    this.set(person, { zone, at, by, entered: { ...before?.entered, [zone]: { at, by } } });
    return before;
  }

  set(person: string, place: Place | null): void {
    const before = this.#places.get(person);
    if (before !== undefined) this.#count(before.zone, -1);
    if (place === null) this.#places.delete(person);
    else {
      this.#places.set(person, place);
      this.#count(place.zone, 1);
    }
    this.#changed.add(person);
  }

  /** Takes over what another gate saw, or the disk kept, unless something newer is known. True when it was taken. */
  merge(person: string, place: Place): boolean {
    const known = this.#places.get(person);
    if (known !== undefined && known.at >= place.at) return false;
    this.set(person, { ...place, entered: { ...known?.entered, ...place.entered } });
    return true;
  }

  /** Forgets of everybody in a zone where they are; of one zone when they entered it last. */
  empty(zone: string): string[] {
    const emptied: string[] = [];
    for (const [person, place] of this.#places) {
      if (place.zone !== zone && place.entered[zone] === undefined) continue;
      const { [zone]: _, ...entered } = place.entered;
      this.set(person, place.zone === zone ? null : { ...place, entered });
      emptied.push(person);
    }
    return emptied;
  }

  /** People whose place changed since the last call. */
  takeChanged(): string[] {
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }

  #count(zone: string, by: number): void {
    this.#people.set(zone, this.people(zone) + by);
  }
}
