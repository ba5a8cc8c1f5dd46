import { describe, expect, it } from 'vitest';
import {
  Access,
  type CloudInquiry,
  type CloudReport,
  type Decision,
  DecisionRecordSchema,
} from '../../src/access/index.ts';
import type { Candidate } from '../../src/gallery/types.ts';
import { candidate, comparison, type Look, policy, QUALITY_LIMITS, sighting, vector } from './support.ts';

const FRAME_MS = 66;
const DELAY_MS = 90;
/** In the band below the threshold of 0.45. */
const MAYBE_ALICE = [candidate('alice', 0.41), candidate('bob', 0.1)];

const call = { ms: 120, requestId: 'r', code: null };
const YES: CloudReport = {
  seq: null,
  failure: null,
  liveness: { ...call, verdict: 'live' },
  compare: { ...call, score: 0.93 },
  runnerUp: null,
};

/** A door with a cloud, before which one face stands. */
class Scene {
  readonly access: Access;
  consent = ['alice', 'bob'];
  now = 1000;
  candidates: Candidate[];

  constructor(
    candidates: Candidate[],
    { cloud = true, ...overrides }: Parameters<typeof policy>[0] & { cloud?: boolean } = {},
  ) {
    let ids = 0;
    this.candidates = candidates;
    this.access = new Access('door', policy(overrides), {
      newId: () => `00000000-0000-4000-8000-${String(ids++).padStart(12, '0')}`,
      software: '0.0.0',
      configVersion: 'abc',
      qualityLimits: QUALITY_LIMITS,
      cloud,
    });
  }

  /** One frame; gives the decision it led to. */
  look(look: Partial<Look> = {}): Decision | null {
    this.now += FRAME_MS;
    const probe = this.access.see(sighting({ at: this.now - DELAY_MS, ...look }), this.now);
    return probe === null ? null : this.#decide(probe);
  }

  /** Frames until a question is asked; fails when a decision is made first. */
  inquiry(look: Partial<Look> = {}): CloudInquiry {
    for (let n = 0; n < 40; n++) {
      const decision = this.look(look);
      if (decision !== null) throw new Error(`decided: ${decision.record.detail}`);
      const inquiry = this.access.inquiry('t1');
      if (inquiry !== null) return inquiry;
    }
    throw new Error('nothing was asked');
  }

  /** Frames until a decision is made. */
  decision(look: Partial<Look> = {}): Decision {
    for (let n = 0; n < 60; n++) {
      const decision = this.look(look);
      if (decision !== null) return decision;
    }
    throw new Error('nothing was decided');
  }

  answer(inquiry: CloudInquiry, report: CloudReport): Decision | null {
    const probe = this.access.answer(inquiry, report, this.now);
    return probe === null ? null : this.#decide(probe);
  }

  leave(): Decision | null {
    const probe = this.access.pending('t1');
    return probe === null ? null : this.#decide(probe, true);
  }

  #decide(probe: NonNullable<ReturnType<Access['see']>>, ended = false): Decision | null {
    const compared = comparison(this.candidates, probe.frames.length);
    return this.access.decide(probe, { ...compared, cloudConsent: this.consent }, this.now, ended);
  }
}

/** About the first picture of the question. */
const withSeq = (inquiry: CloudInquiry, report: CloudReport): CloudReport => ({
  ...report,
  seq: inquiry.frames[0]?.seq ?? null,
});

