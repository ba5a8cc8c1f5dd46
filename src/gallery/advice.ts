import type { QualityConfig } from '../config/schema.ts';
import type { QualityGate, QualityReport } from '../vision/types.ts';

/** One measure of a photo's face that does not suffice, in words for the person in the picture. */
export interface QualityFault {
  readonly gate: QualityGate;
  /** What is wrong with value and limit, then what to do. */
  readonly text: string;
}

/**
 * Limits for enrolment: at least as strict as the door's. A reference is compared with for years, so it should show
 * the face upright, from the front and evenly lit (ISO/IEC 19794-5 asks for less than 5 to 8 degrees; that is
 * out of reach without a photographer, half of what the door bears is not). The size stays the door's: a photo of
 * an employee card is often no larger than what the camera sees.
 */
export function enrolmentLimits(door: QualityConfig): QualityConfig {
  return {
    ...door,
    maxYaw: Math.min(door.maxYaw, 25),
    maxPitch: Math.min(door.maxPitch, 25),
    maxRoll: Math.min(door.maxRoll, 25),
    minBrightness: Math.max(door.minBrightness, 0.16),
    maxBrightness: Math.min(door.maxBrightness, 0.9),
    minContrast: Math.max(door.minContrast, 0.07),
  };
}

/** Every measure of the report that is outside the limits, in the order in which to mend them; empty when the face is good enough. */
export function qualityFaults(report: QualityReport, limits: QualityConfig): QualityFault[] {
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
      report.margin < limits.minMargin,
      'MARGIN',
      `the face is cut off or touches the border (margin ${report.margin.toFixed(2)} of its width, at least ${limits.minMargin} needed): show the whole head`,
    ],
    [
      turned > limits.maxYaw,
      'POSE',
      `the face is turned to the side (${turned.toFixed(0)} degrees, at most ${limits.maxYaw} allowed): turn to the camera`,
    ],
    [
      nod > limits.maxPitch,
      'POSE',
      `the face looks up or down (${nod.toFixed(0)} degrees, at most ${limits.maxPitch} allowed): hold the camera at the height of the eyes`,
    ],
    [
      tilt > limits.maxRoll,
      'POSE',
      `the head is tilted (${tilt.toFixed(0)} degrees, at most ${limits.maxRoll} allowed): hold it upright`,
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
