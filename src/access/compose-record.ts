import type { DecisionConfig } from '../config/index.ts';
import type { Sighting } from '../vision/types.ts';
import type { Thresholds } from './figures.ts';
import type { CloudRecord, DecisionRecord } from './record.ts';
import type { TrackState } from './track.ts';
import type { Case, DecisionContext, Verdict } from './types.ts';

/** A cosine that no face reaches, nor comes near to: bands below a threshold are 1 wide at most. */
const NOBODY = 3;

/** Writes down a verdict on a track with everything it rests on, but `inputs`, `entry` and what was carried out. */
export function composeRecord(
  door: string,
  context: DecisionContext,
  track: TrackState,
  c: Case,
  verdict: Verdict,
  now: number,
): DecisionRecord {
  const seen = track.last;
  const frames: readonly Sighting[] = track.evidence.length > 0 ? track.evidence : [seen];
  const newest = frames[frames.length - 1];
  const models = [
    newest.embedding?.model,
    newest.embedding?.by,
    newest.liveness?.model,
    newest.mask?.model,
  ].filter((model) => model !== undefined);
  return {
    decision: context.newId(),
    door,
    camera: seen.camera,
    track: track.id,
    outcome: verdict.verdict === 'grant' ? 'grant' : 'deny',
    verdict: verdict.verdict,
    reason: verdict.reason,
    rule: verdict.rule,
    detail: verdict.detail,
    person:
      verdict.verdict === 'grant' && c.best !== null ? { id: c.best.personId, name: c.best.name } : null,
    attempt: track.attempts,
    frames: frames.map((frame, index) => ({
      seq: frame.frame.seq,
      ageMs: now - frame.frame.capturedAt,
      liveness: frame.liveness?.score ?? null,
      score: c.frameScores[index] ?? null,
      enclosure: frame.enclosure,
      quality: { ...frame.quality, failed: [...frame.quality.failed] },
    })),
    frameSize: { width: newest.frame.width, height: newest.frame.height },
    box: newest.box,
    liveness: c.liveness === null ? null : { fused: c.liveness, lowest: c.livenessLowest ?? c.liveness },
    candidates: {
      best: c.best,
      second: c.second,
      lead: c.best !== null && c.second !== null ? c.best.score - c.second.score : null,
    },
    calibration: track.calibration,
    consistency: c.consistency,
    mask: c.mask,
    cloud: cloudOf(track, verdict, now),
    action: track.actions.open?.record(now) ?? null,
    thresholds: c.thresholds,
    qualityLimits: context.qualityLimits,
    timings: { ...newest.timings },
    versions: { software: context.software, config: context.configVersion, models },
    entry: null,
    inputs: null,
    carriedOut: null,
  };
}

function cloudOf(track: TrackState, { rule }: Verdict, now: number): CloudRecord {
  return (
    track.inquiry?.record(track.evidence, now, rule) ?? {
      asked: false,
      why: track.whyNotAsked,
      inquiry: null,
    }
  );
}

/**
 * The thresholds in force, as records show them. `match`: what the gallery's calibration asks for; without it only a fixed
 * threshold lets anybody pass.
 */
export function thresholdsOf(policy: DecisionConfig, match: number | null): Thresholds {
  return {
    match: policy.matchThreshold ?? match ?? NOBODY,
    unsureBelowMatch: policy.unsureBelowThreshold,
    margin: policy.margin,
    liveness: policy.livenessThreshold,
    livenessUnsure: policy.livenessUnsure,
    livenessFloor: policy.livenessFloor,
    livenessTrack: policy.livenessTrack,
    enclosure: policy.enclosureThreshold,
    minFrames: policy.minFrames,
    maxFrames: policy.maxFrames,
    maxFrameAgeMs: policy.maxFrameAgeMs,
    decideAfterMs: policy.decideAfterMs,
    minConsistency: policy.minConsistency,
    maskMargin: policy.matchThreshold === undefined ? 0 : policy.maskMargin,
    maxAttempts: policy.maxAttempts,
  };
}
