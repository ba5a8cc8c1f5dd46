import type { ErrorCode } from '../common/index.ts';
import type { DoorSettings } from './settings.ts';
import type { DoorEvent, DoorFault, DoorPosition, DoorState, FaultSource, UnlockCause } from './types.ts';

/** All that a door remembers between two inputs. Times are milliseconds of one monotonic clock. */
export interface DoorMemory {
  /** The relay is to be energised. */
  readonly energised: boolean;
  /** End of the unlock time of the last grant or remote opening; null when there is none running. */
  readonly grantUntil: number | null;
  /** End of the unlock time of the last press of the exit button. */
  readonly rexUntil: number | null;
  /** Since when the exit button is pressed. */
  readonly rexSince: number | null;
  /** The pressed button keeps the relay energised: not stuck, and not ended by `release`. */
  readonly rexHolds: boolean;
  readonly contact: DoorPosition | null;
  /** Since when the door is open, as far as the contact was ever readable; null when last seen closed. */
  readonly openedAt: number | null;
  /** When the open door becomes an alarm. */
  readonly heldOpenAt: number | null;
  /** Up to here an opening belongs to the last unlock although the relay is released. */
  readonly passUntil: number;
  /** Stays until the door is seen closed. */
  readonly alarm: 'held_open' | 'forced_open' | null;
  readonly faults: readonly DoorFault[];
}

export type DoorInput =
  | { readonly type: 'unlock'; readonly cause: UnlockCause }
  | { readonly type: 'contact'; readonly position: DoorPosition }
  | { readonly type: 'rex'; readonly pressed: boolean }
  | { readonly type: 'tick' }
  | {
      readonly type: 'line_fault';
      readonly line: 'relay' | 'contact' | 'rex';
      readonly code: ErrorCode;
      readonly message: string;
    }
  | { readonly type: 'line_ok'; readonly line: 'relay' | 'contact' | 'rex' }
  /** Ends every unlock at once, that of a pressed button too. */
  | { readonly type: 'release' };

export interface DoorStep {
  readonly memory: DoorMemory;
  readonly relay: 'on' | 'off';
  readonly events: readonly DoorEvent[];
  /** When the machine wants a `tick` (or any other input) next; null when only an input from outside changes anything. */
  readonly wakeAt: number | null;
}

/** A door just started: relay released, nothing known of contact and button. */
export const INITIAL_MEMORY: DoorMemory = {
  energised: false,
  grantUntil: null,
  rexUntil: null,
  rexSince: null,
  rexHolds: false,
  contact: null,
  openedAt: null,
  heldOpenAt: null,
  passUntil: Number.NEGATIVE_INFINITY,
  alarm: null,
  faults: [],
};

/** The state told to the outside. An alarm outranks a fault, a fault outranks the position. */
export function stateOf(memory: DoorMemory): DoorState {
  if (memory.alarm !== null) return memory.alarm;
  if (memory.faults.length > 0) return 'fault';
  if (memory.contact === 'open') return 'open';
  return memory.energised ? 'unlocked' : 'locked';
}

/**
 * One step of the door: what has come due by `now` first, then the input. Pure.
 * `now` never runs backward from one step to the next.
 */
export function step(memory: DoorMemory, input: DoorInput, now: number, settings: DoorSettings): DoorStep {
  const run = new Run(memory, now, settings);
  run.expire();
  run.apply(input);
  return {
    memory: run.memory,
    relay: run.memory.energised ? 'on' : 'off',
    events: run.events,
    wakeAt: wakeAt(run.memory, settings),
  };
}

function wakeAt(memory: DoorMemory, settings: DoorSettings): number | null {
  const { grantUntil, rexUntil, heldOpenAt } = memory;
  const due = [grantUntil, rexUntil, heldOpenAt, stuckAt(memory, settings)].filter((at) => at !== null);
  return due.length === 0 ? null : Math.min(...due);
}

function stuckAt(memory: DoorMemory, settings: DoorSettings): number | null {
  return memory.rexHolds && memory.rexSince !== null && settings.rexStuckMs > 0
    ? memory.rexSince + settings.rexStuckMs
    : null;
}

/** The working copy of one step. */
class Run {
  memory: DoorMemory;
  readonly events: DoorEvent[] = [];
  readonly #now: number;
  readonly #settings: DoorSettings;

  constructor(memory: DoorMemory, now: number, settings: DoorSettings) {
    this.memory = memory;
    this.#now = now;
    this.#settings = settings;
  }

