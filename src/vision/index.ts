/**
 * From pictures to faces: detection, landmarks, alignment, quality, liveness and embedding, and the tracks of
 * people before a camera. The only room that knows ONNX. `FaceAnalyser` is the way in for a picture; it opens
 * the networks once and keeps their buffers.
 */
export { type ActionLook, ActionObserver } from './action-observer.ts';
export { type ActionSample, HEAD_ACTIONS, type HeadAction, judgeActions } from './actions.ts';
export { type AnalyserOptions, FaceAnalyser } from './analyser.ts';
export { AttributeAnalyser, type AttributeOptions } from './attributes.ts';
export type { EyeStates } from './eyes.ts';
export { HeadAnalyser } from './head.ts';
export type { Landmarks } from './landmarks.ts';
export type { Pose } from './pose.ts';
export {
  type Box,
  type DetectedFace,
  EMBEDDING_DIMENSIONS,
  type FaceAnalysis,
  type FaceEmbedding,
  type FivePoints,
  MASK_STATES,
  type MaskReading,
  type MaskState,
  type ModelRef,
  type Point,
  type QrSighting,
  QUALITY_GATES,
  type QualityGate,
  type QualityReport,
  type Sighting,
  type Stage,
  type TrackCrop,
  type TrackEnd,
} from './types.ts';
