import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ActionSample, HeadAction } from '../../../src/vision/actions.ts';
import { Course, type CourseLook } from '../../../src/vision/challenge/course.ts';
import { CHALLENGE_OUTCOMES, type ChallengeOrder } from '../../../src/vision/challenge/types.ts';

const ID = '0b9d2f0e-6a53-4d0e-9f0e-5a1c6a8f1c11';
const REST: ActionSample = {
  ...{ at: 0, yaw: 2, pitch: 4, headPitch: -6 },
  ...{ eyeOpening: 0.3, eyesClosed: 0.02, mouthOpening: 0.05 },
};

const order = (action: HeadAction, changes: Partial<ChallengeOrder> = {}): ChallengeOrder => ({
  ...{ id: ID, track: 'a-1', action, durationMs: 6000, closing: 3, record: false },
  ...changes,
});

/** Fifteen looks a second from 1000 ms on; `change` bends the resting face at a time (seconds) after the order. */
function run(
  course: Course,
  seconds: number,
  change: (at: number) => Partial<ActionSample> = () => ({}),
  look: (at: number) => Partial<CourseLook> = () => ({}),
): string[] {
  const steps: string[] = [];
  for (let i = 0; i < seconds * 15 && course.outcome === null; i++) {
    const at = i / 15;
    const step = course.look({
      ...{ at: 1000 + at * 1000, likeness: 0.95, liveness: 0.9, recognised: true },
      sample: { ...REST, ...change(at) },
      ...look(at),
    });
    if (step !== null) steps.push(step);
  }
  return steps;
}

const during = (from: number, to: number, part: Partial<ActionSample>) => (at: number) =>
  at >= from && at < to ? part : {};
const LEFT = during(1, 2, { yaw: 30 });
const begun = (action: HeadAction, changes?: Partial<ChallengeOrder>) =>
  new Course(order(action, changes), 'gate', 1000);

