import { setImmediate } from 'node:timers/promises';

/** Time between two turns of the event loop while much is read or taken over, ms. */
const SLICE_MS = 5;

/**
 * Goes through steps until one gives something, and lets the event loop run now and then. Rejects with the signal's reason
 * when that is given meanwhile.
 */
export async function inSlices<T>(steps: Iterable<T | null>, signal: AbortSignal): Promise<T | null> {
  let begun = performance.now();
  for (const found of steps) {
    if (found !== null) return found;
    if (performance.now() - begun < SLICE_MS) continue;
    await setImmediate();
    signal.throwIfAborted();
    begun = performance.now();
  }
  return null;
}
