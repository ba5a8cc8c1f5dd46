import type { Picture } from '../camera/types.ts';
import type { QualityConfig } from '../config/index.ts';
import { ALIGNED_SIDE } from './align.ts';
import type { AlignedSampler } from './aligned-sampler.ts';
import { colourNoise } from './colour-noise.ts';
import type { Landmarks } from './landmarks.ts';
import { type Pose, poseOf } from './pose.ts';
import { TextureMeter } from './texture.ts';
import type { Box, DetectedFace, FivePoints, QualityGate, QualityReport } from './types.ts';

/** Measures a face and holds it against the gates. */
export class QualityMeter {
  readonly #config: QualityConfig;
  readonly #sampler: AlignedSampler;
  readonly #texture = new TextureMeter();
  readonly #grey = new Float32Array(ALIGNED_SIDE * ALIGNED_SIDE);

  constructor(config: QualityConfig, sampler: AlignedSampler) {
    this.#sampler = sampler;
    this.#config = config;
  }

  /** `area` is the recognition area in pixels, by default the whole picture. */
  measure(picture: Picture, face: DetectedFace, landmarks: Landmarks, area?: Box): QualityReport {
    const pose = poseOf(landmarks);
    const texture = this.#sampler.grey(picture, landmarks.five, this.#grey)
      ? this.#texture.measure(this.#grey)
      : { sharpness: 0, brightness: 0, contrast: 0 };
    const measured = {
      eyeDistance: eyeDistance(landmarks.five),
      margin: marginOf(face.box, area ?? { x: 0, y: 0, width: picture.width, height: picture.height }),
      ...pose,
      ...texture,
      noise: colourNoise(picture, face.box),
    };
    return { ...measured, score: scoreOf(measured), failed: failedGates(measured, this.#config) };
  }
}

export type Measured = Omit<QualityReport, 'score' | 'failed'>;

/** Pixels between the centres of the eyes. */
export function eyeDistance(five: FivePoints): number {
  return Math.hypot(five[1].x - five[0].x, five[1].y - five[0].y);
}

/** Smallest distance of the box from the border of the area, in parts of the box's width; negative when it reaches beyond. */
export function marginOf(box: Box, area: Box): number {
  const nearest = Math.min(
    box.x - area.x,
    box.y - area.y,
    area.x + area.width - box.x - box.width,
    area.y + area.height - box.y - box.height,
  );
  return nearest / box.width;
}

/** The gates a face fails, in the order of QUALITY_GATES. */
export function failedGates(measured: Measured, config: QualityConfig): QualityGate[] {
  const failed: QualityGate[] = [];
  if (measured.eyeDistance < config.minEyeDistance) failed.push('SIZE');
  if (measured.margin < config.minMargin) failed.push('MARGIN');
  if (turned(measured, config)) failed.push('POSE');
  if (measured.sharpness < config.minSharpness) failed.push('SHARPNESS');
  if (
    measured.brightness < config.minBrightness ||
    measured.brightness > config.maxBrightness ||
    measured.contrast < config.minContrast
  ) {
    failed.push('EXPOSURE');
  }
  if (measured.noise > config.maxNoise) failed.push('NOISE');
  return failed;
}

function turned(pose: Pose, config: QualityConfig): boolean {
  return (
    Math.abs(pose.yaw) > config.maxYaw ||
    Math.abs(pose.pitch) > config.maxPitch ||
    Math.abs(pose.roll) > config.maxRoll
  );
}

/** Sharpness from which on, eye distance from which on, and contrast from which on more of it helps no further. */
const SHARP = 0.45;
const LARGE = 80;
const CONTRASTY = 0.1;
/** Sharpness of a face that is mere blur. */
const BLURRED = 0.1;

/** Orders the frames of a face: the product of size, pose, sharpness and contrast, each 0..1. */
export function scoreOf(measured: Measured): number {
  const size = Math.min(1, measured.eyeDistance / LARGE);
  const sharpness = Math.min(1, Math.max(0, (measured.sharpness - BLURRED) / (SHARP - BLURRED)));
  const light = Math.min(1, measured.contrast / CONTRASTY);
  return Math.sqrt(size) * cosine(measured.yaw) * cosine(measured.pitch) * sharpness * light;
}

function cosine(degrees: number): number {
  return Math.max(0, Math.cos((Math.min(Math.abs(degrees), 90) * Math.PI) / 180));
}
