import { beforeEach, describe, expect, it } from 'vitest';
import { Access, type ActionInquiry, type ActionReport, type Decision } from '../../src/access/index.ts';
import { DecisionRecordSchema } from '../../src/access/record.ts';
import type { ChallengeResult, HeadAction } from '../../src/vision/client.ts';
import { candidate, comparison, type Look, policy, QUALITY_LIMITS, sighting, vector } from './support.ts';

type Policy = ReturnType<typeof policy>;
const settings = (changes: Partial<Policy['actionLiveness']> = {}, decision: Partial<Policy> = {}): Policy =>
  policy({ ...decision, actionLiveness: { ...policy().actionLiveness, doors: ['door'], ...changes } });

let picked: (readonly HeadAction[])[] = [];
let decisions = 0;
const accessOf = (how: Policy, door = 'door'): Access =>
  new Access(door, how, {
    newId: () => `0b9d2f0e-6a53-4d0e-9f0e-${String(++decisions).padStart(12, '0')}`,
    ...{ software: '1', configVersion: 'c', qualityLimits: QUALITY_LIMITS, cloud: true },
    pickAction: (actions) => {
      picked.push(actions);
      return 'turnLeft';
    },
  });

beforeEach(() => {
  picked = [];
});

/** One sighting through see and decide. */
function look(access: Access, now: number, changes: Partial<Look> = {}, scheduled = true): Decision | null {
  const probe = access.see(sighting({ at: now - 40, ...changes }), now);
  if (probe === null) return null;
  const said = comparison([candidate('alice', 0.8), candidate('bob', 0.1)], probe.frames.length);
  return access.decide(probe, { ...said, actionScheduled: scheduled }, now);
}

/** Sightings until there is a decision or an action. */
function stand(access: Access, from: number, changes: Partial<Look> = {}, scheduled = true) {
  for (let now = from; now < from + 3000; now += 66) {
    const decision = look(access, now, changes, scheduled);
    if (decision !== null) return { decision, action: null, now };
    const action = access.action(changes.track ?? 't1');
    if (action !== null) return { decision: null, action, now };
  }
  throw new Error('neither decision nor action');
}

function result(action: ActionInquiry, changes: Partial<ChallengeResult> = {}): ChallengeResult {
  return {
    ...{ camera: 'camera', challenge: action.id, track: action.track, action: action.action },
    ...{ outcome: 'seen', tookMs: 3000, actionAfterMs: 1200, unverifiedMs: 66, clip: false },
    seen: { blink: false, openMouth: false, turnLeft: true, turnRight: false, nod: false },
    liveness: { mean: 0.9, lowest: 0.6, frames: 40 },
    likeness: { mean: 0.9, lowest: 0.8, frames: 44 },
    samples: [
      { at: 0, yaw: 0, pitch: 0, headPitch: 0, eyeOpening: 0.3, eyesClosed: 0, mouthOpening: 0.1 },
      { at: 1, yaw: 31, pitch: 1, headPitch: 2, eyeOpening: 0.3, eyesClosed: 0, mouthOpening: 0.1 },
    ],
    ...changes,
  };
}

const report = (of: ChallengeResult | null, changes: Partial<ActionReport> = {}): ActionReport => ({
  ...{ result: of, clip: null, cloud: null, failure: null },
  ...changes,
});

function answer(access: Access, action: ActionInquiry, said: ActionReport, now: number): Decision | null {
  const probe = access.acted(action, said, now);
  if (probe === null) return null;
  const found = comparison([candidate('alice', 0.8), candidate('bob', 0.1)], probe.frames.length);
  return access.decide(probe, { ...found, actionScheduled: true }, now);
}

/** An action demanded of a face that would be granted, with frames up to `now`. */
function demanded(how: Policy = settings()) {
  const access = accessOf(how);
  const { action, now } = stand(access, 1000);
  if (action === null) throw new Error('no action was demanded');
  let last = now;
  for (; last < now + 2500; last += 66) expect(look(access, last)).toBeNull();
  return { access, action, now: last };
}

