import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateWindow, Slots } from '../../src/cloud/pacing.ts';

describe('RateWindow', () => {
  it('never lets more start within any second than allowed', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.nat(300), { maxLength: 120 }),
        (rate, gaps) => {
          const window = new RateWindow(rate);
          const starts: number[] = [];
          let now = 0;
          for (const gap of gaps) {
            now += gap;
            const start = window.take(now, now + 5000);
            if (start !== null) {
              expect(start).toBeGreaterThanOrEqual(now);
              starts.push(start);
            }
          }
          for (const [index, start] of starts.entries()) {
            expect(
              starts.filter((other, at) => at >= index && other < start + 1000).length,
            ).toBeLessThanOrEqual(rate);
          }
        },
      ),
    );
  });

  it('takes no start that would be too late, and rests when told', () => {
    const window = new RateWindow(1);
    expect(window.take(0, 100)).toBe(0);
    expect(window.take(10, 500)).toBeNull();
    expect(window.take(10, 5000)).toBe(1020);
    window.hold(9000);
    expect(window.take(3000, 8999)).toBeNull();
    expect(window.take(3000, 9000)).toBe(9000);
  });

  it('reckons with less than one call a second', () => {
    const window = new RateWindow(0.5);
    expect(window.take(0, 0)).toBe(0);
    expect(window.take(0, 10_000)).toBe(2020);
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
