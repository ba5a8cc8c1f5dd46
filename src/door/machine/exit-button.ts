import { unlock } from './lock.ts';
import type { DoorMemory } from './memory.ts';
import type { Run } from './run.ts';

/** The exit button: opens when pressed, holds while pressed, and is a fault when pressed for too long. */

export function pressed(run: Run): void {
  if (run.memory.rexSince !== null) return;
  run.tell({ type: 'rex' });
  unlock(run, { kind: 'rex' }, false);
  run.set({ rexSince: run.now, rexHolds: true });
}

export function letGo(run: Run): void {
  run.set({ rexSince: null, rexHolds: false });
  run.clearFault('rex_button');
}

/** When the pressed button becomes a fault; null for never. */
export function stuckAt({ memory, settings }: Pick<Run, 'memory' | 'settings'>): number | null {
  const { rexHolds, rexSince }: DoorMemory = memory;
  return rexHolds && rexSince !== null && settings.rexStuckMs > 0 ? rexSince + settings.rexStuckMs : null;
}

export function expireButton(run: Run): void {
  const due = stuckAt(run);
  if (due === null || run.now < due) return;
  const { door, rexStuckMs } = run.settings;
  run.set({ rexHolds: false });
  run.addFault({
    source: 'rex_button',
    code: 'REX_STUCK',
    message: `door "${door}": the exit button has been pressed for ${rexStuckMs / 1000} s and no longer unlocks the door; free the button, or check its wiring and rex.normally`,
  });
}
