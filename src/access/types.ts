import type { Candidate } from '../gallery/types.ts';
import type { Sighting } from '../vision/types.ts';
import type { Reason } from './reasons.ts';
import type { DecisionRecord, Thresholds } from './record.ts';

/** A sighting that passed the quality gate: its liveness and its embedding are of the same frame. */
export type Evidence = Sighting & {
  readonly liveness: NonNullable<Sighting['liveness']>;
  readonly embedding: NonNullable<Sighting['embedding']>;
};

/** The figures the rules judge; plain numbers, so that a record can be judged again. */
export interface Case {
  /** Ages of the frames of evidence in milliseconds, oldest frame first. */
  readonly agesMs: readonly number[];
  /** Mean liveness over the frames of evidence, null without any. */
  readonly liveness: number | null;
  /** Lowest liveness of a single frame. */
  readonly livenessLowest: number | null;
  readonly best: Candidate | null;
  readonly second: Candidate | null;
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
  /** Milliseconds since the best candidate was last granted at this door; null if not within the authentication interval. */
  readonly authenticatedAgoMs: number | null;
  readonly thresholds: Thresholds;
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
