import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Access, type Case, judge } from '../../src/access/index.ts';
import { candidate, comparison, policy, QUALITY_LIMITS, sighting, vector } from './support.ts';

const unit = fc.double({ min: 0, max: 1, noNaN: true });

const cases: fc.Arbitrary<Case> = fc.record({
  agesMs: fc
    .array(fc.integer({ min: 0, max: 3000 }), { maxLength: 6 })
    .map((ages) => ages.sort((a, b) => b - a)),
  liveness: fc.option(unit),
  livenessLowest: fc.option(unit),
  best: fc.option(unit.map((score) => candidate('a', score))),
  second: fc.option(unit.map((score) => candidate('b', score))),
  consistency: fc.option(unit),
  due: fc.boolean(),
  frameScores: fc.array(unit, { maxLength: 5 }),
  ended: fc.boolean(),
  lockedOut: fc.boolean(),
  trackLockedOut: fc.boolean(),
  authenticatedAgoMs: fc.option(fc.integer({ min: 0, max: 5000 })),
  thresholds: fc.constant({
    match: 0.45,
    unsureBelowMatch: 0.08,
    margin: 0.05,
    liveness: 0.7,
    livenessUnsure: 0.4,
    livenessFloor: 0.2,
    minFrames: 3,
    maxFrames: 5,
    maxFrameAgeMs: 800,
    decideAfterMs: 1200,
    minConsistency: 0.3,
    maxAttempts: 5,
  }),
});

/** Said once more and differently: everything that must hold of a case before anybody may pass. */
function mayPass(c: Case): boolean {
  const t = c.thresholds;
  return (
    !c.ended &&
    !c.lockedOut &&
    !c.trackLockedOut &&
    c.authenticatedAgoMs === null &&
    c.agesMs.length >= t.minFrames &&
    c.agesMs.slice(-t.minFrames).every((age) => age <= t.maxFrameAgeMs) &&
    c.frameScores.every((score) => score >= t.match - t.unsureBelowMatch) &&
    c.liveness !== null &&
    c.liveness >= t.liveness &&
    (c.livenessLowest ?? 1) >= t.livenessFloor &&
    (c.consistency ?? 1) >= t.minConsistency &&
    c.best !== null &&
    c.best.score >= t.match &&
    (c.second === null || c.best.score - c.second.score >= t.margin)
  );
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
            expect(l.score).toBeGreaterThanOrEqual(rules.matchThreshold);
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
