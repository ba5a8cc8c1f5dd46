import type { Calendar, WallTime } from '../calendar/index.ts';
import type { Lockout } from '../lockout.ts';
import type { Reason } from '../reasons.ts';
import { HeldCredentials } from './held.ts';
import type { EntryInput, EntryRecord, EntryVerdict, Holder, ZoneState } from './input.ts';
import { EntryMemory } from './memory.ts';
import { type Passage, Passages } from './passages.ts';
import type { DoorPolicy, EntryPolicy, ZonePolicy } from './policy.ts';
import { authorise, ENTRY_RULES } from './rules.ts';

/** One moment on two clocks: `mono` (monotonic milliseconds) for spans within this process, `wall` (since 1970) for what outlives it. */
export interface Moment {
  readonly mono: number;
  readonly wall: number;
}

/** A credential that was read and looked up, at a door. */
export interface Presentation extends Readonly<EntryInput['presented']> {
  readonly door: string;
  readonly direction: 'in' | 'out';
}

/** What the gate knows about its doors at the moment. */
export interface Situation {
  readonly lockdown: { readonly exempt: readonly string[] } | null;
  /** A door that is not locked and closed. */
  readonly isOpen: (door: string) => boolean;
  readonly laneBusy: boolean;
  /** The other gates of the site cannot be heard. */
  readonly alone: boolean;
  /** A passage is seen by contact or sensor, and told by `passed` or `notPassed`; else a grant is taken for one. */
  readonly passageIsSeen: boolean;
}

export interface EntryDecision extends EntryRecord {
  /** The same person was waiting for the same already: nothing new. */
  readonly again: boolean;
  /** This failure began a lock-out until then (monotonic). */
  readonly lockedOutUntil: number | null;
  /** The door is to remain open for this long: the first person has come. */
  readonly openForMs: number | null;
}

/** Failures that count towards a lock-out of cards and PINs. */
const FAILURES: ReadonlySet<Reason> = new Set<Reason>(['CARD_UNKNOWN', 'PASS_UNKNOWN', 'PIN_WRONG']);

/**
 * What a gate remembers for the rules of entry: credentials that wait for others, who is in which zone, lock-outs of
 * cards and PINs. Deterministic and without I/O: time and doors come in with every call. `present` judges and takes the
 * consequences; tell it `carriedOut` or `notCarriedOut` about each grant, and `passed` or `notPassed` where that is seen.
 */
export class EntryDesk {
  readonly memory = new EntryMemory();
  readonly #policy: EntryPolicy;
  readonly #calendar: Calendar;
  readonly #lockout: Lockout;
  readonly #held = new HeldCredentials();
  readonly #passages = new Passages(this.memory.places);
  /** Doors about to be unlocked. */
  readonly #granting = new Map<string, string>();

  constructor(policy: EntryPolicy, calendar: Calendar, lockout: Lockout) {
    this.#policy = policy;
    this.#calendar = calendar;
    this.#lockout = lockout;
  }

  /** Judges what is presented. `id`: of the decision. */
  present(presentation: Presentation, id: string, situation: Situation, now: Moment): EntryDecision {
    const policy = this.#doorOf(presentation.door);
    const input = this.#inputOf(policy, this.#checkUse(presentation), situation, now);
    const verdict = authorise(input);
    const again = this.#hold(policy, input, verdict, id, now);
    const lockedOutUntil = this.#countFailure(input, verdict, now);
    if (verdict.verdict === 'grant') this.#granted(policy, input, verdict, id, situation, now);
    return { input, verdict, again, lockedOutUntil, openForMs: this.#openFor(policy, input, verdict, now) };
  }

  /** People who have presented something at this door and are waited for, the last first. */
  waiting(door: string, now: Moment): Holder[] {
    return this.#held.people(door, now.mono, this.#doorOf(door).heldMs);
  }

  /** What was held too long: each is a decision of its own, and names the one that began the wait. */
  expire(situation: (door: string) => Situation, now: Moment): (EntryRecord & { readonly cause: string })[] {
    return [...this.#policy.doors.values()].flatMap((policy) =>
      this.#held.expired(policy.door, now.mono, policy.heldMs).map(({ cause, direction, ...held }) => {
        const presented = { ...held, fault: null, mask: null, door: policy.door, direction };
        const input = { ...this.#inputOf(policy, presented, situation(policy.door), now), expired: true };
        return { input, verdict: authorise(input), cause };
      }),
    );
  }

