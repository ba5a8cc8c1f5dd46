import type { DecisionConfig, QualityConfig } from '../config/index.ts';
import type { Candidate } from '../gallery/types.ts';
import type { ChallengeResult, HeadAction } from '../vision/client.ts';
import type { MaskState, Sighting } from '../vision/types.ts';
import type { PickAction } from './demands.ts';
import type { CalibrationRecord, Thresholds } from './figures.ts';
import type { Reason } from './reasons.ts';
import type { DecisionRecord } from './record.ts';
import type { ActionReport } from './record-action.ts';

/** A sighting that passed the quality gate: its liveness and its embedding are of the same frame. */
export type Evidence = Sighting & {
  readonly liveness: NonNullable<Sighting['liveness']>;
  readonly embedding: NonNullable<Sighting['embedding']>;
  readonly enclosure: NonNullable<Sighting['enclosure']>;
};

/** The threshold of one comparison, and what it follows from. */
export interface Match {
  /** Cosine of the best candidate at least. */
  readonly threshold: number;
  readonly calibration: CalibrationRecord;
}

/** What a cloud is asked about, and what of its answer is believed: `decision.escalation` of the configuration. */
export type EscalationPolicy = DecisionConfig['escalation'];
export type EscalationReason = EscalationPolicy['reasons'][number];

/** What a cloud said about one picture of the track. */
export interface CloudEvidence {
  /** Whom the picture was compared with. */
  readonly personId: string;
  /** Whom else, to settle the margin; null when nobody. */
  readonly runnerUpId: string | null;
  /** Verdict on the face in the picture; null without an answer. */
  readonly liveness: 'live' | 'attack' | 'unclear' | null;
  /** Confidence that picture and candidate, or runner-up, are one person, 0..1; null without an answer. */
  readonly score: number | null;
  readonly runnerUpScore: number | null;
  /** Lowest cosine of a frame of evidence of now with the picture asked about; null without frames or picture. */
  readonly consistency: number | null;
}

/** `decision.actionLiveness` of the configuration. */
export type ActionPolicy = DecisionConfig['actionLiveness'];

/** What the rules look at of what came of an action. */
export interface JudgedAction {
  readonly result: Pick<ChallengeResult, 'outcome' | 'liveness'> | null;
  readonly cloud: Pick<NonNullable<ActionReport['cloud']>, 'live' | 'detected' | 'code'> | null;
  readonly failure: string | null;
}

/** An action that was demanded in this attempt, as the rules judge it. */
export interface ActionCase {
  /** What demanded it. */
  readonly why: string;
  readonly policy: Pick<ActionPolicy, 'minLiveness' | 'sureLiveness' | 'cloud'>;
  /** Null while none has been picked. */
  readonly asked: HeadAction | null;
  /** The candidate it was asked of. */
  readonly personId: string | null;
  /** What came of it; null without, or when that is too long ago. */
  readonly report: JudgedAction | null;
}

/** The figures the rules judge; plain numbers, so that a record can be judged again. */
export interface Case {
  /** Ages of the frames of evidence in milliseconds, oldest frame first. */
  readonly agesMs: readonly number[];
  /** Mean liveness over the frames of evidence, null without any. */
  readonly liveness: number | null;
  /** Lowest liveness of a single frame. */
  readonly livenessLowest: number | null;
  /** Mean liveness over the newest frames of the track, those of earlier attempts as well; null without any. */
  readonly livenessTrack: number | null;
  /**
   * How much of a rectangle around the face is straight edge, in the newest frames of the track, those of earlier attempts
   * as well, oldest first; the last ones are the frames of `agesMs`.
   */
  readonly enclosures: readonly number[];
  /** What most frames say is worn over mouth and nose, and how sure they are of it (mean probability); null where it was not looked for. */
  readonly mask: { readonly state: MaskState; readonly score: number } | null;
  readonly best: Candidate | null;
  readonly second: Candidate | null;
  readonly third: Candidate | null;
  /** Lowest cosine between a frame and the fusion of those before it; null with fewer than two frames. */
  readonly consistency: number | null;
  /** Cosine of each frame by itself with the best candidate, in the order of `agesMs`; empty without a candidate. */
  readonly frameScores: readonly number[];
  /** The verdict is due: enough frames, enough time, or the face has left. */
  readonly due: boolean;
  /** The face has left: it can be denied, but nothing is opened for it any more. */
  readonly ended: boolean;
  /** The best candidate's identity, or the whole place, is locked out after failed attempts. */
  readonly lockedOut: boolean;
  /** This track has used up its attempts. */
  readonly trackLockedOut: boolean;
  /** Why the stream of the camera is not believed; null when it is. */
  readonly distrusted: string | null;
  /** Milliseconds since the best candidate was last granted at this door; null if not within the authentication interval. */
  readonly authenticatedAgoMs: number | null;
  readonly thresholds: Thresholds;
  /** Null where no cloud is configured. */
  readonly escalation: EscalationPolicy | null;
  /** A cloud's answer about this attempt, while it is new; null without one. */
  readonly cloud: CloudEvidence | null;
  /** Null where no action is demanded. */
  readonly action: ActionCase | null;
}

export interface Verdict {
  readonly verdict: 'grant' | 'deny' | 'unsure';
  readonly reason: Reason;
  readonly rule: string;
  readonly detail: string;
}

/** A decided sighting. */
export interface Decision {
  readonly record: DecisionRecord;
  /** Monotonic capture time of the newest frame of the evidence. */
  readonly newestFrameAt: number;
  /** Until then (monotonic) the track will not be decided again: its recognition can be suspended. */
  readonly quietUntil: number;
  /** This failure began a lock-out until then (monotonic); null if it did not. */
  readonly lockedOutUntil: number | null;
}

/** What the outside gives to a decision: its id and what was in force. */
export interface DecisionContext {
  readonly newId: () => string;
  readonly software: string;
  readonly configVersion: string;
  /** Limits of the quality gate that the sightings passed or failed. */
  readonly qualityLimits: QualityConfig;
  /** A cloud is configured, which can be asked about unsure faces. */
  readonly cloud?: boolean;
  /** Picks one of the actions that may be demanded, so that nobody can foresee it; without it none is demanded. */
  readonly pickAction?: PickAction;
}
