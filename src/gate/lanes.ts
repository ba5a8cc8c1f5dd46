import type { DoorConfig } from '../config/index.ts';
import { type DoorEvent, EMPTY_LANE, laneIsBusy, type TurnstileFinding, turnstile } from '../door/index.ts';

/** The turnstiles of a gate: which door belongs to which lane, and who is passing. */
export class Turnstiles {
  readonly #lanes: ReadonlyMap<string, string>;
  readonly #memories = new Map<string, typeof EMPTY_LANE>();

  constructor(doors: readonly Pick<DoorConfig, 'id' | 'turnstile'>[]) {
    this.#lanes = new Map(
      doors.flatMap(({ id, turnstile: lane }) => (lane === undefined ? [] : [[id, lane.lane ?? id]])),
    );
  }

  has(door: string): boolean {
    return this.#lanes.has(door);
  }

  /** Somebody passes the lane of this door, or is about to, in either direction. */
  isBusy(door: string): boolean {
    const lane = this.#lanes.get(door);
    if (lane === undefined) return false;
    return [...this.#lanes].some(
      ([other, its]) => its === lane && laneIsBusy(this.#memories.get(other) ?? EMPTY_LANE),
    );
  }

  /** What an event of a door means in its lane; null for nothing, and for a door that is no turnstile. */
  see(door: string, event: DoorEvent | { readonly type: 'late' }): TurnstileFinding | null {
    if (!this.has(door)) return null;
    const { memory, found } = turnstile(this.#memories.get(door) ?? EMPTY_LANE, event);
    this.#memories.set(door, memory);
    return found;
  }
}
