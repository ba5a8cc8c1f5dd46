import { randomUUID } from 'node:crypto';
import {
  afterAll,
  type Calendar,
  type CarriedOut,
  type CredentialRecord,
  type EntryDecision,
  EntryDesk,
  type EntryPolicy,
  type EntryRecord,
  Lockout,
  type Moment,
  type Presentation,
  type Situation,
  wallClock,
} from '../access/index.ts';
import { type Logger, messageOf, monotonicMs } from '../common/index.ts';
import type { DecisionConfig } from '../config/index.ts';
import { type Prompter, promptForReason } from '../console/index.ts';
import type { Door, DoorEvent } from '../door/index.ts';
import type { Gallery, Person } from '../gallery/index.ts';
import type { EventType } from '../journal/index.ts';
import type { CredentialRead } from '../readers/index.ts';
import { holderOf, resolveCard, resolvePass, resolvePin, shownOf } from './credentials.ts';
import type { Turnstiles } from './lanes.ts';
import type { Records } from './records.ts';
import type { Site } from './site.ts';

/** A record that is not on disk by now is not waited for: the door must open. */
const RECORD_MS = 400;
/** A pass opens nothing unless it is on disk that it was used. */
const PASS_MS = 2000;
/** A door that was pulled in the last moment of the unlock time opens a little after it was locked. */
const LATE_PASSAGE_MS = 1500;

const EVENT_OF = {
  grant: 'access.granted',
  deny: 'access.denied',
  wait: 'access.pending',
} as const satisfies Record<EntryRecord['verdict']['verdict'], EventType>;

/** Where a decision came from, and what became of it. */
interface Circumstances {
  readonly reader: string | null;
  readonly shown: string | null;
  readonly cause: string | null;
  readonly carriedOut?: CarriedOut | null;
}

export interface EntranceParts {
  readonly doors: ReadonlyMap<string, Door>;
  readonly gallery: () => Gallery | null;
  readonly records: Pick<Records, 'record' | 'taken' | 'keep' | 'isKept'>;
  readonly log: Logger;
  readonly policy: EntryPolicy;
  readonly calendar: Calendar;
  readonly zone: string;
  readonly lockout: DecisionConfig['lockout'];
  readonly versions: { readonly software: string; readonly config: string };
  readonly lockdown: () => Situation['lockdown'];
  readonly prompts: Pick<Prompter, 'show'>;
  readonly turnstiles: Turnstiles;
  /** Shares who is where with the other gates of the site; null where there are none. */
  readonly site: (places: EntryDesk['memory']['places']) => Site | null;
  /** Whether the site that a person is of, if any, may be relied on. */
  readonly admits: (person: Person) => boolean;
  /** These people were let in at a door, by whatever credential. */
  readonly onEntered: (door: string, people: readonly string[], at: number) => void;
}

/**
 * The way from credentials to open doors, of all doors of the gate: looks up whose they are, asks the rules of entry,
 * writes it down, unlocks, and tells the rules who went through.
 */
export class Entrance {
  readonly #parts: EntranceParts;
  readonly #desk: EntryDesk;
  readonly #wall: ReturnType<typeof wallClock>;
  readonly #site: Site | null;
  #stopped = false;
  readonly #busy = new Set<string>();
  readonly #late = new Map<string, NodeJS.Timeout>();

  constructor(parts: EntranceParts) {
    this.#parts = parts;
    this.#desk = new EntryDesk(parts.policy, parts.calendar, new Lockout(parts.lockout));
    this.#wall = wallClock(parts.zone);
    this.#site = parts.site(this.#desk.memory.places);
  }

  get memory(): EntryDesk['memory'] {
    return this.#desk.memory;
  }

  /** A face was recognised. `decision`: id of the decision. */
  face(
    place: { readonly door: string; readonly direction: 'in' | 'out' },
    personId: string,
    mask: Presentation['mask'],
    decision: string,
  ): EntryDecision {
    const person = this.#parts.gallery()?.get(personId) ?? null;
    const presentation = {
      ...place,
      kind: 'face' as const,
      person: person === null ? null : holderOf(person),
      fault: null,
      duress: false,
      mask,
    };
    return this.#present(presentation, decision);
  }

