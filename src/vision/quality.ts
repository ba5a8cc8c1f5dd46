import type { Picture } from '../camera/types.ts';
import type { QualityConfig } from '../config/index.ts';
import { ALIGNED_SIDE } from './align.ts';
import type { AlignedSampler } from './aligned-sampler.ts';
import type { Landmarks } from './landmarks.ts';
import { type Pose, poseOf } from './pose.ts';
import type { Box, DetectedFace, FivePoints, QualityGate, QualityReport } from './types.ts';

/** The part of the aligned face that is looked at: eyes to mouth, without hair, background and collar. */
const LEFT = 24;
const RIGHT = 88;
const TOP = 36;
const BOTTOM = 104;

/** Measures a face and holds it against the gates. */
export class QualityMeter {
  readonly #config: QualityConfig;
  readonly #sampler: AlignedSampler;
  readonly #grey = new Float32Array(3 * ALIGNED_SIDE * ALIGNED_SIDE);

  constructor(config: QualityConfig, sampler: AlignedSampler) {
    this.#sampler = sampler;
    this.#config = config;
  }

  /** `area` is the recognition area in pixels, by default the whole picture. */
  measure(picture: Picture, face: DetectedFace, landmarks: Landmarks, area?: Box): QualityReport {
    const pose = poseOf(landmarks);
    const texture = this.#sampler.grey(picture, landmarks.five, this.#grey)
      ? textureOf(this.#grey)
      : { sharpness: 0, brightness: 0, contrast: 0 };
    const measured = {
      eyeDistance: eyeDistance(landmarks.five),
      margin: marginOf(face.box, area ?? { x: 0, y: 0, width: picture.width, height: picture.height }),
      ...pose,
      ...texture,
    };
    return { ...measured, score: scoreOf(measured), failed: failedGates(measured, this.#config) };
  }
}

type Measured = Omit<QualityReport, 'score' | 'failed'>;

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
  return failed;
}

function turned(pose: Pose, config: QualityConfig): boolean {
  return (
    Math.abs(pose.yaw) > config.maxYaw ||
    Math.abs(pose.pitch) > config.maxPitch ||
    Math.abs(pose.roll) > config.maxRoll
  );
}

/**
 * Orders the frames of a face: the product of size, pose and sharpness, each 0..1 and 1 where more of it
 * no longer helps.
 */
function scoreOf(measured: Measured): number {
  const size = Math.min(1, measured.eyeDistance / 80);
  const cosine = (degrees: number) =>
    Math.max(0, Math.cos((Math.min(Math.abs(degrees), 90) * Math.PI) / 180));
  const pose = cosine(measured.yaw) * cosine(measured.pitch);
  const sharpness = measured.sharpness / (measured.sharpness + 0.05);
  const light = Math.min(1, measured.contrast / 0.1);
  return Math.sqrt(size) * pose * sharpness * light;
}

/** Detail, mean and spread of the luma of an aligned grey face (112x112, 0..255). */
export function textureOf(grey: Float32Array): Pick<QualityReport, 'sharpness' | 'brightness' | 'contrast'> {
  const width = ALIGNED_SIDE;
  let sum = 0;
  let squares = 0;
  let edges = 0;
  for (let y = TOP; y < BOTTOM; y++) {
    for (let x = LEFT; x < RIGHT; x++) {
      const at = y * width + x;
      const value = grey[at];
      sum += value;
      squares += value * value;
      const laplacian = 4 * value - grey[at - 1] - grey[at + 1] - grey[at - width] - grey[at + width];
      edges += laplacian * laplacian;
    }
  }
  const count = (BOTTOM - TOP) * (RIGHT - LEFT);
  const mean = sum / count;
  const variance = Math.max(0, squares / count - mean * mean);
  return {
    sharpness: edges / count / (variance + 1),
    brightness: mean / 255,
    contrast: Math.sqrt(variance) / 255,
  };
}
