import { describe, expect, it } from 'vitest';
import { conditionOf, fuseMask, surelyWorn } from '../../src/access/evidence.ts';
import { Access, type Decision, DecisionRecordSchema } from '../../src/access/index.ts';
import type { Candidate } from '../../src/gallery/types.ts';
import type { MaskState } from '../../src/vision/types.ts';
import { candidate, comparison, type Look, policy, QUALITY_LIMITS, sighting, vector } from './support.ts';

const FRAME_MS = 66;
/** From capture to decision. */
const DELAY_MS = 90;

function open(overrides: Parameters<typeof policy>[0] = {}) {
  let ids = 0;
  const access = new Access('door', policy(overrides), {
    newId: () => `00000000-0000-4000-8000-${String(ids++).padStart(12, '0')}`,
    software: '0.0.0',
    configVersion: 'abc',
    qualityLimits: QUALITY_LIMITS,
  });
  const opened = (decision: Decision | null, now: number): Decision | null => {
    if (decision?.record.person) {
      access.granted(decision.record.track, decision.record.person.id, now);
    }
    return decision;
  };
  return {
    access,
    /** Shows one frame and decides it, as the gate does. */
    look(look: Look, candidates: Candidate[], delayMs = DELAY_MS): Decision | null {
      const now = look.at + delayMs;
      const probe = access.see(sighting(look), now);
      return probe === null
        ? null
        : opened(access.decide(probe, comparison(candidates, probe.frames.length), now), now);
    },
    /** Shows frames of one face from `from` on until something is decided; gives that, or null after `frames`. */
    stand(look: Omit<Look, 'at'>, candidates: Candidate[], from = 1000, frames = 40): Decision | null {
      for (let n = 0; n < frames; n++) {
        const decision = this.look({ ...look, at: from + n * FRAME_MS }, candidates);
        if (decision !== null) {
          return decision;
        }
      }
      return null;
    },
    leave(track = 't1', now = 10_000, candidates: Candidate[] = []): Decision | null {
      const probe = access.pending(track);
      const decision =
        probe === null ? null : access.decide(probe, comparison(candidates, probe.frames.length), now, true);
      return decision ?? access.end(track, now);
    },
  };
}

const ALICE = [candidate('alice', 0.7), candidate('bob', 0.1)];

describe('a live, enrolled person', () => {
  it('is granted with as few frames as the policy asks for, and no fewer', () => {
    const door = open({ minFrames: 3 });
    expect(door.look({ at: 1000 }, ALICE)).toBeNull();
    expect(door.look({ at: 1066 }, ALICE)).toBeNull();
    const decision = door.look({ at: 1132 }, ALICE);
    expect(decision?.record).toMatchObject({
      outcome: 'grant',
      reason: 'GRANTED_FACE',
      person: { id: 'alice' },
    });
    expect(decision?.record.frames).toHaveLength(3);
    expect(decision?.newestFrameAt).toBe(1132);
  });

  it('gets a record that satisfies its schema', () => {
    const decision = open().stand({}, ALICE);
    expect(DecisionRecordSchema.safeParse(decision?.record).error).toBeUndefined();
  });

  it('must leave the view before the door opens for that face again', () => {
    const door = open({ recognitionIntervalMs: 1000 });
    expect(door.stand({}, ALICE)?.record.outcome).toBe('grant');
    expect(door.stand({}, ALICE, 5000, 40)).toBeNull();
    expect(open({ recognitionIntervalMs: 1000, regrant: true }).stand({}, ALICE, 5000, 40)).not.toBeNull();
  });

  it('is granted again on the same track where the policy says so, after the recognition interval', () => {
    const door = open({ recognitionIntervalMs: 1000, regrant: true });
    expect(door.stand({}, ALICE)?.record.outcome).toBe('grant');
    expect(door.stand({}, ALICE, 1400, 6)).toBeNull();
    expect(door.stand({}, ALICE, 3000)?.record.outcome).toBe('grant');
  });

  it('can try again at once when the door could not be opened for her', () => {
    const door = open({ authenticationIntervalMs: 60_000, recognitionIntervalMs: 0 });
    for (let n = 0; n < 3; n++) {
      const at = 1000 + n * FRAME_MS;
      const probe = door.access.see(sighting({ at }), at + 90);
      const decision = probe && door.access.decide(probe, comparison(ALICE, probe.frames.length), at + 90);
      expect(decision?.record.outcome).toBe(n === 2 ? 'grant' : undefined);
    }
    expect(door.stand({}, ALICE, 2000)?.record.outcome).toBe('grant');
  });

  it('is left alone for the recognition interval, on another track too', () => {
    const door = open({ recognitionIntervalMs: 4000 });
    expect(door.stand({}, ALICE)?.record.outcome).toBe('grant');
    expect(door.stand({}, ALICE, 1400, 10)).toBeNull();
    expect(door.stand({ track: 't2' }, ALICE, 2500, 10)).toBeNull();
    expect(door.stand({ track: 't3' }, ALICE, 6000)?.record.outcome).toBe('grant');
  });

  it('must wait for the authentication interval, and is told so', () => {
    const door = open({ recognitionIntervalMs: 1000, authenticationIntervalMs: 60_000 });
    expect(door.stand({}, ALICE)?.record.outcome).toBe('grant');
    const again = door.stand({ track: 't2' }, ALICE, 20_000);
    expect(again?.record).toMatchObject({ outcome: 'deny', reason: 'AUTHENTICATION_INTERVAL', person: null });
    expect(door.stand({ track: 't3' }, ALICE, 90_000)?.record.outcome).toBe('grant');
  });
});

