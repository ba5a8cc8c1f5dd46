import type { DecisionConfig } from '../config/index.ts';
import type { Candidate } from '../gallery/types.ts';
import { thresholdsOf } from './compose-record.ts';
import type { DoorMemory } from './door-memory.ts';
import { type Fusion, fuseMask } from './evidence.ts';
import { livedThrough, type TrackState } from './track.ts';
import type { ActionCase, Case, Evidence, Match } from './types.ts';

/** What the gallery says of a probe. */
export interface Comparison {
  /** Best people, best first. */
  readonly candidates: readonly Candidate[];
  /** Cosine of each frame of the probe by itself with the first of them; empty without one. */
  readonly frameScores: readonly number[];
  /** Ids of those of them who have consented to the cloud; nobody by default. */
  readonly cloudConsent?: readonly string[];
  /** The schedule of `actionLiveness` holds now. */
  readonly actionScheduled?: boolean;
  /** What the gallery's calibration asks of this probe; without it nobody passes, unless `matchThreshold` is set. */
  readonly match?: Match | null;
}

interface Circumstances {
  /** Monotonic milliseconds. */
  readonly now: number;
  /** The track has ended. */
  readonly ended: boolean;
  readonly policy: DecisionConfig;
  /** There is a cloud to ask. */
  readonly cloud: boolean;
  /** The threshold for a match; null where none is known. */
  readonly match: number | null;
  readonly memory: DoorMemory;
  readonly action: ActionCase | null;
}

/** What the rules judge: all that is known of a track, of whom it resembles and of what the door remembers. */
export function caseOf(
  track: TrackState,
  fusion: Fusion | null,
  { candidates, frameScores }: Pick<Comparison, 'candidates' | 'frameScores'>,
  { now, ended, policy, cloud, match, memory, action }: Circumstances,
): Case {
  const best = candidates[0] ?? null;
  const waitedMs = track.since === null ? 0 : (ended ? track.lastAt : now) - track.since;
  const agoMs = memory.grantedAgoMs(best, now);
  const livenessTrack = livedThrough(track);
  const full = track.evidence.length >= policy.maxFrames;
  // A moment of a living face may look wrong: without a cloud to ask, better frames are waited for.
  const watched = !cloud && isLivenessUnsure(policy, track.evidence, fusion, livenessTrack);
  const patienceMs = watched ? policy.livenessWaitMs : policy.decideAfterMs;
  // A face that passed by in fewer frames than a grant needs has not asked for anything.
  const enough = track.evidence.length >= policy.minFrames || waitedMs >= policy.decideAfterMs;
  return {
    agesMs: track.evidence.map((frame) => now - frame.frame.capturedAt),
    liveness: fusion?.liveness ?? null,
    livenessLowest: fusion?.livenessLowest ?? null,
    livenessTrack,
    enclosures: track.enclosures,
    mask: fuseMask(track.evidence.length > 0 ? track.evidence : [track.last]),
    best,
    second: candidates[1] ?? null,
    third: candidates[2] ?? null,
    consistency: track.consistency,
    due: enough && (ended || (full && !watched) || waitedMs >= patienceMs),
    frameScores,
    ended,
    lockedOut: now < memory.lockoutEnd(best),
    trackLockedOut: now < track.lockedUntil,
    distrusted: memory.distrusted(track.last.camera),
    authenticatedAgoMs: agoMs !== null && agoMs < policy.authenticationIntervalMs ? agoMs : null,
    thresholds: thresholdsOf(policy, match),
    escalation: cloud ? policy.escalation : null,
    cloud: track.inquiry?.evidence(track.evidence, now, policy.maxFrameAgeMs) ?? null,
    action,
  };
}

/** Whether liveness alone keeps the face out for now, without calling it an attack. */
function isLivenessUnsure(
  policy: DecisionConfig,
  frames: readonly Evidence[],
  fusion: Fusion | null,
  track: number | null,
): boolean {
  if (fusion === null || fusion.liveness < policy.livenessUnsure) return false;
  return (
    fusion.liveness < policy.livenessThreshold ||
    fusion.livenessLowest < policy.livenessFloor ||
    frames.filter(({ enclosure }) => enclosure >= policy.enclosureThreshold).length === 1 ||
    (track ?? 1) < policy.livenessTrack
  );
}