  expire(): void {
    const { grantUntil, rexUntil, heldOpenAt, openedAt } = this.memory;
    if (grantUntil !== null && this.#now >= grantUntil) this.#set({ grantUntil: null });
    if (rexUntil !== null && this.#now >= rexUntil) this.#set({ rexUntil: null });
    const stuck = stuckAt(this.memory, this.#settings);
    if (stuck !== null && this.#now >= stuck) this.#rexStuck();
    this.#relockIfDone();
    if (heldOpenAt !== null && openedAt !== null && this.#now >= heldOpenAt) {
      this.#set({ alarm: 'held_open', heldOpenAt: null });
      this.events.push({ type: 'held_open', door: this.#door, openForMs: this.#now - openedAt });
    }
  }

  apply(input: DoorInput): void {
    switch (input.type) {
      case 'unlock':
        this.#unlock(input.cause);
        break;
      case 'contact':
        if (input.position === this.memory.contact) break;
        if (input.position === 'open') this.#opened();
        else this.#closed();
        break;
      case 'rex':
        if (input.pressed) this.#rexPressed();
        else this.#rexLetGo();
        break;
      case 'line_fault':
        this.#lineFault(input.line, input.code, input.message);
        break;
      case 'line_ok':
        this.#clearFault(input.line);
        break;
      case 'release':
        this.#set({ grantUntil: null, rexUntil: null, rexHolds: false });
        this.#relockIfDone();
        break;
      case 'tick':
        break;
    }
  }

  get #door(): string {
    return this.#settings.door;
  }

  #set(change: Partial<DoorMemory>): void {
    this.memory = { ...this.memory, ...change };
  }

  #unlock(cause: UnlockCause): void {
    const { unlockMs, heldOpenMs } = this.#settings;
    const { heldOpenAt } = this.memory;
    const until = this.#now + unlockMs;
    this.#set({
      energised: true,
      ...(cause.kind === 'rex' ? { rexUntil: until } : { grantUntil: until }),
      heldOpenAt: heldOpenAt === null ? null : Math.max(heldOpenAt, this.#now + heldOpenMs),
    });
    this.events.push({ type: 'unlocked', door: this.#door, cause, relayMs: unlockMs, relayAt: this.#now });
  }

  #relockIfDone(): void {
    const { energised, grantUntil, rexUntil, rexHolds } = this.memory;
    if (!energised || grantUntil !== null || rexUntil !== null || rexHolds) return;
    this.#set({ energised: false, passUntil: this.#now + this.#settings.openGraceMs });
    this.events.push({ type: 'locked', door: this.#door });
  }

  #opened(): void {
    const { contact, energised, passUntil, alarm, openedAt } = this.memory;
    const { heldOpenMs, relockOnOpen } = this.#settings;
    const heldOpenAt = heldOpenMs > 0 && alarm === null ? this.#now + heldOpenMs : null;
    if (contact === null) {
      this.#set({ contact: 'open', openedAt: openedAt ?? this.#now, heldOpenAt });
      return;
    }
    if (!energised && this.#now > passUntil) {
      this.#set({ contact: 'open', openedAt: this.#now, alarm: 'forced_open' });
      this.events.push({ type: 'forced_open', door: this.#door });
      return;
    }
    this.#set({ contact: 'open', openedAt: this.#now, heldOpenAt });
    this.events.push({ type: 'opened', door: this.#door });
    if (relockOnOpen) {
      this.#set({ grantUntil: null, rexUntil: null });
      this.#relockIfDone();
    }
  }

  #closed(): void {
    const { contact, openedAt, alarm, passUntil } = this.memory;
    const rebound = openedAt !== null && alarm !== 'forced_open';
    this.#set({
      contact: 'closed',
      openedAt: null,
      heldOpenAt: null,
      alarm: null,
      passUntil: rebound ? this.#now + this.#settings.openGraceMs : passUntil,
    });
    if (openedAt !== null) this.events.push({ type: 'closed', door: this.#door });
    if (alarm !== null) this.events.push({ type: 'alarm_cleared', door: this.#door, alarm });
    if (contact === 'open') this.#passageOver();
  }

  /** Who was granted while the door stood open has gone through it; left energised, the relay would let a follower in. */
  #passageOver(): void {
    this.#set({ grantUntil: null });
    this.#relockIfDone();
  }

  #rexPressed(): void {
    if (this.memory.rexSince !== null) return;
    this.#set({ rexSince: this.#now, rexHolds: true });
    this.events.push({ type: 'rex', door: this.#door });
    this.#unlock({ kind: 'rex' });
  }

  #rexLetGo(): void {
    this.#set({ rexSince: null, rexHolds: false });
    this.#relockIfDone();
    this.#clearFault('rex_button');
  }

  #rexStuck(): void {
    this.#set({ rexHolds: false });
    this.#addFault({
      source: 'rex_button',
      code: 'REX_STUCK',
      message: `door "${this.#door}": the exit button has been pressed for ${this.#settings.rexStuckMs / 1000} s and no longer holds the relay; free the button, or check its wiring and rex.normally`,
    });
  }

  #lineFault(line: 'relay' | 'contact' | 'rex', code: ErrorCode, message: string): void {
    this.#addFault({ source: line, code, message });
    if (line === 'contact') this.#set({ contact: null, heldOpenAt: null });
    if (line === 'rex') this.#rexLetGo();
    if (line === 'relay') this.#relayFailed();
  }

  /** When the relay works again, whoever was granted has gone; somebody at the exit button may still be waiting. */
  #relayFailed(): void {
    const { rexUntil } = this.memory;
    const retryUntil = this.#now + this.#settings.rexRetryMs;
    this.#set({ grantUntil: null, rexUntil: rexUntil === null ? null : Math.min(rexUntil, retryUntil) });
    this.#relockIfDone();
  }

  #addFault(fault: DoorFault): void {
    if (this.memory.faults.some(({ source }) => source === fault.source)) return;
    this.#set({ faults: [...this.memory.faults, fault] });
    const { code, message } = fault;
    this.events.push({ type: 'fault', door: this.#door, code, message });
  }

  #clearFault(source: FaultSource): void {
    const faults = this.memory.faults.filter((fault) => fault.source !== source);
    if (faults.length === this.memory.faults.length) return;
    this.#set({ faults });
    if (faults.length === 0) this.events.push({ type: 'fault_cleared', door: this.#door });
  }
}
