import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Access, type Case, judge } from '../../src/access/index.ts';
import { CHALLENGE_OUTCOMES } from '../../src/vision/client.ts';
import { candidate, comparison, policy, QUALITY_LIMITS, sighting, vector } from './support.ts';

const unit = fc.double({ min: 0, max: 1, noNaN: true });

const escalation = policy().escalation;
const cloud = fc.record({
  personId: fc.constantFrom('a', 'a', 'a', 'b'),
  runnerUpId: fc.constantFrom(null, 'b', 'c'),
  liveness: fc.constantFrom('live' as const, 'live' as const, 'attack' as const, 'unclear' as const, null),
  score: fc.option(unit),
  runnerUpScore: fc.option(unit),
  consistency: fc.option(unit),
});

const figures = fc.option(fc.record({ mean: unit, lowest: unit, frames: fc.nat(100) }));
const action: fc.Arbitrary<NonNullable<Case['action']>> = fc.record({
  why: fc.constant('the schedule always holds at this door'),
  policy: fc.record({
    ...{ minLiveness: fc.constant(0.2), sureLiveness: fc.constant(0.5) },
    cloud: fc.constantFrom('never' as const, 'whenUnsure' as const, 'always' as const),
  }),
  asked: fc.constant('turnLeft' as const),
  personId: fc.constantFrom('a', 'a', 'a', 'b'),
  report: fc.option(
    fc.record({
      result: fc.option(
        fc.record({
          ...{ camera: fc.constant('camera'), challenge: fc.constant('1'), track: fc.constant('t1') },
          action: fc.constant('turnLeft' as const),
          outcome: fc.constantFrom(...Array(5).fill('seen' as const), ...CHALLENGE_OUTCOMES),
          ...{ tookMs: fc.constant(3000), actionAfterMs: fc.constant(1000), unverifiedMs: fc.constant(70) },
          seen: fc.constant({ blink: false, openMouth: false, turnLeft: true, turnRight: false, nod: false }),
          ...{ liveness: figures, likeness: figures, samples: fc.constant([]), clip: fc.boolean() },
        }),
      ),
      clip: fc.constant(null),
      cloud: fc.option(
        fc.record({
          ...{ ms: fc.constant(900), requestId: fc.constant(null), code: fc.constant(null) },
          ...{ live: fc.option(fc.boolean()), detected: fc.option(fc.boolean()) },
        }),
      ),
      failure: fc.constant(null),
    }),
  ),
});

const cases: fc.Arbitrary<Case> = fc.record({
  agesMs: fc
    .array(fc.integer({ min: 0, max: 3000 }), { maxLength: 6 })
    .map((ages) => ages.sort((a, b) => b - a)),
  liveness: fc.option(unit),
  livenessLowest: fc.option(unit),
  livenessTrack: fc.option(unit),
  enclosures: fc.array(fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, unit), { maxLength: 8 }),
  mask: fc.option(fc.record({ state: fc.constantFrom('bare', 'worn', 'incorrect'), score: unit })),
  best: fc.option(unit.map((score) => candidate('a', score))),
  second: fc.option(unit.map((score) => candidate('b', score))),
  third: fc.option(unit.map((score) => candidate('c', score))),
  consistency: fc.option(unit),
  due: fc.boolean(),
  frameScores: fc.array(unit, { maxLength: 5 }),
  ended: fc.boolean(),
  lockedOut: fc.boolean(),
  trackLockedOut: fc.boolean(),
  distrusted: fc.constantFrom(null, null, null, null, null, null, 'frozen: it stands still'),
  authenticatedAgoMs: fc.option(fc.integer({ min: 0, max: 5000 })),
  thresholds: fc.constant({
    match: 0.45,
    unsureBelowMatch: 0.08,
    margin: 0.05,
    liveness: 0.7,
    livenessUnsure: 0.4,
    livenessFloor: 0.2,
    livenessTrack: 0.5,
    enclosure: 0.7,
    minFrames: 3,
    maxFrames: 5,
    maxFrameAgeMs: 800,
    decideAfterMs: 1200,
    minConsistency: 0.3,
    maskMargin: 0.05,
    maxAttempts: 5,
  }),
  escalation: fc.option(
    fc.subarray(escalation.reasons).map((reasons) => ({ ...escalation, reasons: [...reasons] })),
  ),
  cloud: fc.option(cloud),
  action: fc.oneof(fc.constant(null), action),
});

/** Evenly spread, unlike fc.double. */
const between = (low: number, high: number) =>
  fc.integer({ min: 0, max: 1000 }).map((n) => low + ((high - low) * n) / 1000);

