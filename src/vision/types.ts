/** Pixels of the frame, origin top left. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** ArcFace order: left eye, right eye, nose tip, left and right corner of the mouth, as seen in the picture; pixels of the frame. */
export type FivePoints = readonly [Point, Point, Point, Point, Point];

/** A face found in a picture. */
export interface DetectedFace {
  readonly box: Box;
  /** Detector's confidence, 0..1. */
  readonly score: number;
}

/** The quality gates in the order they are tried; a face that fails one is not recognised, and the record says which. */
export const QUALITY_GATES = ['SIZE', 'MARGIN', 'POSE', 'SHARPNESS', 'EXPOSURE', 'NOISE'] as const;
export type QualityGate = (typeof QUALITY_GATES)[number];

/** What was measured of a face, and which gates it failed. */
export interface QualityReport {
  /** Pixels between the centres of the eyes. */
  readonly eyeDistance: number;
  /** Smallest distance of the face box from the border of the picture (or of the recognition area), in parts of the box's width; negative when cut. */
  readonly margin: number;
  /** Degrees: yaw (turning left or right), pitch (up or down), roll (tilt), each about -90..90. */
  readonly yaw: number;
  readonly pitch: number;
  readonly roll: number;
  /** Measure of fine detail in the aligned face, larger is sharper; unit given in docs/reference/quality.md. */
  readonly sharpness: number;
  /** Mean luma of the aligned face, 0..1. */
  readonly brightness: number;
  /** Standard deviation of the luma of the aligned face, 0..1. */
  readonly contrast: number;
  /** Noise of the colours of the face, standard deviation in levels of 0..255; how it is taken stands in docs/reference/quality.md. */
  readonly noise: number;
  /** One figure to order frames by, 0..1, larger is better. */
  readonly score: number;
  readonly failed: readonly QualityGate[];
}

/** Which weights produced a result: id and version of models/catalog.json. */
export interface ModelRef {
  readonly id: string;
  readonly version: string;
}

/** What a face wears over mouth and nose: nothing, a mask, or a mask that leaves the nose out. */
export const MASK_STATES = ['bare', 'worn', 'incorrect'] as const;
export type MaskState = (typeof MASK_STATES)[number];

export interface MaskReading {
  readonly state: MaskState;
  /** Probability of this state, 1/3..1. */
  readonly score: number;
  readonly model: ModelRef;
}

/** A single look at what is worn. */
export interface MaskLook extends MaskReading {
  /** Of each of MASK_STATES, in their order; their sum is 1. */
  readonly probabilities: readonly number[];
}

/** Length of an embedding; every embedding has the Euclidean norm 1. */
export const EMBEDDING_DIMENSIONS = 512;

/** A face as a vector. */
export interface FaceEmbedding {
  readonly vector: Float32Array;
  /** Names the space: embeddings of one model compare with one another. */
  readonly model: ModelRef;
  /** The network that made it, where it is another than `model`: one for masked faces, whose space is the same. */
  readonly by?: ModelRef | undefined;
}

/** One face of a still picture, analysed. `embedding` and `liveness` are null where a quality gate failed (unless asked for all the same). */
export interface FaceAnalysis {
  readonly face: DetectedFace;
  readonly landmarks: FivePoints;
  readonly quality: QualityReport;
  /** Null where the catalogue of models names no network for it. */
  readonly mask: MaskReading | null;
  /** Probability that the presentation is bona fide, 0..1. */
  readonly liveness: { readonly score: number; readonly model: ModelRef } | null;
  readonly embedding: FaceEmbedding | null;
}

/** The steps whose time is told with each sighting. */
export type Stage =
  | 'detect'
  | 'mask'
  | 'landmarks'
  | 'quality'
  | 'liveness'
  | 'enclosure'
  | 'embedding'
  | 'crop';

/** One look at one tracked face: what the vision process tells the gate. */
export interface Sighting {
  readonly camera: string;
  /** Names the track: unique over restarts of the vision process. */
  readonly track: string;
  readonly frame: {
    readonly seq: number;
    /** Monotonic milliseconds, see `Frame.capturedAt`. */
    readonly capturedAt: number;
    readonly width: number;
    readonly height: number;
  };
  readonly box: Box;
  readonly quality: QualityReport;
  /** Measured of every face, good enough or not; null where the catalogue of models names no network for it. */
  readonly mask: MaskReading | null;
  /** Null when a quality gate failed; liveness and embedding are always of this same frame. */
  readonly liveness: { readonly score: number; readonly model: ModelRef } | null;
  readonly embedding: FaceEmbedding | null;
  /** How much of a rectangle around the face is straight edge, as of a screen or a sheet, 0..1; null when a quality gate failed. */
  readonly enclosure: number | null;
  /** Milliseconds spent in each step for this face (detection: for the frame). */
  readonly timings: Readonly<Partial<Record<Stage, number>>>;
  /** Other faces in view at the time. */
  readonly facesInView: number;
}

/**
 * The picture of a tracked face for the record. It comes after the sighting of the same track and `seq`, so that no
 * door waits for a JPEG, and may come after the end of the track; on most sightings none follows.
 */
export interface TrackCrop {
  readonly camera: string;
  readonly track: string;
  /** `frame.seq` of the sighting it shows. */
  readonly seq: number;
  /** `quality.score` of that sighting. */
  readonly qualityScore: number;
  /** The face with some surroundings, 4:5 upright, at most 480x600. */
  readonly jpeg: Uint8Array;
}

/** A QR code seen by the camera. `text` may be a token that opens the door: it belongs in no log and no event. */
export interface QrSighting {
  readonly camera: string;
  /** The frame that showed it, see `Sighting.frame`. */
  readonly seq: number;
  readonly capturedAt: number;
  /** 1 to 512 characters. */
  readonly text: string;
}

/** The end of a track: the face has left or could not be followed. */
export interface TrackEnd {
  readonly camera: string;
  readonly track: string;
  /** Frames in which the face was seen. */
  readonly frames: number;
  readonly lastSeenAt: number;
}