describe('the course of a challenge', () => {
  it.each<[HeadAction, (at: number) => Partial<ActionSample>]>([
    ['turnLeft', LEFT],
    ['turnRight', during(1, 2, { yaw: -30 })],
    ['openMouth', during(1, 2, { mouthOpening: 0.7 })],
    ['blink', during(1, 1.2, { eyeOpening: 0.16, eyesClosed: 1 })],
    ['nod', during(1, 1.5, { pitch: -25, headPitch: -35 })],
  ])('ends as seen when %s was done and the face looks ahead again', (action, film) => {
    const course = begun(action);
    expect(run(course, 5, film)).toEqual(['begun', 'actionSeen']);
    expect(course.outcome).toBe('seen');
    const result = course.result(false);
    expect(result).toMatchObject({ camera: 'gate', challenge: ID, track: 'a-1', action, outcome: 'seen' });
    expect(result.actionAfterMs).toBeGreaterThan(1000);
    expect(result.tookMs).toBeGreaterThan(result.actionAfterMs ?? 0);
    expect(result.samples.at(0)?.at).toBe(0);
    expect(result.likeness).toMatchObject({ lowest: 0.95 });
  });

  it('needs the face to come back: who stays turned, or with an open mouth, is not done', () => {
    for (const [action, film] of [
      ['turnLeft', during(1, 9, { yaw: 30 })],
      ['openMouth', during(1, 9, { mouthOpening: 0.7 })],
    ] as const) {
      const course = begun(action);
      expect(run(course, 8, film)).toEqual(['begun', 'actionSeen']);
      expect(course.outcome).toBe('notSeen');
    }
  });

  it('takes no answer that was there before the question, nor one too quick to be one', () => {
    const turned = begun('turnLeft');
    run(turned, 8, during(0, 1, { yaw: 30 }));
    expect(turned.outcome).toBe('notSeen');
    const quick = begun('blink');
    run(quick, 8, during(0.06, 0.14, { eyeOpening: 0.16, eyesClosed: 1 }));
    expect(quick.outcome).toBe('notSeen');
    const early = begun('turnLeft');
    expect(early.look({ at: 900, sample: REST, likeness: 1, liveness: 1, recognised: true })).toBeNull();
  });

  it('ends at another deliberate action, so that no film of all of them passes', () => {
    const course = begun('turnRight');
    run(course, 5, (at) => ({ ...LEFT(at), ...during(2.5, 3.5, { yaw: -30 })(at) }));
    expect(course.outcome).toBe('wrongAction');
    expect(course.result(false).actionAfterMs).toBeNull();
  });

  it('bears a blink while something else was asked', () => {
    const course = begun('turnLeft');
    const blink = during(0.5, 0.7, { eyeOpening: 0.16, eyesClosed: 1 });
    run(course, 5, (at) => ({ ...blink(at), ...LEFT(at) }));
    expect(course.outcome).toBe('seen');
    expect(course.result(false).seen).toMatchObject({ blink: true, turnLeft: true });
  });

  it('ends with the track, and when no embedding has shown the same face for too long', () => {
    for (const [cause, outcome] of [
      ['gone', 'faceLost'],
      ['split', 'faceChanged'],
      ['ambiguous', 'faceChanged'],
    ] as const) {
      const course = begun('nod');
      run(course, 1);
      course.trackEnded(cause);
      expect(course.outcome).toBe(outcome);
    }
    const hidden = begun('turnLeft');
    run(hidden, 5, LEFT, (at) => (at > 0.5 && at < 3.2 ? { likeness: null, recognised: false } : {}));
    expect(hidden.outcome).toBe('faceChanged');
    const short = begun('turnLeft');
    run(short, 5, LEFT, (at) => (at > 0.9 && at < 2.9 ? { likeness: null, recognised: false } : {}));
    expect(short.outcome).toBe('seen');
    expect(short.result(false).unverifiedMs).toBeGreaterThan(1900);
  });

  it('ends when the time is up, with and without frames', () => {
    const still = begun('nod', { durationMs: 2000 });
    run(still, 5);
    expect(still.outcome).toBe('notSeen');
    expect(still.result(false).tookMs).toBeCloseTo(2000, -2);
    const silent = begun('nod', { durationMs: 2000 });
    silent.expire(2999);
    expect(silent.outcome).toBeNull();
    silent.expire(3000);
    expect(silent.outcome).toBe('faceLost');
  });

  it('lasts at least a second when a clip is wanted, and counts liveness only of a face held straight', () => {
    const blink = during(0.4, 0.5, { eyeOpening: 0.16, eyesClosed: 1 });
    const course = begun('blink', { record: true });
    run(course, 5, blink);
    expect(course.result(false)).toMatchObject({ outcome: 'seen' });
    expect(course.result(false).tookMs).toBeGreaterThanOrEqual(1000);
    const turned = begun('turnLeft');
    run(turned, 5, during(1, 2, { yaw: 40 }), (at) => ({ liveness: at >= 1 && at < 2 ? 0.01 : 0.9 }));
    expect(turned.result(false).liveness?.lowest).toBe(0.9);
  });

  it('ends in one of the known ways and stays there, whatever is seen', () => {
    const figure = fc.double({ min: -90, max: 90, noNaN: true });
    const part = fc.double({ min: 0, max: 1, noNaN: true });
    const look = fc.record({
      sample: fc.record({
        at: fc.constant(0),
        ...{ yaw: figure, pitch: figure, headPitch: figure },
        ...{ eyeOpening: part, eyesClosed: part, mouthOpening: part },
      }),
      likeness: fc.option(part),
      liveness: fc.option(part),
      recognised: fc.boolean(),
    });
    const action = fc.constantFrom<HeadAction>('blink', 'openMouth', 'turnLeft', 'turnRight', 'nod');
    fc.assert(
      fc.property(action, fc.array(look, { maxLength: 90 }), (asked, looks) => {
        const course = begun(asked);
        let ended: string | null = null;
        looks.forEach((each, i) => {
          course.look({ ...each, at: 1000 + (i * 1000) / 15 });
          if (ended !== null) expect(course.outcome).toBe(ended);
          ended = course.outcome;
        });
        const result = course.result(false);
        expect(CHALLENGE_OUTCOMES).toContain(result.outcome);
        if (result.outcome === 'seen') {
          expect(result.seen[asked]).toBe(true);
          expect(result.actionAfterMs).toBeGreaterThanOrEqual(250);
        }
      }),
    );
  });
});