describe('an action demanded at a door', () => {
  it('holds the grant back, is asked once, and opens with the frames after it', () => {
    const { access, action, now } = demanded();
    expect(action).toMatchObject({ kind: 'action', track: 't1', camera: 'camera', action: 'turnLeft' });
    expect(action).toMatchObject({ timeLimitMs: 6000, closing: 3, candidate: { personId: 'alice' } });
    expect(picked).toEqual([settings().actionLiveness.actions]);
    expect(access.action('t1')).toBeNull();
    const decision = answer(access, action, report(result(action)), now);
    expect(decision?.record).toMatchObject({ outcome: 'grant', reason: 'GRANTED_FACE', rule: 'face' });
    expect(decision?.record.frames).toHaveLength(3);
    expect(decision?.record.action).toMatchObject({
      ...{ demanded: true, asked: 'turnLeft', local: 'yes', cloud: null },
      result: { outcome: 'seen', samples: { frames: 2, yaw: { from: 0, to: 31 } } },
    });
    expect(() => DecisionRecordSchema.parse(decision?.record)).not.toThrow();
  });

  it('judges no face by the frames of the action, but a face that is another', () => {
    const access = accessOf(settings());
    const { action, now } = stand(access, 1000);
    if (action === null) throw new Error('no action');
    // Mouth open, head turned: the networks call it an attack, and nobody they know.
    expect(look(access, now + 66, { liveness: 0.02 })).toBeNull();
    expect(look(access, now + 132, { liveness: 0.02, vector: vector(0, 0.5) })).toBeNull();
    const other = look(access, now + 198, { vector: vector(7) });
    expect(other?.record).toMatchObject({ reason: 'INCONSISTENT_TRACK' });
    expect(answer(access, action, report(result(action)), now + 260)).toBeNull();
  });

  it.each<[string, Partial<ChallengeResult>, string, RegExp]>([
    ['not done in time', { outcome: 'notSeen', actionAfterMs: null }, 'ACTION_FAILED', /not seen in time/],
    [
      'another one first',
      { outcome: 'wrongAction', actionAfterMs: null },
      'ACTION_FAILED',
      /another was seen/,
    ],
    ['by another face', { outcome: 'faceChanged' }, 'ACTION_FAILED', /one face/],
    ['by a face that left', { outcome: 'faceLost' }, 'ACTION_FAILED', /lost/],
    ['off a screen', { liveness: { mean: 0.01, lowest: 0, frames: 30 } }, 'ACTION_FAILED', /liveness 0.010/],
    ['never held straight', { liveness: null }, 'ACTION_FAILED', /liveness 0.000/],
    ['of nobody who watches', { outcome: 'unavailable' }, 'ACTION_UNAVAILABLE', /cannot watch/],
  ])('denies it %s', (_, changes, reason, detail) => {
    const { access, action, now } = demanded();
    const decision = answer(access, action, report(result(action, changes)), now);
    expect(decision?.record).toMatchObject({ outcome: 'deny', reason, person: null });
    expect(decision?.record.detail).toMatch(detail);
  });

  it('denies when nothing is told of it, and when the face leaves meanwhile', () => {
    const { access, action, now } = demanded();
    expect(answer(access, action, report(null, { failure: 'told nothing' }), now)?.record).toMatchObject({
      reason: 'ACTION_FAILED',
      action: { result: null, failure: 'told nothing' },
    });
    const silent = demanded();
    const late = stand(silent.access, silent.action.until + 1).decision;
    expect(late?.record).toMatchObject({ reason: 'ACTION_FAILED', rule: 'action-demanded' });
    const left = demanded();
    const probe = left.access.pending('t1');
    if (probe === null) throw new Error('nothing pending');
    const said = comparison([candidate('alice', 0.8)], probe.frames.length);
    expect(left.access.decide(probe, said, left.now, true)?.record.reason).toBe('ACTION_FAILED');
  });

  it('opens for nobody else, nothing old, and no face that is no longer live', () => {
    const stale = demanded();
    expect(answer(stale.access, stale.action, report(result(stale.action)), stale.now + 2000)).toBeNull();
    expect(stale.access.action('t1')).toBeNull();
    const swapped = demanded();
    const probe = swapped.access.acted(swapped.action, report(result(swapped.action)), swapped.now);
    const said = comparison([candidate('bob', 0.9)], 3);
    expect(probe && swapped.access.decide(probe, said, swapped.now)?.record).toMatchObject({
      reason: 'ACTION_FAILED',
      detail: expect.stringContaining('another candidate'),
    });
    const dead = demanded();
    for (let i = 0; i < 5; i++) look(dead.access, dead.now + 66 * i, { liveness: 0.1 });
    const decision = answer(dead.access, dead.action, report(result(dead.action)), dead.now + 330);
    expect(decision?.record.reason).toBe('NOT_LIVE');
  });

  it('waits for clearer frames just after the action, and not for ever', () => {
    const { access, action, now } = demanded();
    for (let i = 0; i < 3; i++) look(access, now + 66 * i, { liveness: 0.6 });
    expect(answer(access, action, report(result(action)), now + 200)).toBeNull();
    look(access, now + 400);
    expect(look(access, now + 650)?.record.outcome).toBe('grant');
    const dim = demanded();
    for (let i = 0; i < 3; i++) look(dim.access, dim.now + 66 * i, { liveness: 0.6 });
    expect(answer(dim.access, dim.action, report(result(dim.action)), dim.now + 200)).toBeNull();
    expect(look(dim.access, dim.now + 400, { liveness: 0.6 })).toBeNull();
    expect(look(dim.access, dim.now + 650, { liveness: 0.6 })?.record.reason).toBe('UNSURE');
  });

  it('is not demanded again of the same track for a while, as when a PIN is wanted next', () => {
    const { access, action, now } = demanded();
    expect(answer(access, action, report(result(action)), now)?.record.outcome).toBe('grant');
    const again = stand(access, now + 5000);
    expect(again.decision?.record).toMatchObject({ outcome: 'grant', action: null });
    expect(stand(access, now + 45_000).action).not.toBeNull();
  });

  it('takes the answer of an attempt for that attempt alone', () => {
    const { access, action, now } = demanded();
    answer(access, action, report(result(action, { outcome: 'notSeen' })), now);
    expect(access.acted(action, report(result(action)), now + 10)).toBeNull();
    const next = stand(access, now + 2000);
    expect(next.action?.id).not.toBe(action.id);
  });
});

