import { actingHolds, mayOpen } from './memory.ts';
import type { Run } from './run.ts';

/** What the contact tells: openings that are in order, and the alarms. */

/** When a door that is open in order becomes an alarm; null for never. */
export function heldOpenDeadline(run: Run, extended: boolean): number | null {
  const { heldOpenMs, extendedHeldOpenMs } = run.settings;
  if (heldOpenMs === 0) return null;
  return run.now + (extended ? extendedHeldOpenMs : heldOpenMs);
}

/** The held-open time begins anew, if the door is open and nothing makes it remain so. */
export function restartHeldOpen(run: Run): void {
  const { contact, alarm } = run.memory;
  if (contact !== 'open' || alarm !== null || actingHolds(run.memory).length > 0) return;
  run.set({ heldOpenAt: heldOpenDeadline(run, run.now <= run.memory.extendedUntil), warned: false });
}

/** When the warning before the held-open alarm is due; null for never. */
export function warningAt({ memory, settings }: Pick<Run, 'memory' | 'settings'>): number | null {
  const lead = settings.heldOpenWarningLeadMs;
  return lead === 0 || memory.warned || memory.heldOpenAt === null ? null : memory.heldOpenAt - lead;
}

/** Warns of, then raises the held-open alarm when it is due. */
export function expireHeldOpen(run: Run): void {
  const { heldOpenAt, openedAt } = run.memory;
  if (heldOpenAt === null || openedAt === null) return;
  const openForMs = run.now - openedAt;
  const warning = warningAt(run);
  if (run.now >= heldOpenAt) {
    run.set({ alarm: 'held_open', heldOpenAt: null, warned: false });
    run.tell({ type: 'held_open', openForMs });
  } else if (warning !== null && run.now >= warning) {
    run.set({ warned: true });
    run.tell({ type: 'held_open_warning', openForMs });
  }
}

export function opened(run: Run): void {
  const { contact, passUntil, openedAt } = run.memory;
  const seenBefore = contact === null ? openedAt : null;
  const inOrder = contact === null || mayOpen(run.memory) || run.now <= passUntil;
  run.set({ contact: 'open', openedAt: seenBefore ?? run.now, unopened: 0 });
  run.clearFault('door');
  if (!inOrder) {
    run.set({ alarm: 'forced_open' });
    run.tell({ type: 'forced_open' });
    return;
  }
  restartHeldOpen(run);
  // A contact that has just become readable says nothing of when the door was opened, and by whom.
  if (contact === null) return;
  run.tell({ type: 'opened' });
  if (run.settings.relockOnOpen) run.set({ grant: null, rex: null });
}

export function closed(run: Run): void {
  const { contact, openedAt, alarm, passUntil } = run.memory;
  const rebound = openedAt !== null && alarm !== 'forced_open';
  run.set({
    contact: 'closed',
    openedAt: null,
    heldOpenAt: null,
    warned: false,
    alarm: null,
    passUntil: rebound ? run.now + run.settings.openGraceMs : passUntil,
  });
  if (openedAt !== null) run.tell({ type: 'closed' });
  if (alarm !== null) run.tell({ type: 'alarm_cleared', alarm, by: null });
  // Who was granted while the door stood open has gone through it; still unlocked, it would let a follower in.
  if (contact !== 'open') return;
  run.set({ grant: null, extendedUntil: Number.NEGATIVE_INFINITY });
}

/** Somebody has seen to the alarm; a door that is still open may become one again. */
export function clearAlarm(run: Run, by: string): void {
  const { alarm } = run.memory;
  if (alarm === null) return;
  run.set({ alarm: null });
  run.tell({ type: 'alarm_cleared', alarm, by });
  restartHeldOpen(run);
}
