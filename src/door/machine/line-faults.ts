import type { DoorFault, DoorLine } from '../types.ts';
import { letGo } from './exit-button.ts';
import type { Run } from './run.ts';

/** A line does not work: what it last told, or was told, counts no more. */
export function lineFault(run: Run, line: DoorLine, fault: Omit<DoorFault, 'source'>): void {
  run.addFault({ source: line, ...fault });
  if (line === 'contact') run.set({ contact: null, heldOpenAt: null, warned: false, unopened: 0 });
  if (line === 'rex') letGo(run);
  if (line === 'relay') relayFailed(run);
}

/**
 * When the relay works again, whoever was granted has gone; somebody at the exit button may still be waiting.
 * A hold is a standing order and goes on.
 */
function relayFailed(run: Run): void {
  const { rex } = run.memory;
  const retryUntil = run.now + run.settings.rexRetryMs;
  run.set({
    grant: null,
    unopened: 0,
    rex:
      rex === null
        ? null
        : {
            until: Math.min(rex.until, retryUntil),
            relayUntil: rex.relayUntil === null ? null : Math.min(rex.relayUntil, retryUntil),
          },
  });
}
