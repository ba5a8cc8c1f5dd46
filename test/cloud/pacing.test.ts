import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateWindow, Slots } from '../../src/cloud/pacing.ts';

describe('RateWindow', () => {
  it('never lets more go out within any second than allowed, however late some are', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.tuple(fc.nat(300), fc.nat(400)), { maxLength: 120 }),
        (rate, calls) => {
          const window = new RateWindow(rate);
          const sent: number[] = [];
          let now = 0;
          for (const [gap, lateness] of calls) {
            now += gap;
            const turn = window.take(now, now + 5000);
            if (turn === null) continue;
            expect(turn.at).toBeGreaterThanOrEqual(now);
            // In the order of turns; a call is out some time after it was due.
            let due = window.dueIn(turn, now);
            while (due > 0) {
              now += due;
              due = window.dueIn(turn, now);
            }
            now += lateness % 7 === 0 ? lateness : 0;
            window.sent(turn, now);
            sent.push(now);
          }
          for (const [index, start] of sent.entries()) {
            const within = sent.filter((other, at) => at >= index && other < start + 1000).length;
            expect(within).toBeLessThanOrEqual(rate);
          }
        },
      ),
    );
  });

  it('waits on for a turn whose forerunner went out late', () => {
    const window = new RateWindow(1);
    const first = window.take(0, 0);
    const second = window.take(0, 5000);
    if (first === null || second === null) throw new Error('no turn');
    expect(second.at).toBe(1050);
    window.sent(first, 300);
    window.sent(first, 900);
    expect(window.dueIn(second, 1050)).toBe(300);
    expect(window.dueIn(second, 1350)).toBe(0);
  });

  it('takes no turn that would be too late, and rests when told', () => {
    const window = new RateWindow(1);
    expect(window.take(0, 100)?.at).toBe(0);
    expect(window.take(10, 500)).toBeNull();
    expect(window.take(10, 5000)?.at).toBe(1050);
    window.hold(9000);
    expect(window.take(3000, 8999)).toBeNull();
    expect(window.take(3000, 9000)?.at).toBe(9000);
  });

  it('reckons with less than one call a second', () => {
    const window = new RateWindow(0.5);
    expect(window.take(0, 0)?.at).toBe(0);
    expect(window.take(0, 10_000)?.at).toBe(2050);
  });
});

describe('Slots', () => {
  it('serves in order, and forgets those who left', async () => {
    const slots = new Slots(1);
    const patient = new AbortController();
    const first = await slots.take(patient.signal);
    const leaving = new AbortController();
    const order: string[] = [];
    const left = slots
      .take(leaving.signal)
      .then((release) => order.push(release === null ? 'left' : 'served'));
    const second = slots.take(patient.signal).then((release) => {
      order.push('second');
      return release;
    });
    const third = slots.take(patient.signal).then(() => order.push('third'));
    leaving.abort();
    await left;
    first?.();
    first?.();
    (await second)?.();
    await third;
    expect(order).toEqual(['left', 'second', 'third']);
    expect(await slots.take(AbortSignal.abort())).toBeNull();
  });
});
