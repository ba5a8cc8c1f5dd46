import { expireButton, letGo, pressed, stuckAt } from './machine/exit-button.ts';
import { lineFault } from './machine/line-faults.ts';
import { dropHold, expirePasses, hold, release, relockIfDone, setLockdown, unlock } from './machine/lock.ts';
import type { DoorInput, DoorMemory } from './machine/memory.ts';
import { clearAlarm, closed, expireHeldOpen, opened, warningAt } from './machine/opening.ts';
import { Run } from './machine/run.ts';
import type { DoorSettings } from './settings.ts';
import type { DoorEvent } from './types.ts';

export { holdAllowed } from './machine/lock.ts';
export { type DoorInput, type DoorMemory, INITIAL_MEMORY, stateOf } from './machine/memory.ts';

export interface DoorStep {
  readonly memory: DoorMemory;
  readonly lock: 'unlocked' | 'locked';
  readonly events: readonly DoorEvent[];
  /** When the machine wants a `tick` (or any other input) next; null when only an input from outside changes anything. */
  readonly wakeAt: number | null;
}

/**
 * One step of the door: what has come due by `now` first, then the input. Pure.
 * `now` never runs backward from one step to the next.
 */
export function step(memory: DoorMemory, input: DoorInput, now: number, settings: DoorSettings): DoorStep {
  const run = new Run(memory, now, settings);
  expire(run);
  const before = run.memory;
  apply(run, input);
  relockIfDone(run, before);
  return {
    memory: run.memory,
    lock: run.memory.unlocked ? 'unlocked' : 'locked',
    events: run.events,
    wakeAt: wakeAt(run),
  };
}

function expire(run: Run): void {
  const before = run.memory;
  expirePasses(run);
  expireButton(run);
  relockIfDone(run, before);
  expireHeldOpen(run);
}

function apply(run: Run, input: DoorInput): void {
  switch (input.type) {
    case 'unlock':
      unlock(run, input.cause, input.extended);
      break;
    case 'hold':
      hold(run, input.cause, input.forMs);
      break;
    case 'end_hold':
      dropHold(run, input.kind, 'ended');
      break;
    case 'lockdown':
      setLockdown(run, input.active);
      break;
    case 'clear_alarm':
      clearAlarm(run, input.by);
      break;
    case 'contact':
      if (input.position === run.memory.contact) break;
      if (input.position === 'open') opened(run);
      else closed(run);
      break;
    case 'rex':
      if (input.pressed) pressed(run);
      else letGo(run);
      break;
    case 'line_fault':
      lineFault(run, input.line, { code: input.code, message: input.message });
      break;
    case 'line_ok':
      run.clearFault(input.line);
      break;
    case 'release':
      release(run);
      break;
    case 'tick':
      break;
  }
}

function wakeAt(run: Run): number | null {
  const { grant, rex, holds, heldOpenAt } = run.memory;
  const passes = [grant, rex].flatMap((pass) => (pass === null ? [] : [pass.until, pass.relayUntil]));
  const due = [...passes, ...holds.map(({ until }) => until), heldOpenAt, warningAt(run), stuckAt(run)];
  const times = due.filter((at) => at !== null);
  return times.length === 0 ? null : Math.min(...times);
}
