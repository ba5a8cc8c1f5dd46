import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RelayRecord } from '../../src/door/relay-record.ts';
import type { DoorEvent } from '../../src/door/types.ts';

const unlocked: DoorEvent = {
  type: 'unlocked',
  door: 'front',
  cause: { kind: 'rex' },
  extended: false,
  relayMs: 1,
  relayAt: 0,
};
const locked: DoorEvent = { type: 'locked', door: 'front' };

/**
 * A relay with a will of its own: it takes what it is asked for at once, later, or fails. Whatever it does,
 * the record must say `unlocked` only of an energised relay, `locked` only of a released one, one after the
 * other, and must agree with the relay once that has come to rest.
 */
it('tells what the relay did, whenever it did it', () => {
  const actions = fc.array(fc.constantFrom('ask on', 'ask off', 'answer', 'lose'), { maxLength: 40 });
  fc.assert(
    fc.property(actions, (list) => {
      const record = new RelayRecord();
      let wanted = false;
      let actual: boolean | null = false;
      let told = false;
      const check = (events: readonly DoorEvent[]) => {
        for (const { type } of events) {
          if (type === 'locked') expect(told).toBe(true);
          expect(actual).toBe(type === 'unlocked');
          told = type === 'unlocked';
        }
      };
      for (const action of [...list, 'answer']) {
        if (action === 'ask on') {
          wanted = true;
          check(record.admit([unlocked], actual === wanted, 0));
        } else if (action === 'ask off' && wanted) {
          wanted = false;
          check(record.admit([locked], actual === wanted, 0));
        } else if (action === 'lose') {
          actual = null;
        } else if (action === 'answer' && actual !== wanted) {
          actual = wanted;
          check(record.switched(actual, 0));
        }
      }
      expect(told).toBe(wanted);
    }),
    { numRuns: 2000 },
  );
});
