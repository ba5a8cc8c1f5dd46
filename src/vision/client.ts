/**
 * What the gate process may import of this room: the host of a vision process and the types of what it tells.
 * Nothing here loads ONNX Runtime, sharp or any other native code; index.ts does, and is for the vision process and
 * for commands that analyse photos. A test holds this file to it.
 */
export { HEAD_ACTIONS, type HeadAction } from './actions.ts';
export {
  CHALLENGE_MS,
  CHALLENGE_OUTCOMES,
  type ChallengeClip,
  type ChallengeOrder,
  type ChallengeOutcome,
  type ChallengeProgress,
  type ChallengeResult,
  type ChallengeStep,
  CLIP_FAULTS,
  type ClipFault,
  type ClipMissing,
} from './challenge/types.ts';
export { type VisionDown, VisionHost, type VisionHostEvents, type VisionHostOptions } from './host.ts';
export type { Area, Heartbeat, StepTime, TimedStep } from './messages.ts';
export {
  type Box,
  EMBEDDING_DIMENSIONS,
  type ModelRef,
  type QrSighting,
  QUALITY_GATES,
  type QualityGate,
  type QualityReport,
  type Sighting,
  type Stage,
  type TrackCrop,
  type TrackEnd,
} from './types.ts';