  /** A card, digits or a code were read. Never throws. */
  read(read: CredentialRead): void {
    this.#read(read).catch((error: unknown) => {
      this.#parts.log.error(
        { reader: read.reader, err: messageOf(error) },
        'a credential was not dealt with',
      );
    });
  }

  /** A door was unlocked for a grant, or could not be. */
  concluded(door: string, decision: string, entry: EntryDecision, opened: boolean): void {
    const { records, onEntered } = this.#parts;
    if (!opened) {
      this.#desk.notCarriedOut(door, decision);
      this.#keep();
      return;
    }
    this.#desk.carriedOut(door, decision);
    onEntered(door, entry.verdict.people, monotonicMs());
    const { people, duress, violation } = entry.verdict;
    if (entry.openForMs !== null) this.#openByFirst(door, decision, people, entry.openForMs);
    if (duress) records.record({ type: 'access.duress', door, cause: decision, data: { people } });
    if (violation !== null) {
      records.record({ type: 'access.violation', door, cause: decision, data: { detail: violation } });
    }
    this.#keep();
  }

  /** A failure began a lock-out of cards and PINs. */
  lockedOut(door: string, decision: string, until: number | null): void {
    if (until === null) return;
    const data = { forMs: Math.round(until - monotonicMs()), scope: 'credentials' } as const;
    this.#parts.records.record({ type: 'access.locked_out', door, cause: decision, data });
  }

  /** What happened at a door tells who went through. */
  doorEvent(event: DoorEvent): void {
    if (this.#stopped) return;
    const { door } = event;
    if (event.type === 'hold_ended' && event.kind === 'firstPerson' && event.why !== 'lockdown') {
      this.memory.setOpen(door, null);
      this.#keep();
    }
    const found = this.#parts.turnstiles.see(door, event);
    if (found?.type === 'tailgating') {
      const { after } = found;
      const cause = after?.kind === 'grant' ? { cause: after.decisionId } : {};
      this.#parts.records.record({ type: 'access.tailgating', door, ...cause, data: { after } });
    }
    if (event.type === 'opened') {
      clearTimeout(this.#late.get(door));
      this.#tellPassages('access.passed', this.#desk.passed(door));
    } else if (event.type === 'locked') {
      clearTimeout(this.#late.get(door));
      const timer = setTimeout(() => {
        this.#parts.turnstiles.see(door, { type: 'late' });
        this.#tellPassages('access.not_passed', this.#desk.notPassed(door));
        this.#keep();
      }, LATE_PASSAGE_MS);
      this.#late.set(door, timer.unref());
    }
  }

  /** What comes by time alone; once a second, and once before the first. */
  tick(): void {
    const now = moment();
    for (const door of this.#parts.doors.values()) this.#remainOpen(door, now);
    for (const { cause, ...entry } of this.#desk.expire((door) => this.#situation(door), now)) {
      this.#record(randomUUID(), entry, { reader: null, shown: null, cause });
    }
    for (const zone of this.#desk.resetDaily(this.#wall(now.wall))) {
      this.#parts.records.record({ type: 'access.reset', data: { zone, by: 'schedule' } });
    }
    this.#keep();
  }

  /** The doors are about to be locked because the gate stops: what remains open is to be so again at the next start. */
  stop(): void {
    this.#stopped = true;
    for (const timer of this.#late.values()) clearTimeout(timer);
  }

  /** Forgets who is in a zone. */
  reset(zone: string, by: string): void {
    this.#desk.reset(zone);
    this.#parts.records.record({ type: 'access.reset', data: { zone, by } });
    this.#keep();
  }

  /** People were erased: so is where they were. */
  erased(people: readonly string[]): void {
    for (const person of people) this.#desk.forget(person);
    this.#keep();
  }

  async #read(read: CredentialRead): Promise<void> {
    const gallery = this.#parts.gallery();
    if (gallery === null) return;
    const resolved = await this.#resolve(gallery, read);
    if (resolved === null) return;
    const { door, direction, reader } = read;
    const id = randomUUID();
    const entry = this.#present({ ...resolved, door, direction, mask: null }, id);
    this.#record(id, entry, { reader, shown: shownOf(read), cause: null });
    this.lockedOut(door, id, entry.lockedOutUntil);
    if (entry.verdict.verdict === 'grant') await this.#open(id, entry, reader);
  }

  async #resolve(gallery: Gallery, read: CredentialRead) {
    const { door } = read;
    if (read.kind === 'card') return resolveCard(gallery, read.number);
    if (read.kind === 'qr') return resolvePass(gallery, read.text, door);
    // One PIN at a time: whoever types faster than it can be checked guesses.
    if (this.#busy.has(door)) return null;
    this.#busy.add(door);
    try {
      return await resolvePin(gallery, read.digits, this.#desk.waiting(door, moment()));
    } finally {
      this.#busy.delete(door);
    }
  }

  #present(presentation: Presentation, id: string): EntryDecision {
    const { admits, gallery } = this.#parts;
    const person = gallery()?.get(presentation.person?.id ?? '') ?? null;
    const fault = person === null || admits(person) ? presentation.fault : 'SITE_UNCONFIRMED';
    const situation = this.#situation(presentation.door);
    const entry = this.#desk.present({ ...presentation, fault }, id, situation, moment());
    this.#keep();
    return entry;
  }

  /** Opens for a card, a PIN or a pass: the grant is on disk first, as far as the disk lets it. */
  async #open(id: string, entry: EntryDecision, reader: string): Promise<void> {
    const { doors, records } = this.#parts;
    const { door, presented } = entry.input;
    const [personId = ''] = entry.verdict.people;
    const isPass = presented.kind === 'qr';
    const kept = isPass ? await records.isKept(records.keep([]), PASS_MS) : true;
    await records.taken(id, RECORD_MS);
    const outcome = kept
      ? await doors
          .get(door)
          ?.unlock({ kind: 'grant', decisionId: id, personId }, { extended: entry.verdict.extended })
      : undefined;
    const opened = outcome?.ok === true;
    this.concluded(door, id, entry, opened);
    if (opened) {
      this.#parts.prompts.show(door, promptForReason(entry.verdict.reason));
      return;
    }
    const answer = outcome?.ok === false ? outcome.message : null;
    const carriedOut = { frame: null, passKept: kept, door: answer };
    this.#record(randomUUID(), entry, { reader, shown: null, cause: id, carriedOut });
  }

  #record(
    id: string,
    { input, verdict }: EntryRecord,
    { reader, shown, cause, carriedOut = null }: Circumstances,
  ): void {
    const { records, log, versions } = this.#parts;
    const { person, kind } = input.presented;
    const judged = { ...verdict, outcome: verdict.verdict };
    const overruled = carriedOut === null ? null : afterAll(carriedOut);
    const { outcome, reason, rule, detail } =
      overruled === null ? judged : { ...overruled, outcome: 'deny' as const };
    const data: CredentialRecord = {
      decision: id,
      door: input.door,
      reader,
      kind,
      shown,
      outcome,
      verdict: outcome,
      reason,
      rule,
      detail,
      person: person === null ? null : { id: person.id, name: person.name },
      entry: { input, verdict },
      carriedOut,
      versions,
    };
    const type = EVENT_OF[outcome];
    records.record({ type, id, door: input.door, ...(cause === null ? {} : { cause }), data });
    log.info({ decision: id, outcome: data.outcome, reason: data.reason }, 'decided');
    if (outcome !== 'grant') {
      this.#parts.prompts.show(input.door, promptForReason(reason), heldMs({ input, verdict }));
    }
  }

  /** The door remains open as its schedule, or its first person, wants it: after a restart as well. */
  #remainOpen(door: Door, now: Moment): void {
    const holds = door.status().holds.map(({ kind }) => kind);
    const schedule = this.#desk.remainsOpen(door.id, now);
    if (schedule !== null && !holds.includes('schedule')) door.hold({ kind: 'schedule', schedule });
    if (schedule === null && holds.includes('schedule')) door.endHold('schedule');
    const first = this.memory.openOf(door.id);
    if (first === null) return;
    const { decision, person, until } = first;
    if (until <= now.wall) this.memory.setOpen(door.id, null);
    else if (!holds.includes('firstPerson')) {
      const cause = { kind: 'firstPerson', decisionId: decision, personId: person } as const;
      door.hold(cause, { forMs: until - now.wall });
    }
  }

  #openByFirst(door: string, decision: string, [person = '']: readonly string[], forMs: number): void {
    const cause = { kind: 'firstPerson', decisionId: decision, personId: person } as const;
    const held = this.#parts.doors.get(door)?.hold(cause, { forMs });
    if (held?.ok === true) this.memory.setOpen(door, { until: Date.now() + forMs, decision, person });
  }

  #tellPassages(
    type: 'access.passed' | 'access.not_passed',
    passages: ReturnType<EntryDesk['passed']>,
  ): void {
    for (const { door, decision, people, to } of passages) {
      if (to === null && !this.#parts.turnstiles.has(door)) continue;
      this.#parts.records.record({ type, door, cause: decision, data: { people, to } });
    }
  }

  #situation(door: string): Situation {
    const status = this.#parts.doors.get(door)?.status();
    return {
      lockdown: this.#parts.lockdown(),
      isOpen: (other) => isOpen(this.#parts.doors.get(other)),
      laneBusy: this.#parts.turnstiles.isBusy(door),
      alone: this.#site?.alone ?? false,
      passageIsSeen: status?.contact === 'closed',
    };
  }

  #keep(): void {
    const changes = this.memory.takeChanges();
    for (const [key] of changes) {
      if (key.startsWith('place/')) this.#site?.tell(key.slice('place/'.length));
    }
    if (changes.length > 0) this.#parts.records.keep(changes);
  }
}

/** How long it is of use to ask for what is wanted besides; undefined where nothing is. */
export function heldMs(entry: EntryRecord | null): number | undefined {
  if (entry?.verdict.verdict !== 'wait') return undefined;
  return Math.max(...entry.input.ways.map(({ withinMs }) => withinMs));
}

/** Of a door whose contact cannot be read, the relay alone tells. */
function isOpen(door: Door | undefined): boolean {
  const status = door?.status();
  return status !== undefined && (status.lock === 'unlocked' || status.contact === 'open');
}

function moment(): Moment {
  return { mono: monotonicMs(), wall: Date.now() };
}
