import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY_LANE, laneIsBusy, type TurnstileInput, turnstile } from '../../src/door/turnstile.ts';

const door = 'd';
const grant = (decisionId: string) => ({ kind: 'grant', decisionId, personId: 'p' }) as const;
const unlocked = (decisionId: string): TurnstileInput => ({
  type: 'unlocked',
  door,
  cause: grant(decisionId),
  relayMs: 1,
  extended: false,
  relayAt: 0,
});
const opened: TurnstileInput = { type: 'opened', door };
const closed: TurnstileInput = { type: 'closed', door };
const late: TurnstileInput = { type: 'late' };

/** Everything found over a sequence, and whether the lane is busy in the end. */
function run(inputs: readonly TurnstileInput[]) {
  let memory = EMPTY_LANE;
  const found: string[] = [];
  for (const input of inputs) {
    const step = turnstile(memory, input);
    memory = step.memory;
    if (step.found?.type === 'passage') found.push(step.found.cause.kind);
    if (step.found?.type === 'tailgating') found.push('tailgating');
  }
  return { found, busy: laneIsBusy(memory) };
}

describe('a lane', () => {
  it('has one passage for each unlock, and is busy from the grant to the end of the passage', () => {
    expect(run([unlocked('a')])).toEqual({ found: [], busy: true });
    expect(run([unlocked('a'), opened])).toEqual({ found: ['grant'], busy: true });
    expect(run([unlocked('a'), opened, closed])).toEqual({ found: ['grant'], busy: false });
    expect(run([unlocked('a'), opened, closed, opened])).toEqual({
      found: ['grant', 'tailgating'],
      busy: true,
    });
  });

  it('forgets a grant that nobody used, and holds nobody up who may pass freely', () => {
    expect(run([unlocked('a'), late])).toEqual({ found: [], busy: false });
    expect(run([unlocked('a'), late, opened]).found).toEqual(['tailgating']);
    const hold: TurnstileInput = {
      type: 'hold',
      door,
      cause: { kind: 'emergency', by: 'fire' },
      forMs: null,
    };
    expect(run([hold, opened, closed, opened]).found).toEqual([]);
    const over: TurnstileInput = { type: 'hold_ended', door, kind: 'emergency', why: 'ended' };
    expect(run([hold, over, opened]).found).toEqual(['tailgating']);
  });

  it('never sees more passages than there were unlocks, whatever comes', () => {
    const input = fc.constantFrom(unlocked('a'), unlocked('b'), opened, closed, late);
    fc.assert(
      fc.property(fc.array(input, { maxLength: 40 }), (inputs) => {
        const { found } = run(inputs);
        const count = (type: string) => inputs.filter((one) => one.type === type).length;
        const passages = found.filter((one) => one === 'grant').length;
        expect(passages).toBeLessThanOrEqual(count('unlocked'));
        expect(found).toHaveLength(count('opened'));
      }),
    );
  });
});