describe('an unsure face', () => {
  it('is asked about once, and granted when the cloud settles every doubt', () => {
    const scene = new Scene(MAYBE_ALICE);
    const inquiry = scene.inquiry();
    expect(inquiry).toMatchObject({
      kind: 'cloud',
      reasons: ['score'],
      candidate: { personId: 'alice' },
      runnerUp: null,
    });
    expect(scene.look()).toBeNull();
    expect(scene.access.inquiry('t1')).toBeNull();
    const decision = scene.answer(inquiry, withSeq(inquiry, YES));
    expect(decision?.record).toMatchObject({
      outcome: 'grant',
      reason: 'GRANTED_CLOUD',
      rule: 'face-and-cloud',
      person: { id: 'alice' },
      cloud: {
        asked: true,
        inquiry: {
          reasons: ['score'],
          rule: 'face-and-cloud',
          liveness: { verdict: 'live' },
          compare: { score: 0.93 },
        },
      },
    });
    expect(decision?.record.cloud.inquiry?.picture?.consistency).toBeCloseTo(1);
    expect(DecisionRecordSchema.safeParse(decision?.record).error).toBeUndefined();
  });

  it('is asked about a mask that is worn, unless the score leaves no doubt', () => {
    const model = { id: 'mask', version: '1' };
    const worn = { state: 'worn', score: 0.9, model } as const;
    const scene = new Scene([candidate('alice', 0.48)]);
    const inquiry = scene.inquiry({ mask: worn });
    expect(inquiry.reasons).toEqual(['mask']);
    expect(scene.answer(inquiry, withSeq(inquiry, YES))?.record.reason).toBe('GRANTED_CLOUD');
    expect(new Scene([candidate('alice', 0.6)]).decision({ mask: worn }).record.reason).toBe('GRANTED_FACE');
    const bare = { ...worn, state: 'bare' } as const;
    expect(new Scene([candidate('alice', 0.48)]).decision({ mask: bare }).record.reason).toBe('GRANTED_FACE');
    const alone = new Scene([candidate('alice', 0.48)]);
    alone.consent = [];
    const refused = alone.decision({ mask: worn }).record;
    expect(refused).toMatchObject({ outcome: 'deny', reason: 'UNSURE', cloud: { asked: false } });
  });

  it('is asked about liveness in its own band', () => {
    const scene = new Scene([candidate('alice', 0.6)]);
    const inquiry = scene.inquiry({ liveness: 0.6 });
    expect(inquiry.reasons).toEqual(['liveness']);
    expect(scene.answer(inquiry, withSeq(inquiry, YES))?.record.reason).toBe('GRANTED_CLOUD');
  });

  it('is granted at once, without waiting, when the next frames make the device sure', () => {
    const scene = new Scene(MAYBE_ALICE);
    const inquiry = scene.inquiry();
    scene.candidates = [candidate('alice', 0.5)];
    const decision = scene.look();
    expect(decision?.record).toMatchObject({ reason: 'GRANTED_FACE', rule: 'face' });
    // The answer to an attempt that is over is worth nothing.
    expect(scene.access.answer(inquiry, withSeq(inquiry, YES), scene.now)).toBeNull();
  });

  it.each<[string, Partial<CloudReport>, string, string]>([
    ['is called an attack', { liveness: { ...call, verdict: 'attack' }, compare: null }, 'NOT_LIVE', 'cloud'],
    ['is too unclear', { liveness: { ...call, verdict: 'unclear' }, compare: null }, 'UNSURE', 'unsure'],
    ['is somebody else', { compare: { ...call, score: 0.4 } }, 'UNSURE', 'cloud'],
    [
      'gets no verdict',
      { liveness: { ...call, code: 'DEADLINE', verdict: null }, compare: null },
      'UNSURE',
      'unsure',
    ],
    ['gets no comparison', { compare: { ...call, code: 'DAILY_CAP', score: null } }, 'UNSURE', 'unsure'],
    ['cannot be asked about', { failure: 'no picture', liveness: null, compare: null }, 'UNSURE', 'unsure'],
  ])('is denied when it %s', (_, said, reason, rule) => {
    const scene = new Scene(MAYBE_ALICE);
    const inquiry = scene.inquiry();
    const record = scene.answer(inquiry, withSeq(inquiry, { ...YES, ...said }))?.record;
    expect(record).toMatchObject({ outcome: 'deny', reason, rule, person: null });
    expect(record?.cloud.asked).toBe(said.failure === undefined);
  });

  it('is denied at the deadline, and an answer after it is recorded but opens nothing', () => {
    const scene = new Scene(MAYBE_ALICE);
    const inquiry = scene.inquiry();
    scene.now = inquiry.until + 1;
    expect(scene.answer(inquiry, withSeq(inquiry, YES))?.record).toMatchObject({
      outcome: 'deny',
      reason: 'UNSURE',
      cloud: { asked: true, inquiry: { compare: { score: 0.93 } } },
    });
    const silent = new Scene(MAYBE_ALICE);
    const question = silent.inquiry();
    const decision = silent.decision();
    expect(decision.record).toMatchObject({ outcome: 'deny', reason: 'UNSURE', cloud: { asked: true } });
    expect(silent.now).toBeGreaterThan(question.until);
    expect(silent.now).toBeLessThan(question.until + 200 + 2 * FRAME_MS);
  });

  it('is denied when it leaves before the answer', () => {
    const scene = new Scene(MAYBE_ALICE);
    const inquiry = scene.inquiry();
    expect(scene.leave()?.record).toMatchObject({ outcome: 'deny', reason: 'UNSURE' });
    expect(scene.access.answer(inquiry, withSeq(inquiry, YES), scene.now)).toBeNull();
  });

  it('may use up its attempts without an answer, where the site wants that', () => {
    const escalation = { ...policy().escalation, withoutAnswer: 'lockOut' as const };
    const scene = new Scene(MAYBE_ALICE, { escalation });
    const inquiry = scene.inquiry();
    const failed = { ...YES, liveness: { ...call, code: 'UNREACHABLE', verdict: null }, compare: null };
    expect(scene.answer(inquiry, withSeq(inquiry, failed))?.record.reason).toBe('UNSURE');
    scene.now += 2000;
    expect(scene.decision().record.reason).toBe('LOCKED_OUT');
    const patient = new Scene(MAYBE_ALICE);
    const again = patient.inquiry();
    expect(patient.answer(again, withSeq(again, failed))?.record.reason).toBe('UNSURE');
    patient.now += 2000;
    expect(patient.inquiry().reasons).toEqual(['score']);
  });
});