describe('denials', () => {
  it('tells a stranger once the verdict is due, naming nobody', () => {
    const decision = open().stand({}, [candidate('alice', 0.2)]);
    expect(decision?.record).toMatchObject({ outcome: 'deny', reason: 'UNKNOWN_PERSON', person: null });
    expect(decision?.record.candidates.best?.personId).toBe('alice');
  });

  it('calls an attack an attack even when it matches perfectly', () => {
    const decision = open().stand({ liveness: 0.05 }, [candidate('alice', 0.95)]);
    expect(decision?.record).toMatchObject({ outcome: 'deny', reason: 'NOT_LIVE', person: null });
  });

  it.each([
    ['score in the band', { candidates: [candidate('alice', 0.42)] }, /score 0\.420 is below 0\.450/],
    [
      'runner-up too close',
      { candidates: [candidate('alice', 0.6), candidate('bob', 0.58)] },
      /runner-up is only 0\.020/,
    ],
    ['liveness in the band', { candidates: ALICE, liveness: 0.55 }, /fused liveness 0\.550/],
  ])('is unsure, hence denies: %s', (_name, { candidates, ...look }, detail) => {
    const decision = open().stand(look, candidates);
    expect(decision?.record).toMatchObject({
      outcome: 'deny',
      verdict: 'unsure',
      reason: 'UNSURE',
      person: null,
    });
    expect(decision?.record.detail).toMatch(detail);
  });

  it('does not let a few good frames outvote one that is clearly not live', () => {
    const door = open({ minFrames: 3, maxFrames: 5, livenessFloor: 0.2, livenessWaitMs: 250 });
    door.look({ at: 1000, liveness: 0.01 }, ALICE);
    const decision = door.stand({ liveness: 1 }, ALICE, 1066, 4);
    expect(decision?.record).toMatchObject({ outcome: 'deny', reason: 'UNSURE' });
  });

  it('waits for better frames where a moment of a living face looks wrong', () => {
    const door = open({ minFrames: 3, maxFrames: 5, livenessWaitMs: 1800 });
    door.look({ at: 1000, liveness: 0.1 }, ALICE);
    const decision = door.stand({ liveness: 0.95 }, ALICE, 1066);
    expect(decision?.record).toMatchObject({ outcome: 'grant' });
    expect(decision?.newestFrameAt).toBe(1066 + 4 * FRAME_MS);
    const other = open({ livenessWaitMs: 1800 });
    const denied = other.stand({ liveness: 0.5 }, ALICE);
    expect(denied?.record).toMatchObject({ outcome: 'deny', reason: 'UNSURE' });
    expect(denied?.newestFrameAt).toBeGreaterThan(2500);
  });

  it('does not let one good moment of a face pass that looked like an attack before', () => {
    const door = open({ maxFrames: 5, retryAfterMs: 500, livenessTrack: 0.5, livenessWaitMs: 250 });
    expect(door.stand({ liveness: 0.05 }, ALICE, 1000, 5)?.record).toMatchObject({ reason: 'NOT_LIVE' });
    const lucky = door.stand({ liveness: 0.9 }, ALICE, 3000, 5);
    expect(lucky?.record).toMatchObject({ outcome: 'deny', reason: 'UNSURE' });
    expect(lucky?.record.detail).toMatch(
      /^over the newest frames of the track liveness is 0\.\d+, below 0\.500$/,
    );
    // Who goes on looking alive is let in.
    expect(door.stand({ liveness: 0.9 }, ALICE, 5000, 5)?.record).toMatchObject({ outcome: 'grant' });
  });

  it('calls a face an attack that edges enclose in two frames, over its attempts, and waits where it is one', () => {
    const framed = open({ maxFrames: 5, retryAfterMs: 500 });
    const decision = framed.stand({ enclosure: 0.8 }, ALICE, 1000, 5);
    expect(decision?.record).toMatchObject({ outcome: 'deny', reason: 'FACE_FRAMED', person: null });
    expect(decision?.record.detail).toContain('in 5 of 5 frames straight edges enclose the face');
    expect(framed.stand({ enclosure: 0.1 }, ALICE, 3000, 5)?.record).toMatchObject({ reason: 'FACE_FRAMED' });
    const chance = open({ livenessWaitMs: 1800 });
    expect(chance.look({ at: 1000, enclosure: 0.75 }, ALICE)).toBeNull();
    const granted = chance.stand({}, ALICE, 1066);
    expect(granted?.record).toMatchObject({ outcome: 'grant' });
    // The frame has left the five that count.
    expect(granted?.newestFrameAt).toBe(1066 + 4 * FRAME_MS);
    const short = open({ livenessWaitMs: 250, decideAfterMs: 250 });
    short.look({ at: 1000, enclosure: 0.75 }, ALICE);
    const unsure = short.stand({}, ALICE, 1066);
    expect(unsure?.record).toMatchObject({ outcome: 'deny', reason: 'UNSURE' });
    expect(unsure?.record.detail).toContain('straight edges enclose the face (0.750, from 0.700 on)');
  });

  it('throws all evidence away when a second face turns up in a track', () => {
    const door = open({ minFrames: 3 });
    door.look({ at: 1000, vector: vector(0) }, ALICE);
    door.look({ at: 1066, vector: vector(0) }, ALICE);
    const decision = door.look({ at: 1132, vector: vector(200) }, ALICE);
    expect(decision?.record).toMatchObject({ outcome: 'deny', reason: 'INCONSISTENT_TRACK' });
  });

  it('grants nothing on frames that are too old', () => {
    const door = open({ maxFrameAgeMs: 800 });
    let decision: Decision | null = null;
    for (let n = 0; n < 8 && decision === null; n++) {
      decision = door.look({ at: 1000 + n * FRAME_MS }, ALICE, 900);
    }
    expect(decision?.record).toMatchObject({ outcome: 'deny', reason: 'STALE_FRAME' });
  });

  it('holds nothing against a person whose frames come late, in a burst, when she has long gone', () => {
    const door = open();
    for (let n = 0; n < 2; n++) {
      expect(door.look({ at: 1000 + n * FRAME_MS }, ALICE, 4000)).toBeNull();
    }
    expect(door.leave('t1', 6000, ALICE)).toBeNull();
  });

  it('tells why nobody came in when she stayed, though only one of her frames was any good', () => {
    const door = open();
    door.look({ at: 1000 }, ALICE);
    for (let n = 1; n < 30; n++) {
      door.look({ at: 1000 + n * FRAME_MS, failed: ['POSE'] }, []);
    }
    expect(door.leave('t1', 4000, ALICE)?.record).toMatchObject({ outcome: 'deny', reason: 'UNSURE' });
  });

  it('names the quality gate that a face which stayed never passed', () => {
    const door = open();
    for (let n = 0; n < 30; n++) {
      door.look({ at: 1000 + n * FRAME_MS, failed: ['POSE'] }, []);
    }
    expect(door.leave()?.record).toMatchObject({
      outcome: 'deny',
      reason: 'FACE_TURNED',
      rule: 'quality',
      liveness: null,
    });
  });

  it('holds a face that is not surely bare for masked, and one that is not surely masked for not masked', () => {
    const model = { id: 'mask', version: '1' };
    const thresholds = { bare: 0.4, masked: 0.44, dark: 0.4 };
    const condition = (state: MaskState, score: number) =>
      conditionOf([{ mask: { state, score, model }, quality: sighting({ at: 0 }).quality }], {
        thresholds,
        darkBelow: 0,
      });
    expect(condition('bare', 0.95)).toBe('bare');
    expect(condition('bare', 0.6)).toBe('masked');
    expect(condition('worn', 0.5)).toBe('masked');
    expect(surelyWorn({ state: 'worn', score: 0.9 })).toBe('worn');
    expect(surelyWorn({ state: 'worn', score: 0.6 })).toBeNull();
    expect(surelyWorn({ state: 'bare', score: 0.6 })).toBe('bare');
  });

  it('records what most frames say of a mask, and of a face below the gate what its last look said', () => {
    const model = { id: 'mask', version: '1' };
    const masks = [
      { state: 'bare', score: 0.9, model },
      { state: 'worn', score: 0.8, model },
      { state: 'worn', score: 0.6, model },
    ] as const;
    expect(fuseMask(masks.map((mask) => ({ mask })))).toEqual({ state: 'worn', score: 0.7 });
    expect(fuseMask([{ mask: null }])).toBeNull();
    const door = open();
    for (let n = 0; n < 30; n++) {
      door.look({ at: 1000 + n * FRAME_MS, failed: ['POSE'], mask: n < 29 ? masks[0] : masks[1] }, []);
    }
    const record = door.leave()?.record;
    expect(record?.mask).toEqual({ state: 'worn', score: 0.8 });
    expect(record?.versions.models).toEqual([model]);
  });

  it('says nothing about a face that passed by too fast to ask for anything', () => {
    const door = open();
    door.look({ at: 1000, failed: ['SIZE'] }, []);
    expect(door.leave()).toBeNull();
    door.look({ at: 1000, track: 't2' }, ALICE);
    expect(door.leave('t2', 1900, ALICE)).toBeNull();
  });

  it('decides what is pending when the face leaves, but grants no leaver', () => {
    const door = open({ minFrames: 3, maxFrames: 5 });
    for (let n = 0; n < 4; n++) {
      door.look({ at: 1000 + n * FRAME_MS }, [candidate('alice', 0.1)]);
    }
    expect(door.leave('t1', 2200, [candidate('alice', 0.1)])?.record.reason).toBe('UNKNOWN_PERSON');
    // The gallery has come to know her in the meantime: too late, she is gone.
    for (let n = 0; n < 4; n++) {
      door.look({ at: 3000 + n * FRAME_MS, track: 't2' }, [candidate('alice', 0.1)]);
    }
    expect(door.leave('t2', 3300, ALICE)).toBeNull();
  });
});

