import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Debouncer } from '../../src/door/gpio/debounce.ts';
import type { Level } from '../../src/door/gpio/driver.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'hrtime'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A line at rest on 1 that is moved by hand; `told` is what came through. */
function watch(ms: number) {
  let level: Level = 1;
  let now = 0;
  const told: { at: number; level: Level }[] = [];
  const debouncer = new Debouncer(
    1,
    ms,
    () => level,
    (settled) => told.push({ at: now, level: settled }),
  );
  const wait = (time: number) => {
    for (let gone = 0; gone < time; gone += 1) {
      now += 1;
      vi.advanceTimersByTime(1);
    }
  };
  const move = (to: Level) => {
    level = to;
    debouncer.edge();
  };
  return { debouncer, told, wait, move };
}

describe('debouncing', () => {
  it('tells a change once the level has held, and only once', () => {
    const { told, wait, move } = watch(30);
    for (const level of [0, 1, 0, 1, 0] as const) {
      move(level);
      wait(3);
    }
    expect(told).toEqual([]);
    wait(100);
    expect(told).toEqual([{ at: 42, level: 0 }]);
  });

  it('tells nothing of a spike that is gone before the time is over', () => {
    const { told, wait, move } = watch(30);
    move(0);
    wait(5);
    move(1);
    wait(200);
    expect(told).toEqual([]);
  });

  it('reads a line that never comes to rest all the same', () => {
    const { told, wait, move } = watch(10);
    for (let edge = 0; edge < 40; edge += 1) {
      move(edge % 2 === 0 ? 0 : 1);
      wait(edge % 2 === 0 ? 5 : 1);
    }
    expect(told.length).toBeGreaterThan(0);
    expect(told[0]).toEqual({ at: 40, level: 0 });
  });

  it('passes each edge on at once with a time of 0', () => {
    const { told, move } = watch(0);
    move(0);
    move(1);
    expect(told.map(({ level }) => level)).toEqual([0, 1]);
  });

  it('tells nothing after stop', () => {
    const { debouncer, told, wait, move } = watch(10);
    move(0);
    debouncer.stop();
    wait(100);
    expect(told).toEqual([]);
  });

  it('ends with the level of the line, tells changes only, and never sooner than the time allows', () => {
    const moves = fc.array(fc.record({ wait: fc.nat({ max: 25 }), level: fc.constantFrom<Level>(0, 1) }), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(moves, fc.integer({ min: 1, max: 20 }), (list, ms) => {
        const { debouncer, told, wait, move } = watch(ms);
        let last: Level = 1;
        for (const { wait: gap, level } of list) {
          wait(gap);
          if (level !== last) move(level);
          last = level;
        }
        wait(5 * ms);
        expect(debouncer.level()).toBe(last);
        told.forEach(({ level, at }, index) => {
          expect(level).toBe(index % 2 === 0 ? 0 : 1);
          expect(at - (told[index - 1]?.at ?? 0)).toBeGreaterThanOrEqual(ms);
        });
      }),
      { numRuns: 200 },
    );
  });
});
