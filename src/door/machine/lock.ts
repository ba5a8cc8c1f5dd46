import type { HoldCause, HoldKind, PassCause } from '../types.ts';
import { actingHolds, type DoorMemory, mayOpen, type Pass } from './memory.ts';
import { heldOpenDeadline, restartHeldOpen } from './opening.ts';
import type { Run } from './run.ts';

/** When the door locks: passes of one person, and holds that make it remain open. */

/** Lets somebody pass. */
export function unlock(run: Run, cause: PassCause, extended: boolean): void {
  const { unlockMs, extendedUnlockMs, pulseMs, openGraceMs } = run.settings;
  countUnopened(run);
  const ms = extended ? extendedUnlockMs : unlockMs;
  const relayMs = pulseMs > 0 ? Math.min(pulseMs, ms) : ms;
  const kind = cause.kind === 'rex' ? 'rex' : 'grant';
  if (extended) run.set({ extendedUntil: run.now + ms + openGraceMs });
  run.set({ unlocked: true, [kind]: longer(run.memory[kind], run.now + ms, run.now + relayMs) });
  const { heldOpenAt } = run.memory;
  if (heldOpenAt !== null) {
    const later = Math.max(heldOpenAt, heldOpenDeadline(run, extended) ?? heldOpenAt);
    run.set({ heldOpenAt: later, warned: later === heldOpenAt && run.memory.warned });
  }
  run.tell({ type: 'unlocked', cause, relayMs, extended, relayAt: run.now });
}

/** A short unlock does not cut a long one short. */
function longer(pass: Pass | null, until: number, relayUntil: number): Pass {
  return {
    until: Math.max(until, pass?.until ?? until),
    relayUntil: Math.max(relayUntil, pass?.relayUntil ?? relayUntil),
  };
}

/** The contact says that the door has stayed closed each time it was unlocked: the lock is jammed, or the contact is stuck. */
function countUnopened(run: Run): void {
  const { unopened, contact } = run.memory;
  const { stuckAfter, door } = run.settings;
  if (stuckAfter === 0 || contact !== 'closed' || mayOpen(run.memory)) return;
  run.set({ unopened: Math.min(unopened + 1, stuckAfter) });
  if (unopened < stuckAfter) return;
  run.addFault({
    source: 'door',
    code: 'DOOR_STUCK',
    message: `door "${door}": it was unlocked ${stuckAfter} times in a row and its contact stayed closed each time; see whether the lock is jammed, and whether contact and relay work`,
  });
}

/** Ends what has run out by now. */
export function expirePasses(run: Run): void {
  run.set({ grant: expired(run.memory.grant, run.now), rex: expired(run.memory.rex, run.now) });
  for (const { cause, until } of run.memory.holds) {
    if (until !== null && run.now >= until) dropHold(run, cause.kind, 'time');
  }
}

function expired(pass: Pass | null, now: number): Pass | null {
  if (pass === null || now >= pass.until) return null;
  return pass.relayUntil !== null && now >= pass.relayUntil ? { ...pass, relayUntil: null } : pass;
}

/** Locks the door when nothing keeps it unlocked any more. */
export function relockIfDone(run: Run, before: DoorMemory): void {
  const { memory, now } = run;
  const wanted =
    memory.rexHolds ||
    (memory.grant?.relayUntil ?? null) !== null ||
    (memory.rex?.relayUntil ?? null) !== null ||
    actingHolds(memory).length > 0;
  if (memory.unlocked && !wanted) {
    run.set({ unlocked: false });
    run.tell({ type: 'locked' });
  }
  if (mayOpen(before) && !mayOpen(run.memory)) run.set({ passUntil: now + run.settings.openGraceMs });
  if (actingHolds(before).length > 0 && actingHolds(memory).length === 0) restartHeldOpen(run);
}

/** Makes the door remain open. The same order given again changes nothing; another one of its kind replaces it. */
export function hold(run: Run, cause: HoldCause, forMs: number | null): void {
  if (!holdAllowed(run.memory, cause.kind)) return;
  const known = run.memory.holds.find((one) => one.cause.kind === cause.kind);
  if (known !== undefined && known.until === null && forMs === null && sameCause(known.cause, cause)) return;
  const others = run.memory.holds.filter((one) => one !== known);
  run.set({ holds: [...others, { cause, until: forMs === null ? null : run.now + forMs }] });
  run.tell({ type: 'hold', cause, forMs });
  if (cause.kind === 'emergency' || !run.memory.lockdown) act(run, cause);
}

/** In a lockdown nobody makes a door remain open; a schedule is kept for when it is over. */
export function holdAllowed({ lockdown }: DoorMemory, kind: HoldKind): boolean {
  return !lockdown || kind === 'emergency' || kind === 'schedule';
}

export function dropHold(run: Run, kind: HoldKind, why: 'ended' | 'time' | 'released' | 'lockdown'): void {
  const holds = run.memory.holds.filter(({ cause }) => cause.kind !== kind);
  if (holds.length === run.memory.holds.length) return;
  run.set({ holds });
  run.tell({ type: 'hold_ended', kind, why });
}

/** Begins or ends a lockdown: who was granted before it gets in no more, and what made the door remain open does not outlast it, but for a schedule. */
export function setLockdown(run: Run, active: boolean): void {
  if (run.memory.lockdown === active) return;
  run.set({ lockdown: active });
  if (active) {
    run.set({ grant: null });
    dropHold(run, 'remote', 'lockdown');
    dropHold(run, 'firstPerson', 'lockdown');
    return;
  }
  for (const { cause } of run.memory.holds) {
    if (cause.kind !== 'emergency') act(run, cause);
  }
}

/** Ends all that keeps the door unlocked, but an emergency. */
export function release(run: Run): void {
  run.set({ grant: null, rex: null, rexHolds: false });
  for (const { cause } of run.memory.holds) {
    if (cause.kind !== 'emergency') dropHold(run, cause.kind, 'released');
  }
}

function act(run: Run, cause: HoldCause): void {
  run.set({ unlocked: true, heldOpenAt: null, warned: false });
  run.tell({ type: 'unlocked', cause, relayMs: null, extended: false, relayAt: run.now });
}

function sameCause(one: HoldCause, other: HoldCause): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