describe('a face that the calibration knows no threshold for', () => {
  const match = { threshold: 0.45, calibration: null as never };

  function decided(comparison: Parameters<Access['decide']>[1]): Decision | null {
    const { access } = open({ matchThreshold: undefined, minFrames: 1, maxFrames: 1 });
    const first = access.see(sighting({ at: 1000, track: 'alice' }), 1090);
    if (first === null) throw new Error('no probe');
    expect(access.decide(first, { ...comparison, match }, 1090)?.record.outcome).toBe('grant');
    const other = access.see(sighting({ at: 5000, track: 'other' }), 5090);
    if (other === null) throw new Error('no probe');
    return access.decide(other, comparison, 5090, true);
  }

  it('is nobody, whatever threshold another face was judged by', () => {
    expect(decided(comparison(ALICE, 1))?.record).toMatchObject({
      outcome: 'deny',
      reason: 'UNKNOWN_PERSON',
    });
  });

  it('is so far from anybody that no band below the threshold reaches it', () => {
    const { match: threshold } = decided(comparison(ALICE, 1))?.record.thresholds ?? { match: 0 };
    expect(threshold - 1).toBeGreaterThan(1);
  });
});

describe('bounded retries', () => {
  it('locks a track out after its attempts and lets it try again after the lock-out', () => {
    const door = open({
      maxAttempts: 3,
      retryAfterMs: 500,
      lockout: { failures: 100, windowMs: 60_000, durationMs: 20_000, scope: 'person' },
    });
    const reasons: string[] = [];
    for (let at = 1000; at < 20_000; at += FRAME_MS) {
      const decision = door.look({ at }, [candidate('alice', 0.1)]);
      if (decision !== null) {
        reasons.push(decision.record.reason);
      }
    }
    expect(reasons).toEqual(['UNKNOWN_PERSON', 'UNKNOWN_PERSON', 'UNKNOWN_PERSON', 'LOCKED_OUT']);
    expect(door.stand({}, ALICE, 40_000)?.record.outcome).toBe('grant');
  });

  it('uses up no attempt while the camera is not believed', () => {
    const door = open({ maxAttempts: 3, retryAfterMs: 500 });
    door.access.distrust('camera', 'frozen: it stands still');
    const reasons = [0, 1, 2, 3].map((n) => door.stand({}, ALICE, 1000 + n * 2000)?.record.reason);
    expect(reasons).toEqual(Array(4).fill('CAMERA_SUSPECT'));
    door.access.distrust('camera', null);
    expect(door.stand({}, ALICE, 10_000)?.record.outcome).toBe('grant');
  });

  const LOCKOUT = { failures: 3, windowMs: 60_000, durationMs: 30_000, scope: 'person' as const };

  it('locks an identity out after attacks on it, whatever track they come on, and nobody else', () => {
    const door = open({ lockout: LOCKOUT });
    const ends = [0, 1, 2].map(
      (n) => door.stand({ track: `attack${n}`, liveness: 0 }, ALICE, 1000 + n * 3000)?.lockedOutUntil ?? null,
    );
    expect(ends.slice(0, 2)).toEqual([null, null]);
    expect(ends[2]).toBeGreaterThan(30_000);
    expect(door.stand({ track: 'alice' }, ALICE, 12_000)?.record.reason).toBe('LOCKED_OUT');
    expect(door.stand({ track: 'bob' }, [candidate('bob', 0.7)], 13_000)?.record.outcome).toBe('grant');
    expect(door.stand({ track: 'later' }, ALICE, 60_000)?.record.outcome).toBe('grant');
  });

  it('locks the whole place out where the policy says so', () => {
    const door = open({ lockout: { ...LOCKOUT, scope: 'place' } });
    for (let n = 0; n < 3; n++) {
      door.stand({ track: `attack${n}`, liveness: 0 }, ALICE, 1000 + n * 3000);
    }
    expect(door.stand({ track: 'bob' }, [candidate('bob', 0.7)], 13_000)?.record.reason).toBe('LOCKED_OUT');
  });

  it('lets no poster, no stranger and no standing attacker lock anybody out', () => {
    const door = open({ lockout: LOCKOUT });
    for (let n = 0; n < 20; n++) {
      // A poster of nobody enrolled, a stranger, and one photo of Alice that stays where it is.
      door.stand({ track: `poster${n}`, liveness: 0 }, [candidate('alice', 0.1)], 1000 + n * 1000, 8);
      door.stand({ track: `stranger${n}` }, [candidate('alice', 0.2)], 1500 + n * 1000, 8);
      door.stand({ track: 'photo', liveness: 0 }, ALICE, 1700 + n * 1000, 8);
    }
    expect(door.stand({ track: 'alice' }, ALICE, 30_000)?.record.outcome).toBe('grant');
  });
});

