import type { DoorEvent } from './types.ts';

type RelayEvent = Extract<DoorEvent, { type: 'unlocked' | 'locked' }>;

/**
 * Holds `unlocked` and `locked` back until the relay has really switched, so that the record tells what
 * the relay did and not what it was asked to do.
 */
export class RelayRecord {
  #held: RelayEvent[] = [];
  /** An `unlocked` was told whose `locked` is still to come. */
  #unlocked = false;

  /** The events that may be told now. `settled`: the relay has the position they ask for, since `at`. */
  admit(events: readonly DoorEvent[], settled: boolean, at: number): DoorEvent[] {
    if (settled && this.#held.length === 0) return events.map((event) => this.#tell(event, at));
    const told: DoorEvent[] = [];
    for (const event of events) {
      if (event.type === 'unlocked' || event.type === 'locked') this.#held.push(event);
      else told.push(event);
    }
    return told;
  }

  /** What is to be told now that the relay has switched. */
  switched(energised: boolean, at: number): DoorEvent[] {
    return energised ? this.#energised(at) : this.#released(at);
  }

  #energised(at: number): DoorEvent[] {
    const last = this.#held.at(-1);
    const next = last?.type === 'locked' ? [last] : [];
    const past = this.#held.slice(0, this.#held.length - next.length);
    this.#held = next;
    const lastLock = past.findLastIndex((event) => event.type === 'locked');
    return past.slice(lastLock + 1).map((event) => this.#tell(event, at));
  }

  #released(at: number): DoorEvent[] {
    const lastLock = this.#held.findLastIndex((event) => event.type === 'locked');
    const lock = this.#held[lastLock];
    this.#held = this.#held.slice(lastLock + 1);
    // An unlock that never reached the relay was not told, so its end is not told either.
    return lock !== undefined && this.#unlocked ? [this.#tell(lock, at)] : [];
  }

  #tell(event: DoorEvent, at: number): DoorEvent {
    if (event.type === 'locked') this.#unlocked = false;
    if (event.type !== 'unlocked') return event;
    this.#unlocked = true;
    return { ...event, relayAt: Math.max(event.relayAt, at) };
  }
}