describe('the answer is joined with the device', () => {
  it('only while the newest frames are fresh, waiting a moment for fresh ones', () => {
    const scene = new Scene(MAYBE_ALICE);
    const inquiry = scene.inquiry();
    scene.now += 900;
    expect(scene.answer(inquiry, withSeq(inquiry, YES))).toBeNull();
    expect(scene.look()).toBeNull();
    expect(scene.look()).toBeNull();
    expect(scene.look()?.record).toMatchObject({ outcome: 'grant', reason: 'GRANTED_CLOUD' });
    const late = new Scene(MAYBE_ALICE);
    const old = late.inquiry();
    late.now += 900;
    expect(late.answer(old, withSeq(old, YES))).toBeNull();
    late.now += 801;
    expect(late.look()?.record.outcome).toBe('deny');
  });

  it('only when every frame shows the face of the picture asked about', () => {
    const scene = new Scene(MAYBE_ALICE, { minConsistency: 0.15 });
    const inquiry = scene.inquiry();
    for (let n = 0; n < 5; n++) expect(scene.look({ vector: vector(0, 0.45) })).toBeNull();
    expect(scene.answer(inquiry, withSeq(inquiry, YES))?.record).toMatchObject({
      outcome: 'deny',
      reason: 'UNSURE',
      detail: expect.stringContaining('with the picture asked about'),
    });
  });

  it('only when it is about a picture of this track', () => {
    const scene = new Scene(MAYBE_ALICE);
    const inquiry = scene.inquiry();
    expect(scene.answer(inquiry, { ...YES, seq: 999_999 })?.record.outcome).toBe('deny');
  });

  it('only when the candidate is still the one asked about', () => {
    const scene = new Scene(MAYBE_ALICE);
    const inquiry = scene.inquiry();
    scene.candidates = [candidate('bob', 0.42), candidate('alice', 0.1)];
    expect(scene.answer(inquiry, withSeq(inquiry, YES))?.record).toMatchObject({
      outcome: 'deny',
      detail: expect.stringContaining('another candidate'),
    });
  });

  it('only when the device does not refuse in the meantime', () => {
    const scene = new Scene(MAYBE_ALICE);
    scene.inquiry();
    expect(scene.decision({ liveness: 0.01 }).record).toMatchObject({ outcome: 'deny', reason: 'NOT_LIVE' });
    const other = new Scene(MAYBE_ALICE);
    other.inquiry();
    expect(other.decision({ vector: vector(200) }).record.reason).toBe('INCONSISTENT_TRACK');
  });
});