  /** The relay was switched for this grant. */
  carriedOut(door: string, id: string): void {
    this.#passages.unlocked(id);
    if (this.#granting.get(door) === id) this.#granting.delete(door);
  }

  /** The door could not be opened for this grant: nobody went anywhere, and a pass was not used. */
  notCarriedOut(door: string, id: string): void {
    for (const passage of this.#passages.giveBack(id)) {
      for (const person of passage.people) {
        if (this.memory.isUsed(person)) this.memory.use(person, null);
      }
    }
    this.carriedOut(door, id);
  }

  /** Somebody went through. Gives the grants that this was for; none when nobody had one. */
  passed(door: string): Passage[] {
    return this.#passages.passed(door);
  }

  /** The door was locked again and nobody went through: what was granted is given back. */
  notPassed(door: string): Passage[] {
    return this.#passages.notPassed(door);
  }

  /** Forgets who is in a zone. Gives the people. */
  reset(zone: string): string[] {
    return this.memory.places.empty(zone);
  }

  /** Forgets a person who was erased. */
  forget(person: string): void {
    this.memory.places.set(person, null);
  }

  /** Empties the zones whose daily time has come. `local`: the moment by the clock on the wall. */
  resetDaily(local: WallTime): string[] {
    const due = [...this.#policy.zones.values()].filter(({ id, antiPassback }) => {
      const [hours = 24, minutes = 0] = antiPassback?.resetAt?.split(':').map(Number) ?? [];
      return local.minute >= hours * 60 + minutes && this.memory.emptiedOn(id) !== local.date;
    });
    for (const { id } of due) {
      this.reset(id);
      this.memory.setEmptied(id, local.date);
    }
    return due.map(({ id }) => id);
  }

  /** The schedule by which the door remains open now; null when it does not. A schedule that locks it goes before. */
  remainsOpen(door: string, now: Moment): string | null {
    const { remainOpen } = this.#doorOf(door);
    const holds = remainOpen !== null && this.#calendar.holds(remainOpen, now.wall);
    return holds && !this.remainsLocked(door, now) ? remainOpen : null;
  }

  /** Whether the door remains locked by its schedule. */
  remainsLocked(door: string, now: Moment): boolean {
    const { remainLocked } = this.#doorOf(door);
    return remainLocked !== null && this.#calendar.holds(remainLocked, now.wall);
  }