describe('the same frames', () => {
  it('do not let a sharp photo say who it is while blurred frames of somebody else say that it lives', () => {
    const door = open({ minFrames: 5, maxFrames: 5, minConsistency: 0.15 });
    let decision: Decision | null = null;
    for (let n = 0; n < 5 && decision === null; n++) {
      const photo = n === 4;
      const at = 1000 + n * FRAME_MS;
      const seen = sighting({
        at,
        liveness: photo ? 0.21 : 1,
        vector: vector(photo ? 0 : 1, photo ? 1 : 0.999),
      });
      const probe = door.access.see(
        { ...seen, quality: { ...seen.quality, score: photo ? 1 : 0.05 } },
        at + 50,
      );
      const scores = [0, 0, 0, 0, 0.98].slice(0, probe?.frames.length);
      decision = probe && door.access.decide(probe, { candidates: ALICE, frameScores: scores }, at + 50);
    }
    expect(decision?.record.outcome ?? 'deny').toBe('deny');
  });

  it('must each look like the person by themselves', () => {
    const door = open({ minFrames: 3, maxFrames: 3 });
    let decision: Decision | null = null;
    for (let n = 0; n < 3; n++) {
      const at = 1000 + n * FRAME_MS;
      const probe = door.access.see(sighting({ at }), at + 50);
      decision =
        probe &&
        door.access.decide(
          probe,
          { candidates: ALICE, frameScores: [0.8, 0.2, 0.8].slice(0, n + 1) },
          at + 50,
        );
    }
    expect(decision?.record).toMatchObject({ reason: 'UNSURE' });
    expect(decision?.record.detail).toMatch(/a frame by itself has score 0\.200/);
  });

  it('count once: a frame told again, or an older one, adds nothing', () => {
    const door = open({ minFrames: 3 });
    const seen = sighting({ at: 1000 });
    for (let n = 0; n < 6; n++) {
      const probe = door.access.see(seen, 1050 + n);
      expect(probe && door.access.decide(probe, comparison(ALICE, probe.frames.length), 1050 + n)).toBeNull();
    }
  });
});