/** Cases at the edge of a grant: most of the figures hold, some lie in their bands. */
const nearly: fc.Arbitrary<Case> = fc
  .record({
    base: cases,
    fresh: fc.array(fc.integer({ min: 0, max: 815 }), { minLength: 2, maxLength: 5 }),
    liveness: between(0.38, 0.8),
    lowest: between(0.19, 0.6),
    best: between(0.34, 0.55),
    behind: between(0, 0.2),
    further: between(0, 0.2),
    said: between(0.78, 1),
    other: between(0.2, 1),
    spoken: fc.option(
      fc.record({
        personId: fc.constantFrom('a', 'a', 'a', 'a', 'b'),
        runnerUpId: fc.constantFrom('b', 'b', 'c', null),
        liveness: fc.constantFrom(...Array(8).fill('live' as const), 'attack' as const, null),
        resembles: between(0.45, 1),
      }),
      { freq: 9 },
    ),
  })
  .map((n) => ({
    ...n.base,
    agesMs: n.fresh.sort((a, b) => b - a),
    liveness: n.liveness,
    livenessLowest: n.lowest,
    livenessTrack: n.liveness,
    best: candidate('a', n.best),
    second: candidate('b', n.best - n.behind),
    third: candidate('c', n.best - n.behind - n.further),
    consistency: 0.8,
    frameScores: [n.best, n.best - 0.02],
    due: true,
    ended: false,
    lockedOut: false,
    trackLockedOut: false,
    distrusted: null,
    authenticatedAgoMs: null,
    escalation,
    cloud: n.spoken && {
      ...n.spoken,
      score: n.said,
      runnerUpScore: n.other,
      consistency: n.spoken.resembles,
    },
  }));

/** What must hold of a case before anybody may pass, whatever a cloud says. */
function mayPassAtAll(c: Case): boolean {
  const t = c.thresholds;
  return (
    !c.ended &&
    !c.lockedOut &&
    !c.trackLockedOut &&
    c.distrusted === null &&
    c.authenticatedAgoMs === null &&
    c.enclosures.filter((one) => one >= t.enclosure).length < 2 &&
    c.enclosures.every((one, n) => one < t.enclosure || n < c.enclosures.length - c.agesMs.length) &&
    c.agesMs.length >= t.minFrames &&
    c.agesMs.slice(-t.minFrames).every((age) => age <= t.maxFrameAgeMs) &&
    (c.liveness ?? 0) >= t.livenessUnsure &&
    (c.livenessLowest ?? 1) >= t.livenessFloor &&
    (c.livenessTrack ?? 1) >= t.livenessTrack &&
    (c.consistency ?? 1) >= t.minConsistency &&
    (c.best?.score ?? 0) >= t.match - t.unsureBelowMatch
  );
}

function isSurelyBare({ mask }: Case): boolean {
  return mask === null || (mask.state === 'bare' && mask.score >= 0.8);
}

/** The device is sure by itself. */
function isSure(c: Case): boolean {
  const t = c.thresholds;
  return (
    c.frameScores.every((score) => score >= t.match - t.unsureBelowMatch) &&
    c.liveness !== null &&
    c.liveness >= t.liveness &&
    c.best !== null &&
    c.best.score >= (isSurelyBare(c) ? t.match : t.match + t.maskMargin) &&
    (c.second === null || c.best.score - c.second.score >= t.margin)
  );
}

/** The cloud said a clear no. */
function isRefused({ cloud, escalation }: Case): boolean {
  if (cloud === null || escalation === null) return false;
  return cloud.liveness === 'attack' || (cloud.score !== null && cloud.score < escalation.compareThreshold);
}

/** Where the device is unsure, the cloud has spoken for this very person, and about each thing in doubt. */
function isBorneOut(c: Case): boolean {
  const { cloud, escalation: e, best, second, third, thresholds: t } = c;
  if (cloud === null || e === null || best === null || c.liveness === null) return false;
  const asked = (reason: (typeof e.reasons)[number]) => e.reasons.includes(reason);
  const scoreInDoubt =
    best.score < t.match || c.frameScores.some((one) => one < t.match - t.unsureBelowMatch);
  const maskInDoubt = !isSurelyBare(c) && best.score >= t.match && best.score < t.match + t.maskMargin;
  const marginInDoubt = second !== null && best.score - second.score < t.margin;
  const livenessInDoubt = c.liveness < t.liveness;
  return (
    cloud.liveness === 'live' &&
    cloud.score !== null &&
    cloud.score >= e.compareThreshold &&
    cloud.personId === best.personId &&
    cloud.consistency !== null &&
    cloud.consistency >= e.pictureConsistency &&
    (!scoreInDoubt || (asked('score') && best.score >= t.match - e.scoreBand)) &&
    (!maskInDoubt || asked('mask')) &&
    (!livenessInDoubt || (asked('liveness') && c.liveness >= t.liveness - e.livenessBand)) &&
    (!marginInDoubt ||
      (asked('margin') &&
        best.score - second.score >= t.margin - e.marginBand &&
        !(third !== null && best.score - third.score < t.margin) &&
        cloud.runnerUpId === second.personId &&
        cloud.runnerUpScore !== null &&
        cloud.runnerUpScore < e.compareThreshold &&
        cloud.score - cloud.runnerUpScore >= e.compareLead))
  );
}