  /** A pass lets somebody in once. */
  #checkUse(presentation: Presentation): Presentation {
    const { kind, person, fault } = presentation;
    const isUsed = kind === 'qr' && fault === null && person !== null && this.memory.isUsed(person.id);
    return isUsed ? { ...presentation, fault: 'PASS_USED' } : presentation;
  }

  #doorOf(door: string): DoorPolicy {
    const policy = this.#policy.doors.get(door);
    if (policy === undefined) throw new Error(`there is no door "${door}"`);
    return policy;
  }

  #inputOf(policy: DoorPolicy, presentation: Presentation, situation: Situation, now: Moment): EntryInput {
    const { door, direction, kind, person, fault, duress, mask } = presentation;
    const [from, to] = direction === 'in' ? [policy.outside, policy.inside] : [policy.inside, policy.outside];
    const place = person === null ? null : this.memory.places.get(person.id);
    const entering = policy.inside === null ? null : this.#zone(to);
    const leaving = policy.inside === null ? null : this.#zone(from);
    const enteredAt = entering === null ? undefined : place?.entered[entering.id]?.at;
    return {
      rules: ENTRY_RULES,
      at: new Date(now.wall).toISOString(),
      door,
      direction,
      presented: { kind, person, fault, duress, mask },
      held: this.#held.of(door, direction, now.mono, policy.heldMs),
      expired: false,
      ways: [...policy.ways],
      mask: policy.mask,
      schedules: Object.fromEntries(
        policy.schedules.map((name) => [name, this.#calendar.holds(name, now.wall)]),
      ),
      remainsLocked: this.remainsLocked(door, now),
      lockedOut: this.#isLockedOut(door, person, now),
      lockdown: situation.lockdown === null ? null : { exempt: [...situation.lockdown.exempt] },
      interlock: this.#blocking(policy, situation),
      laneBusy: situation.laneBusy,
      entering,
      leaving,
      last: place === null ? null : { zone: place.zone, agoMs: now.wall - place.at },
      enteredAgoMs: enteredAt === undefined ? null : now.wall - enteredAt,
      alone:
        situation.alone && [to, from].some((zone) => this.#zonePolicy(zone)?.antiPassback?.alone === 'soft'),
    };
  }

  #zonePolicy(zone: string | null): ZonePolicy | undefined {
    return zone === null ? undefined : this.#policy.zones.get(zone);
  }

  #zone(zone: string | null): ZoneState | null {
    const policy = this.#zonePolicy(zone);
    if (policy === undefined) return null;
    const { id, antiPassback, maxPeople } = policy;
    return {
      id,
      antiPassback: antiPassback === null ? null : { mode: antiPassback.mode, forMs: antiPassback.forMs },
      maxPeople,
      people: this.memory.places.people(id),
    };
  }

  #blocking({ interlocked }: DoorPolicy, { isOpen }: Situation): string | null {
    return interlocked.find((other) => this.#granting.has(other) || isOpen(other)) ?? null;
  }

  #hold(policy: DoorPolicy, input: EntryInput, verdict: EntryVerdict, id: string, now: Moment): boolean {
    const { presented, direction } = input;
    if (verdict.verdict === 'wait' && presented.person !== null) {
      const { kind, person, duress } = presented;
      const held = { kind, person, duress, direction, wants: verdict.wants.join() };
      return this.#held.add(policy.door, held, id, now.mono, policy.heldMs);
    }
    if (verdict.verdict === 'grant') this.#held.drop(policy.door, verdict.people);
    return false;
  }

  #granted(
    policy: DoorPolicy,
    input: EntryInput,
    { people }: EntryVerdict,
    id: string,
    { passageIsSeen }: Situation,
    now: Moment,
  ): void {
    const to = input.direction === 'in' ? policy.inside : policy.outside;
    this.#granting.set(policy.door, id);
    if (input.presented.kind === 'qr' && input.presented.person !== null) {
      this.memory.use(input.presented.person.id, now.wall);
    }
    const kept = policy.inside === null ? null : to;
    this.#passages.granted(
      { door: policy.door, decision: id, people, to: kept, at: now.wall },
      passageIsSeen,
    );
  }

  #openFor(
    { firstPerson }: DoorPolicy,
    input: EntryInput,
    verdict: EntryVerdict,
    now: Moment,
  ): number | null {
    const person = input.presented.person;
    if (firstPerson === null || verdict.verdict !== 'grant' || person === null) return null;
    const { groups, when, openMs } = firstPerson;
    const isFirst = groups.length === 0 || groups.some((group) => person.groups.includes(group));
    return isFirst && this.#calendar.holds(when, now.wall) ? openMs : null;
  }

  #isLockedOut(door: string, person: Holder | null, now: Moment): boolean {
    const keys = [`door/${door}`, ...(person === null ? [] : [`person/${person.id}`])];
    return keys.some((key) => now.mono < this.#lockout.until(key));
  }

  /** A wrong PIN counts against its person, an unknown card against the door. */
  #countFailure({ presented, door }: EntryInput, { reason }: EntryVerdict, now: Moment): number | null {
    if (!FAILURES.has(reason)) return null;
    const key = presented.person === null ? `door/${door}` : `person/${presented.person.id}`;
    return this.#lockout.failed(key, now.mono);
  }
}
