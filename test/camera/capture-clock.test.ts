import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CaptureClock } from '../../src/camera/capture-clock.ts';

const GAP = 1000 / 15;

interface Seen {
  readonly taken: number;
  readonly arrival: number;
  readonly capturedAt: number;
  readonly settled: boolean;
}

/** Feeds pictures taken every `GAP` ms; `delay` says how long each is on its way, order being kept as in a pipe. */
function run(count: number, delay: (i: number, taken: number) => number, rate = 1): Seen[] {
  const clock = new CaptureClock();
  let last = 0;
  return Array.from({ length: count }, (_, i) => {
    const taken = 10_000 + i * GAP;
    const arrival = Math.max(last + 2, taken + delay(i, taken));
    last = arrival;
    return { taken, arrival, ...clock.observe(777 + i * GAP * rate, arrival) };
  });
}

const jitters = fc.array(fc.double({ min: 0, max: 30, noNaN: true }), { minLength: 300, maxLength: 300 });

describe('CaptureClock', () => {
  it('takes the backlog off: a late picture is never made younger by more than the jitter, whatever stops are in between', () => {
    const stops = fc.array(
      fc.record({ at: fc.integer({ min: 20, max: 280 }), ms: fc.integer({ min: 100, max: 4000 }) }),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(
        jitters,
        stops,
        fc.double({ min: 0.9999, max: 1.0001, noNaN: true }),
        (jitter, held, rate) => {
          const seen = run(
            300,
            (i, taken) => {
              const until = Math.max(
                0,
                ...held.filter(({ at }) => at <= i).map(({ at, ms }) => 10_000 + at * GAP + ms),
              );
              return Math.max(jitter[i] ?? 0, until - taken);
            },
            rate,
          );
          for (const { taken, arrival, capturedAt, settled } of seen) {
            expect(capturedAt).toBeLessThanOrEqual(arrival);
            if (!settled) continue;
            // 30 ms of jitter, and what 0.0005 of drift allows and 0.0001 of the camera's clock adds in 20 s
            expect(capturedAt - taken).toBeLessThanOrEqual(30 + 13);
            expect(capturedAt - taken).toBeGreaterThanOrEqual(-3);
          }
          expect(seen.filter(({ settled }) => settled).length).toBeGreaterThan(250);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('holds pictures back while a backlog from before the connection drains', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 60 }),
        fc.double({ min: 2, max: 50, noNaN: true }),
        jitters,
        (backlog, cost, jitter) => {
          // The first pictures were all taken before the connection and come as fast as they are decoded.
          const connected = 10_000 + backlog * GAP;
          const seen = run(300, (i, taken) => Math.max(jitter[i] ?? 0, connected + i * cost - taken));
          for (const { taken, capturedAt, settled } of seen)
            if (settled) expect(capturedAt - taken).toBeLessThanOrEqual(30 + 25);
          expect(seen.some(({ settled }) => settled)).toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('is settled within a second on a live stream', () => {
    const seen = run(30, () => 5);
    expect(seen.findIndex(({ settled }) => settled)).toBeLessThan(8);
  });

  it('follows a clock that drifts for hours without calling fresh pictures old or unknown', () => {
    for (const rate of [0.9999, 1.0001]) {
      const seen = run(15 * 3600, (i) => (i * 7919) % 20, rate);
      for (const { arrival, capturedAt } of seen) expect(arrival - capturedAt).toBeLessThan(30);
      expect(seen.slice(15).every(({ settled }) => settled)).toBe(true);
    }
  });

  it('begins anew after one step back, and gives the time stamps up after several', () => {
    const clock = new CaptureClock();
    let arrival = 0;
    const play = (from: number): number => {
      for (let i = 0; i < 20; i++) {
        arrival += GAP;
        clock.observe(from + i * GAP, arrival);
      }
      return arrival;
    };
    play(5000);
    play(0);
    expect(clock.timestamps).toBe('stream');
    expect(clock.observe(20 * GAP, arrival + GAP + 500).capturedAt).toBeCloseTo(arrival + GAP, 0);
    for (let i = 0; i < 3; i++) play(0);
    expect(clock.timestamps).toBe('arrival');
    expect(clock.observe(0, 99_999)).toEqual({ capturedAt: 99_999, settled: true });
    expect(clock.observe(Number.NaN, 100_000)).toEqual({ capturedAt: 100_000, settled: true });
  });
});
