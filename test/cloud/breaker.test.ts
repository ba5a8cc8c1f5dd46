import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Breaker, type Permit } from '../../src/cloud/breaker.ts';

function breakerAt(start = 0) {
  const clock = { now: start };
  return { clock, breaker: new Breaker({ failures: 3, openMs: 1000, now: () => clock.now }) };
}

function enter(breaker: Breaker): Permit {
  const permit = breaker.enter();
  if (permit === null) throw new Error('no permit');
  return permit;
}

describe('Breaker', () => {
  it('opens after failures in a row, probes once, closes when the probe succeeds', () => {
    const { clock, breaker } = breakerAt();
    for (let call = 0; call < 3; call += 1) breaker.settle(enter(breaker), 'failure');
    expect(breaker.state).toBe('open');
    clock.now = 999;
    expect(breaker.enter()).toBeNull();
    expect(breaker.openForMs).toBe(1);
    clock.now = 1000;
    const probe = enter(breaker);
    expect(probe.probe).toBe(true);
    expect(breaker.enter()).toBeNull();
    breaker.settle(probe, 'success');
    expect(breaker.state).toBe('closed');
  });

  it('opens anew when the probe fails, and lets another probe through when one was given up', () => {
    const { clock, breaker } = breakerAt();
    for (let call = 0; call < 3; call += 1) breaker.settle(enter(breaker), 'failure');
    clock.now = 1000;
    breaker.settle(enter(breaker), 'neutral');
    breaker.settle(enter(breaker), 'failure');
    expect(breaker.state).toBe('open');
    expect(breaker.openForMs).toBe(1000);
  });

  it('a success in between forgives', () => {
    const { breaker } = breakerAt();
    for (const outcome of ['failure', 'failure', 'success', 'failure', 'failure'] as const) {
      breaker.settle(enter(breaker), outcome);
    }
    expect(breaker.state).toBe('closed');
  });

  it('a late answer from before it opened neither closes it nor counts', () => {
    const { clock, breaker } = breakerAt();
    const late = enter(breaker);
    for (let call = 0; call < 3; call += 1) breaker.settle(enter(breaker), 'failure');
    breaker.settle(late, 'success');
    expect(breaker.state).toBe('open');
    clock.now = 1000;
    const probe = enter(breaker);
    breaker.settle(late, 'failure');
    expect(breaker.state).toBe('halfOpen');
    breaker.settle(probe, 'success');
    expect(breaker.state).toBe('closed');
  });

  it('whatever happens: one probe at a time, never a call while open, and never stuck', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('enter' as const) }),
      fc.record({
        do: fc.constant('settle' as const),
        which: fc.nat(20),
        outcome: fc.constantFrom('success' as const, 'failure' as const, 'neutral' as const),
      }),
      fc.record({ do: fc.constant('wait' as const), ms: fc.nat(1500) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const { clock, breaker } = breakerAt(5);
        const held: Permit[] = [];
        let openedAt = Number.NEGATIVE_INFINITY;
        for (const one of steps) {
          const before = breaker.state;
          if (one.do === 'wait') clock.now += one.ms;
          if (one.do === 'enter') {
            const permit = breaker.enter();
            if (permit === null) {
              // Refused only while open, or while a probe of now is out.
              expect(before).not.toBe('closed');
            } else {
              if (before === 'open') expect(clock.now - openedAt).toBeGreaterThanOrEqual(1000);
              expect(permit.probe).toBe(before !== 'closed');
              held.push(permit);
            }
          }
          if (one.do === 'settle' && held.length > 0) {
            const [permit] = held.splice(one.which % held.length, 1);
            if (permit !== undefined) breaker.settle(permit, one.outcome);
          }
          if (breaker.state === 'open' && before !== 'open') openedAt = clock.now;
        }
        for (const permit of held) breaker.settle(permit, 'neutral');
        clock.now += 1000;
        const last = breaker.enter();
        expect(last).not.toBeNull();
        if (last !== null) breaker.settle(last, 'success');
        if (last?.probe) expect(breaker.state).toBe('closed');
      }),
      { numRuns: 500 },
    );
  });
});