describe('two people who match about equally', () => {
  const TWINS = [candidate('alice', 0.6), candidate('bob', 0.58), candidate('cid', 0.2)];
  const clear = { ...YES, runnerUp: { ...call, score: 0.3 } };

  it('are told apart when the cloud clears one and not the other', () => {
    const scene = new Scene(TWINS);
    const inquiry = scene.inquiry();
    expect(inquiry).toMatchObject({ reasons: ['margin'], runnerUp: { personId: 'bob' } });
    expect(scene.answer(inquiry, withSeq(inquiry, clear))?.record.reason).toBe('GRANTED_CLOUD');
  });

  it.each<[string, CloudReport['runnerUp']]>([
    ['knows both', { ...call, score: 0.9 }],
    ['gives both about the same', { ...call, score: 0.75 }],
    ['was not asked about the other', null],
    ['does not answer about the other', { ...call, code: 'DEADLINE', score: null }],
  ])('stay in doubt when the cloud %s', (_, runnerUp) => {
    const scene = new Scene(TWINS);
    const inquiry = scene.inquiry();
    expect(scene.answer(inquiry, withSeq(inquiry, { ...YES, runnerUp }))?.record).toMatchObject({
      outcome: 'deny',
      reason: 'UNSURE',
      detail: expect.stringContaining('runner-up'),
    });
  });

  it('stay in doubt when the runner-up is another one by now', () => {
    const scene = new Scene(TWINS);
    const inquiry = scene.inquiry();
    scene.candidates = [candidate('alice', 0.6), candidate('cid', 0.58)];
    expect(scene.answer(inquiry, withSeq(inquiry, clear))?.record.outcome).toBe('deny');
  });

  it('are not asked about when a third one is as near, or the runner-up has not consented', () => {
    const three = new Scene([candidate('alice', 0.6), candidate('bob', 0.58), candidate('cid', 0.57)]);
    expect(three.decision().record.cloud).toMatchObject({ asked: false, inquiry: null });
    const private_ = new Scene(TWINS);
    private_.consent = ['alice'];
    expect(private_.decision().record.cloud.why).toContain('runner-up has not consented');
  });
});

describe('nothing is asked', () => {
  it.each<[string, Candidate[], Partial<Look>, Parameters<typeof policy>[0] & { cloud?: boolean }, string]>([
    ['without a cloud', MAYBE_ALICE, {}, { cloud: false }, 'no cloud is configured'],
    ['about a stranger', [candidate('alice', 0.2)], {}, {}, 'left no doubt'],
    ['about an attack', MAYBE_ALICE, { liveness: 0.1 }, {}, 'left no doubt'],
    ['about who has not consented', [candidate('cid', 0.41)], {}, {}, 'not consented'],
    [
      'for a reason that is switched off',
      MAYBE_ALICE,
      {},
      { escalation: { ...policy().escalation, reasons: ['margin'] } },
      'score 0.410 is below',
    ],
    [
      'at all with no reasons',
      MAYBE_ALICE,
      {},
      { escalation: { ...policy().escalation, reasons: [] } },
      'names no reason',
    ],
    [
      'below the band',
      MAYBE_ALICE,
      {},
      { escalation: { ...policy().escalation, scoreBand: 0.03 } },
      'score 0.410 is below',
    ],
    [
      'when liveness is unsure beyond its band',
      [candidate('alice', 0.6)],
      { liveness: 0.5 },
      { escalation: { ...policy().escalation, livenessBand: 0.1 } },
      'fused liveness 0.500',
    ],
  ])('%s', (_, candidates, look, settings, why) => {
    const record = new Scene(candidates, settings).decision(look).record;
    expect(record.outcome).toBe('deny');
    expect(record.cloud).toMatchObject({ asked: false, inquiry: null, why: expect.stringContaining(why) });
  });

  it('when one frame alone is below the liveness floor: that is a limit of its own', () => {
    const scene = new Scene(MAYBE_ALICE);
    scene.look({ liveness: 0.1 });
    expect(scene.decision().record.cloud.why).toContain('a frame has liveness 0.100');
  });

  it.each<[string, string[], number, string]>([
    ['who has consented', ['alice'], 3, 'the face was no longer seen'],
    ['who has not', ['bob'], 3, 'the best candidate has not consented to the cloud'],
    ['who was seen too few times', ['alice'], 2, 'only 2 of 3 frames'],
  ])('about an unsure face that leaves before it is asked about: %s', (_, consent, frames, why) => {
    const scene = new Scene(MAYBE_ALICE, { maxFrames: 20 });
    scene.consent = consent;
    for (let n = 0; n < frames; n++) expect(scene.look()).toBeNull();
    // A picture that is no evidence, but shows that the face has stayed.
    scene.now += policy().decideAfterMs;
    expect(scene.look({ failed: ['POSE'] })).toBeNull();
    const record = scene.leave()?.record;
    expect(record).toMatchObject({ reason: 'UNSURE', cloud: { asked: false, inquiry: null } });
    expect(record?.cloud.why).toContain(why);
  });

  it('about a person who is sure', () => {
    const record = new Scene([candidate('alice', 0.7)]).decision().record;
    expect(record).toMatchObject({ reason: 'GRANTED_FACE', cloud: { asked: false, inquiry: null } });
    expect(record.cloud.why).toBe('the verdict left no doubt for a cloud to settle');
  });
});