describe('whether an action is demanded', () => {
  it('depends on the door and the schedule', () => {
    expect(stand(accessOf(settings(), 'other'), 1000).decision?.record).toMatchObject({
      outcome: 'grant',
      action: null,
    });
    expect(stand(accessOf(settings()), 1000, {}, false).decision?.record.outcome).toBe('grant');
    expect(stand(accessOf(settings()), 1000, {}, true).action).not.toBeNull();
    expect(stand(accessOf(policy()), 1000, {}, true).decision?.record.outcome).toBe('grant');
  });

  it('follows failed attempts at the door while they are recent', () => {
    const how = settings({ schedule: 'never', afterFailures: 2 });
    const access = accessOf(how);
    stand(access, 1000, { track: 'attack-1', liveness: 0.1 }, false);
    expect(stand(access, 5000, { track: 'first' }, false).decision?.record.outcome).toBe('grant');
    stand(access, 20_000, { track: 'attack-2', liveness: 0.1 }, false);
    const { action } = stand(access, 30_000, { track: 'second' }, false);
    expect(action).not.toBeNull();
    const later = 1000 + how.lockout.windowMs + 40_000;
    expect(stand(access, later, { track: 'third' }, false).decision?.record.outcome).toBe('grant');
  });

  it('counts a failed action as a failed attempt on that identity', () => {
    const how = settings({}, { lockout: { ...policy().lockout, failures: 1 } });
    const { access, action, now } = demanded(how);
    const failed = answer(access, action, report(result(action, { outcome: 'wrongAction' })), now);
    expect(failed?.lockedOutUntil).toBe(now + how.lockout.durationMs);
    expect(stand(access, now + 3000, { track: 'again' }).decision?.record.reason).toBe('LOCKED_OUT');
  });

  it('is not for a person who was let in a moment ago, nor for a face that is unsure beyond help', () => {
    const { access, action, now } = demanded();
    answer(access, action, report(result(action)), now);
    access.granted('t1', 'alice', now);
    for (let at = now + 100; at < now + 1000; at += 66) expect(look(access, at, { track: 't2' })).toBeNull();
    expect(access.action('t2')).toBeNull();
    const unsure = stand(accessOf(settings()), 1000, { liveness: 0.5 });
    expect(unsure.decision?.record).toMatchObject({ reason: 'UNSURE', action: null });
  });
});

describe('the cloud judging a clip', () => {
  const said = (live: boolean | null, detected: boolean | null, code: string | null = null) => ({
    ...{ ms: 900, requestId: 'r', code, live, detected },
  });
  const outcomeOf = (
    cloud: Policy['actionLiveness']['cloud'],
    changes: Partial<ChallengeResult>,
    verdict: ActionReport['cloud'],
  ): string => {
    const { access, action, now } = demanded(settings({ cloud }));
    const decision = answer(access, action, report(result(action, changes), { cloud: verdict }), now);
    return decision?.record.outcome ?? 'none';
  };
  const weak = { liveness: { mean: 0.3, lowest: 0.1, frames: 30 } };
  const unseen = { outcome: 'notSeen', actionAfterMs: null } as const;

  it('is needed where the device was not sure, and joined with AND', () => {
    expect(outcomeOf('whenUnsure', {}, null)).toBe('grant');
    for (const doubt of [weak, unseen]) {
      expect(outcomeOf('whenUnsure', doubt, said(true, true))).toBe('grant');
      expect(outcomeOf('whenUnsure', doubt, said(true, false))).toBe('deny');
      expect(outcomeOf('whenUnsure', doubt, said(false, true))).toBe('deny');
      expect(outcomeOf('whenUnsure', doubt, said(null, null, 'DEADLINE'))).toBe('deny');
      expect(outcomeOf('whenUnsure', doubt, null)).toBe('deny');
    }
    expect(outcomeOf('whenUnsure', { ...unseen, liveness: null }, said(true, true))).toBe('deny');
    expect(outcomeOf('whenUnsure', { outcome: 'wrongAction' }, said(true, true))).toBe('deny');
  });

  it('is needed always where that is configured, and never helps what the device did not see then', () => {
    expect(outcomeOf('always', {}, said(true, true))).toBe('grant');
    expect(outcomeOf('always', {}, null)).toBe('deny');
    expect(outcomeOf('always', {}, said(false, true))).toBe('deny');
    expect(outcomeOf('always', unseen, said(true, true))).toBe('deny');
    expect(outcomeOf('never', weak, null)).toBe('grant');
  });
});
