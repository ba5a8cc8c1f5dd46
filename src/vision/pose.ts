import type { Landmarks } from './landmarks.ts';

/** Degrees: yaw above 0 turns to the right of the picture, pitch above 0 looks up, roll above 0 tilts clockwise as seen; the head tilts, then turns, then nods. */
export interface Pose {
  readonly yaw: number;
  readonly pitch: number;
  readonly roll: number;
}

/**
 * Points of a mean head: index of the landmark; right, down and towards the camera, in widths between the outer
 * corners of the eyes. Fitted to the landmarks and the head poses (network fr-pose) of 1,500 pictures, made
 * symmetrical, and leaned by five degrees so that a face at ease has pitch 0. Mouth corners are in, lips and chin
 * are not: they move when the mouth opens.
 */
const HEAD: readonly (readonly [index: number, x: number, y: number, z: number])[] = [
  [36, -0.5, -0.303, -0.147],
  [39, -0.213, -0.288, -0.075],
  [42, 0.213, -0.288, -0.075],
  [45, 0.5, -0.303, -0.147],
  [30, 0, 0.061, 0.359],
  [33, 0, 0.218, 0.22],
  [48, -0.313, 0.451, -0.068],
  [54, 0.313, 0.451, -0.068],
];

const DEGREES = 180 / Math.PI;

/** Head pose from landmarks: least-squares fit of a mean head under scaled orthography (POS, DeMenthon and Davis 1995). */
export function poseOf(landmarks: Landmarks): Pose {
  const { all } = landmarks;
  let centreX = 0;
  let centreY = 0;
  for (const [index] of HEAD) {
    centreX += all[2 * index] / HEAD.length;
    centreY += all[2 * index + 1] / HEAD.length;
  }
  const right: Vector = [0, 0, 0];
  const down: Vector = [0, 0, 0];
  HEAD.forEach(([index], i) => {
    for (let k = 0; k < 3; k++) {
      right[k] += (all[2 * index] - centreX) * FIT[i][k];
      down[k] += (all[2 * index + 1] - centreY) * FIT[i][k];
    }
  });
  return anglesOf(right, down);
}

type Vector = [number, number, number];

/** The rows of the fit are the picture's two axes in the head's frame, but for scale and a little skew, which is shared out. */
function anglesOf(right: Vector, down: Vector): Pose {
  const lengths = [Math.hypot(...right), Math.hypot(...down)];
  if (!(lengths[0] > 1e-9 && lengths[1] > 1e-9)) return { yaw: 0, pitch: 0, roll: 0 };
  const r = right.map((value) => value / lengths[0]);
  const d = down.map((value) => value / lengths[1]);
  const skew = (r[0] * d[0] + r[1] * d[1] + r[2] * d[2]) / 2;
  const u = r.map((value, k) => value - skew * d[k]);
  const v = d.map((value, k) => value - skew * r[k]);
  const uLength = Math.hypot(...u);
  const vLength = Math.hypot(...v);
  const towards = (u[0] * v[1] - u[1] * v[0]) / (uLength * vLength);
  return {
    yaw: Math.asin(Math.min(1, Math.max(-1, u[2] / uLength))) * DEGREES,
    pitch: Math.atan2(-v[2] / vLength, towards) * DEGREES,
    roll: Math.atan2(-u[1], u[0]) * DEGREES,
  };
}

/** Pseudo-inverse of the centred head: one row of three a point. */
const FIT = pseudoInverse(HEAD.map(([, x, y, z]) => [x, y, z]));

function pseudoInverse(points: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const mean = [0, 1, 2].map((k) => points.reduce((sum, point) => sum + point[k], 0) / points.length);
  const centred = points.map((point) => point.map((value, k) => value - mean[k]));
  const product = [0, 1, 2].map((i) =>
    [0, 1, 2].map((j) => centred.reduce((sum, p) => sum + p[i] * p[j], 0)),
  );
  const inverse = invert3(product);
  return centred.map((p) =>
    [0, 1, 2].map((k) => p.reduce((sum, value, j) => sum + value * inverse[j][k], 0)),
  );
}

function invert3(m: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const minor = (i: number, j: number): number => {
    const [a, b] = [0, 1, 2].filter((row) => row !== j);
    const [c, d] = [0, 1, 2].filter((column) => column !== i);
    const sign = (i + j) % 2 === 0 ? 1 : -1;
    return sign * (m[a][c] * m[b][d] - m[a][d] * m[b][c]);
  };
  const determinant = m[0][0] * minor(0, 0) + m[0][1] * minor(1, 0) + m[0][2] * minor(2, 0);
  return [0, 1, 2].map((i) => [0, 1, 2].map((j) => minor(i, j) / determinant));
}
