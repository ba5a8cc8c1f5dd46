import { z } from 'zod';
import { type Place, PlaceSchema, Places } from './places.ts';

/** An entry of what outlives the process: a key, and its value as JSON; null takes it away. */
export type Kept = readonly [key: string, value: unknown];

const OpenSchema = z.object({ until: z.number(), decision: z.string(), person: z.string() });
/** A door that remains open by its first person; `until` in milliseconds since 1970. */
export type OpenByFirst = z.infer<typeof OpenSchema>;
const UsedSchema = z.object({ at: z.number() });

/**
 * What of the rules of entry outlives the process: who is where, which passes were used, which doors remain open by
 * their first person, when a zone was emptied last. Every change is collected for `takeChanges`; `restore` takes back what
 * was kept.
 */
export class EntryMemory {
  readonly places = new Places();
  readonly #used = new Map<string, number>();
  readonly #open = new Map<string, OpenByFirst>();
  readonly #emptied = new Map<string, string>();
  readonly #changes = new Map<string, unknown>();

  /** Takes back what was kept. Gives the keys of entries that cannot be understood and are left out. */
  restore(entries: Iterable<Kept>): string[] {
    const strange: string[] = [];
    for (const [key, value] of entries) {
      if (!this.#restoreOne(key, value)) strange.push(key);
    }
    this.places.takeChanged();
    this.#changes.clear();
    return strange;
  }

  /** What changed since the last call, to be kept. */
  takeChanges(): Kept[] {
    for (const person of this.places.takeChanged()) {
      this.#changes.set(`place/${person}`, this.places.get(person));
    }
    const changes = [...this.#changes];
    this.#changes.clear();
    return changes;
  }

  isUsed(pass: string): boolean {
    return this.#used.has(pass);
  }

  /** `at` null: it was not used after all. */
  use(pass: string, at: number | null): void {
    if (at === null) this.#used.delete(pass);
    else this.#used.set(pass, at);
    this.#changes.set(`pass/${pass}`, at === null ? null : { at });
  }

  openOf(door: string): OpenByFirst | null {
    return this.#open.get(door) ?? null;
  }

  setOpen(door: string, open: OpenByFirst | null): void {
    if (open === null) this.#open.delete(door);
    else this.#open.set(door, open);
    this.#changes.set(`open/${door}`, open);
  }

  /** Local date on which a zone was emptied last. */
  emptiedOn(zone: string): string | null {
    return this.#emptied.get(zone) ?? null;
  }

  setEmptied(zone: string, date: string): void {
    this.#emptied.set(zone, date);
    this.#changes.set(`emptied/${zone}`, date);
  }

  #restoreOne(key: string, value: unknown): boolean {
    const at = key.indexOf('/');
    const name = key.slice(at + 1);
    switch (key.slice(0, at)) {
      case 'place':
        return take(PlaceSchema, value, (place: Place) => this.places.set(name, place));
      case 'pass':
        return take(UsedSchema, value, (used) => this.#used.set(name, used.at));
      case 'open':
        return take(OpenSchema, value, (open) => this.#open.set(name, open));
      case 'emptied':
        return take(z.string(), value, (date) => this.#emptied.set(name, date));
      default:
        return false;
    }
  }
}

function take<T>(schema: z.ZodType<T>, value: unknown, keep: (value: T) => void): boolean {
  const parsed = schema.safeParse(value);
  if (parsed.success) keep(parsed.data);
  return parsed.success;
}
