import type { Picture } from '../camera/types.ts';
import type { QualityConfig } from '../config/index.ts';
import type { FaceAnalysis, QualityGate, QualityReport } from '../vision/types.ts';
import { visibleShare } from './framing.ts';

/** One measure of a photo's face that does not suffice, in words for the person in the picture. */
export interface QualityFault {
  readonly gate: QualityGate;
  /** What is wrong with value and limit, then what to do. */
  readonly text: string;
}

/** What a photo must fulfil to be enrolled; units as in QualityReport. */
export interface EnrolmentLimits {
  readonly minEyeDistance: number;
  /** Part of the aligned face that must lie inside the picture, 0..1. */
  readonly minVisible: number;
  readonly maxYaw: number;
  readonly maxPitch: number;
  readonly maxRoll: number;
  readonly minSharpness: number;
  readonly minBrightness: number;
  readonly maxBrightness: number;
  readonly minContrast: number;
}

/**
 * Limits for enrolment: as strict as the door's or stricter in pose, detail and light, because a reference is compared
 * with for years. Each stands where scores begin to fall; mean genuine score over 120 LFW pairs, 0.69 untouched:
 * sharpness 0.35: 0.62, 0.29: 0.57; brightness 0.15: 0.66, 0.10: 0.61, 0.85: 0.60; contrast 0.04: 0.63; yaw above
 * 25 degrees: 0.64; 67 % of the aligned face in the picture: 0.61 (80 %: 0.67). The door's size and margin do not bind
 * here: they say how near somebody must come, while 21 pixels between the eyes still score 0.68 (13: 0.63), and
 * passport photos are tight.
 */
export function enrolmentLimits(door: QualityConfig): EnrolmentLimits {
  return {
    minEyeDistance: 24,
    minVisible: 0.7,
    maxYaw: Math.min(door.maxYaw, 30),
    maxPitch: Math.min(door.maxPitch, 30),
    maxRoll: Math.min(door.maxRoll, 30),
    minSharpness: Math.max(door.minSharpness, 0.3),
    minBrightness: Math.max(door.minBrightness, 0.16),
    maxBrightness: Math.min(door.maxBrightness, 0.82),
    minContrast: Math.max(door.minContrast, 0.06),
  };
}

/** Probability from which a mask keeps a photo out: a reference must show the whole face. */
const MASKED = 0.8;

/** What a photo's face wears that it must not. */
export function maskFaults({ mask }: Pick<FaceAnalysis, 'mask'>): Pick<QualityFault, 'text'>[] {
  if (mask === null || mask.state === 'bare' || mask.score < MASKED) return [];
  return [{ text: 'the face wears a mask: take it off for the photo' }];
}

/** What to do about a gate of the door that a face fails, in words for whoever stands there. */
export const GATE_ADVICE: Readonly<Record<QualityGate, string>> = {
  SIZE: 'come closer to the camera',
  MARGIN: 'stand in the middle of the picture',
  POSE: 'turn to the camera and hold the head upright',
  SHARPNESS: 'hold still, and wipe the lens',
  EXPOSURE: 'more even light on the face, none from behind',
  NOISE: 'more light on the face',
};

/** Every measure of a face that is outside the limits, in the order in which to mend them; empty when the face is good enough. */
export function qualityFaults(
  { quality, landmarks }: Pick<FaceAnalysis, 'quality' | 'landmarks'>,
  picture: Pick<Picture, 'width' | 'height'>,
  limits: EnrolmentLimits,
): QualityFault[] {
  return measureFaults(quality, limits, visibleShare(landmarks, picture));
}

/** The same of a report alone. `visible`: share of the aligned face in the picture, where it is known, 0..1. */
export function measureFaults(report: QualityReport, limits: EnrolmentLimits, visible = 1): QualityFault[] {
  const turned = Math.abs(report.yaw);
  const nod = Math.abs(report.pitch);
  const tilt = Math.abs(report.roll);
  const checks: readonly (readonly [boolean, QualityGate, string])[] = [
    [
      report.eyeDistance < limits.minEyeDistance,
      'SIZE',
      `the face is too small (${report.eyeDistance.toFixed(0)} pixels between the eyes, at least ${limits.minEyeDistance} needed): come closer or use a larger picture`,
    ],
    [
      visible < limits.minVisible,
      'MARGIN',
      `the face is cut off (${percent(visible)} of it is in the picture, at least ${percent(limits.minVisible)} needed): show the whole head`,
    ],
    [
      turned > limits.maxYaw,
      'POSE',
      `the face is turned to the side (${turned.toFixed(1)} degrees, at most ${limits.maxYaw} allowed): turn to the camera`,
    ],
    [
      nod > limits.maxPitch,
      'POSE',
      `the face looks up or down (${nod.toFixed(1)} degrees, at most ${limits.maxPitch} allowed): hold the camera at the height of the eyes`,
    ],
    [
      tilt > limits.maxRoll,
      'POSE',
      `the head is tilted (${tilt.toFixed(1)} degrees, at most ${limits.maxRoll} allowed): hold it upright`,
    ],
    [
      report.sharpness < limits.minSharpness,
      'SHARPNESS',
      `the face is blurred (sharpness ${report.sharpness.toPrecision(2)}, at least ${limits.minSharpness} needed): hold still and wipe the lens`,
    ],
    [
      report.brightness < limits.minBrightness,
      'EXPOSURE',
      `the face is too dark (brightness ${report.brightness.toFixed(2)}, at least ${limits.minBrightness} needed): more light on the face, none from behind`,
    ],
    [
      report.brightness > limits.maxBrightness,
      'EXPOSURE',
      `the face is too bright (brightness ${report.brightness.toFixed(2)}, at most ${limits.maxBrightness} allowed): less light on the face`,
    ],
    [
      report.contrast < limits.minContrast,
      'EXPOSURE',
      `the face has too little contrast (${report.contrast.toFixed(2)}, at least ${limits.minContrast} needed): clearer light, no haze before the lens`,
    ],
  ];
  return checks.filter(([failed]) => failed).map(([, gate, text]) => ({ gate, text }));
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
