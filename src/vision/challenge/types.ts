import type { ActionSample, HeadAction } from '../actions.ts';

/** A person is asked to do something before the camera; the gate orders it, the vision process watches. */
export interface ChallengeOrder {
  /** A UUID, chosen by who orders. */
  readonly id: string;
  /** Whose face it is. */
  readonly track: string;
  readonly action: HeadAction;
  /** Time allowed from the first frame after the order, ms: 1000 to 8000, what a clip may last. */
  readonly durationMs: number;
  /** Frames after the action in which the face must look ahead, mouth closed, 1 to 20: as many as a grant needs. */
  readonly closing: number;
  /** A clip of it is wanted. */
  readonly record: boolean;
}

/** Limits of `durationMs`. The API that may be asked takes clips of 1 to 8 s (6.3.6 of CTYun's manual). */
export const CHALLENGE_MS = { min: 1000, max: 8000 } as const;

/** How a challenge can end, a closed list. */
export const CHALLENGE_OUTCOMES = [
  /** The action was seen, and the same face before, while and after it. */
  'seen',
  /** The time is up. */
  'notSeen',
  /** Another action was seen first, as of a film that shows one after the other. */
  'wrongAction',
  /** Another face came into the track, or it could not be shown that none did. */
  'faceChanged',
  /** The face left, or the camera did. */
  'faceLost',
  /** Nobody watches for actions here: unknown track, another challenge under way, networks not loaded. */
  'unavailable',
] as const;
export type ChallengeOutcome = (typeof CHALLENGE_OUTCOMES)[number];

/** Steps on the way, told once each. */
export const CHALLENGE_STEPS = ['begun', 'actionSeen'] as const;
export type ChallengeStep = (typeof CHALLENGE_STEPS)[number];

export interface ChallengeProgress {
  readonly camera: string;
  readonly challenge: string;
  readonly track: string;
  readonly step: ChallengeStep;
}

/** A measure over some frames. */
export interface Figures {
  readonly mean: number;
  readonly lowest: number;
  readonly frames: number;
}

/** What was seen of a challenge. */
export interface ChallengeResult {
  readonly camera: string;
  readonly challenge: string;
  readonly track: string;
  readonly action: HeadAction;
  readonly outcome: ChallengeOutcome;
  /** From the first frame to the last, ms. */
  readonly tookMs: number;
  /** From the first frame to the one that completed the action, ms; null when it was not seen. */
  readonly actionAfterMs: number | null;
  /** Every action seen, whichever was asked for. */
  readonly seen: Readonly<Record<HeadAction, boolean>>;
  /** Of frames in which the face was held straight enough for the network; null without any. */
  readonly liveness: Figures | null;
  /** Cosine of each frame's embedding with the mean of its track before it; null without any. */
  readonly likeness: Figures | null;
  /** Longest time without an embedding that showed the same face, ms. */
  readonly unverifiedMs: number;
  /** The figures judged, in order of time; `at` in seconds since the first frame. */
  readonly samples: readonly ActionSample[];
  /** A clip, or why there is none, comes after this. */
  readonly clip: boolean;
}

/** Why a challenge has no clip, a closed list. */
export const CLIP_FAULTS = [
  /** ffmpeg, or its x264, is not there, or the memory file system is not. */
  'ENCODER_MISSING',
  /** ffmpeg ended with an error. */
  'ENCODER_FAILED',
  /** ffmpeg could not keep up, or did not end in time. */
  'ENCODER_SLOW',
  /** Shorter than 1 s. */
  'TOO_SHORT',
  /** Fewer than 5 frames a second were looked at. */
  'TOO_FEW_FRAMES',
  /** Larger than may be sent. */
  'TOO_LARGE',
  /** The face left the part of the picture that was recorded. */
  'LEFT_PICTURE',
  /** Somebody else came into that part: nobody's picture is recorded unasked. */
  'BYSTANDER',
] as const;
export type ClipFault = (typeof CLIP_FAULTS)[number];

/** A piece of a clip (mp4, H.264), in order; the last one ends it. */
export interface ClipPart {
  readonly camera: string;
  readonly challenge: string;
  /** From 0. */
  readonly part: number;
  readonly parts: number;
  readonly bytes: Uint8Array;
}

export interface ClipMissing {
  readonly camera: string;
  readonly challenge: string;
  readonly fault: ClipFault;
}

/** The clip of a challenge, whole. */
export interface ChallengeClip {
  readonly camera: string;
  readonly challenge: string;
  /** mp4 of 1 to 8 s and 15 frames a second, at most 8,000,000 bytes. */
  readonly mp4: Uint8Array;
}
