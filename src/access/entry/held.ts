import type { EntryInput, Holder } from './input.ts';

type Kind = EntryInput['presented']['kind'];

interface Credential {
  readonly kind: Kind;
  readonly person: Holder;
  readonly duress: boolean;
  readonly direction: 'in' | 'out';
  /** What is wanted besides. */
  readonly wants: string;
}
interface Held extends Credential {
  readonly at: number;
  /** The decision that began the wait. */
  readonly cause: string;
}

/** Credentials held at a door at a time; beyond this the oldest go. */
const MAX_HELD = 16;

/** Credentials that were presented and wait for others, by door. Times are monotonic milliseconds. */
export class HeldCredentials {
  readonly #held = new Map<string, Held[]>();

  /** What is held in one direction, oldest first, as the rules look at it. */
  of(door: string, direction: 'in' | 'out', now: number, heldMs: number): EntryInput['held'] {
    return this.#fresh(door, now, heldMs)
      .filter((held) => held.direction === direction)
      .map(({ kind, person, duress, at }) => ({ kind, person, duress, agoMs: now - at }));
  }

  people(door: string, now: number, heldMs: number): Holder[] {
    const people = new Map<string, Holder>();
    for (const { person } of this.#fresh(door, now, heldMs).toReversed()) people.set(person.id, person);
    return [...people.values()];
  }

  /** Holds a credential, in place of the same one before. True when the person was waiting for the same already. */
  add(door: string, credential: Credential, cause: string, now: number, heldMs: number): boolean {
    const isSame = ({ kind, person, direction }: Held) =>
      kind === credential.kind && person.id === credential.person.id && direction === credential.direction;
    const fresh = this.#fresh(door, now, heldMs);
    const before = fresh.find(isSame);
    const again = before !== undefined && before.wants === credential.wants;
    const others = (this.#held.get(door) ?? []).filter((held) => !isSame(held));
    const held = { ...credential, at: now, cause: again ? before.cause : cause };
    this.#held.set(door, [...others, held].slice(-MAX_HELD));
    return again;
  }

  /** Those who were let in have used what they presented. */
  drop(door: string, people: readonly string[]): void {
    const left = (this.#held.get(door) ?? []).filter(({ person }) => !people.includes(person.id));
    this.#held.set(door, left);
  }

  /** Takes out what was held for too long; of each person the last. */
  expired(door: string, now: number, heldMs: number): Held[] {
    const all = this.#held.get(door) ?? [];
    const over = all.filter(({ at }) => now - at > heldMs);
    if (over.length === 0) return [];
    const left = all.filter((held) => !over.includes(held));
    this.#held.set(door, left);
    const waiting = new Set(left.map(({ person }) => person.id));
    const last = new Map(over.map((held) => [held.person.id, held]));
    return [...last.values()].filter(({ person }) => !waiting.has(person.id));
  }

  #fresh(door: string, now: number, heldMs: number): Held[] {
    return (this.#held.get(door) ?? []).filter(({ at }) => now - at <= heldMs);
  }
}