/** An action that is demanded was done, by the best candidate, alive, and confirmed where the cloud has a say. */
function isActionDone({ action, best }: Case): boolean {
  if (action === null) return true;
  const { report, policy: p, personId } = action;
  if (report === null || report.result === null || personId !== best?.personId) return false;
  const { outcome, liveness } = report.result;
  const mean = liveness?.mean ?? 0;
  if (mean < p.minLiveness || (outcome !== 'seen' && outcome !== 'notSeen')) return false;
  const confirmed = report.cloud?.live === true && report.cloud.detected === true;
  if (outcome === 'notSeen') return p.cloud === 'whenUnsure' && confirmed;
  return p.cloud === 'never' || (p.cloud === 'whenUnsure' && mean >= p.sureLiveness) || confirmed;
}

/** Said once more and differently: everything that must hold of a case before anybody may pass. */
function mayPass(c: Case): boolean {
  return mayPassAtAll(c) && isActionDone(c) && !isRefused(c) && (isSure(c) || isBorneOut(c));
}

describe('the rules', () => {
  it('grant exactly when every condition holds', () => {
    fc.assert(
      fc.property(cases, (c) => {
        expect(judge(c)?.verdict === 'grant').toBe(mayPass(c));
      }),
      { numRuns: 5000 },
    );
  });

  it('grant with the cloud only what it has settled, on fresh frames that the device does not refuse', () => {
    let [byCloud, alone, refused] = [0, 0, 0];
    fc.assert(
      fc.property(nearly, (c) => {
        const verdict = judge(c);
        expect(verdict?.verdict === 'grant').toBe(mayPass(c));
        if (verdict?.reason === 'GRANTED_CLOUD') byCloud++;
        else if (verdict?.reason === 'GRANTED_FACE') alone++;
        else refused++;
      }),
      { numRuns: 6000 },
    );
    expect(Math.min(byCloud, alone, refused)).toBeGreaterThan(30);
  });

  it('always have a verdict when one is due', () => {
    fc.assert(
      fc.property(cases, (c) => (c.due ? judge(c) !== null : true)),
      { numRuns: 2000 },
    );
  });
});

describe('a door over any sequence of sightings', () => {
  const look = fc.record({
    track: fc.constantFrom('t1', 't2', 't3'),
    waitMs: fc.integer({ min: 0, max: 900 }),
    delayMs: fc.integer({ min: 0, max: 1500 }),
    liveness: unit,
    face: fc.constantFrom(0, 100),
    score: unit,
    failed: fc.boolean(),
    ends: fc.boolean(),
  });

  it('grants only on fresh, live, matching frames of one face, and never twice within the recognition interval', () => {
    fc.assert(
      fc.property(fc.array(look, { maxLength: 60 }), (looks) => {
        let ids = 0;
        const rules = policy({ minFrames: 2, recognitionIntervalMs: 3000 });
        const access = new Access('door', rules, {
          newId: () => `00000000-0000-4000-8000-${String(ids++).padStart(12, '0')}`,
          software: '0',
          configVersion: '0',
          qualityLimits: QUALITY_LIMITS,
        });
        let captured = 1000;
        let now = 1000;
        let lastGrant = Number.NEGATIVE_INFINITY;
        for (const l of looks) {
          captured += l.waitMs;
          now = Math.max(now, captured + l.delayMs);
          const seen = sighting({
            track: l.track,
            at: captured,
            liveness: l.liveness,
            vector: vector(l.face),
            ...(l.failed ? { failed: ['SIZE' as const] } : {}),
          });
          const probe = access.see(seen, now);
          const decision =
            probe && access.decide(probe, comparison([candidate('a', l.score)], probe.frames.length), now);
          if (decision?.record.person) {
            access.granted(l.track, decision.record.person.id, now);
          }
          if (decision?.record.outcome === 'grant') {
            expect(l.failed).toBe(false);
            expect(now - decision.newestFrameAt).toBeLessThanOrEqual(rules.maxFrameAgeMs);
            expect(decision.newestFrameAt).toBe(captured);
            expect(l.score).toBeGreaterThanOrEqual(rules.matchThreshold ?? 1);
            expect(decision.record.liveness?.fused).toBeGreaterThanOrEqual(rules.livenessThreshold);
            expect(decision.record.frames.length).toBeGreaterThanOrEqual(2);
            expect(now - lastGrant).toBeGreaterThanOrEqual(3000);
            lastGrant = now;
          }
          if (l.ends) {
            const left = access.pending(l.track);
            const last =
              left && access.decide(left, comparison([candidate('a', 0.9)], left.frames.length), now, true);
            expect(last?.record.outcome ?? 'deny').toBe('deny');
            access.end(l.track, now);
          }
        }
      }),
      { numRuns: 1500 },
    );
  });
});
