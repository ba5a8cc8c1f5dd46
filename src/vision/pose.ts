import type { Landmarks } from './landmarks.ts';

/** Degrees: yaw above 0 turns to the right of the picture, pitch above 0 looks up, roll above 0 tilts clockwise as seen. */
export interface Pose {
  readonly yaw: number;
  readonly pitch: number;
  readonly roll: number;
}

/** Points of a mean head: index of the landmark; right, down and away as the camera sees it, arbitrary unit. */
const HEAD: readonly (readonly [index: number, x: number, y: number, z: number])[] = [
  [30, 0, 0, 0],
  [8, 0, 330, 65],
  [36, -225, -170, 135],
  [45, 225, -170, 135],
  [48, -150, 150, 125],
  [54, 150, 150, 125],
];

const DEGREES = 180 / Math.PI;

/** Head pose from landmarks: least-squares fit of a mean head under scaled orthography (POS, DeMenthon and Davis 1995). */
export function poseOf(landmarks: Landmarks): Pose {
  let centreX = 0;
  let centreY = 0;
  for (const [index] of HEAD) {
    centreX += landmarks.all[2 * index] / HEAD.length;
    centreY += landmarks.all[2 * index + 1] / HEAD.length;
  }
  const right: [number, number, number] = [0, 0, 0];
  const down: [number, number, number] = [0, 0, 0];
  HEAD.forEach(([index], i) => {
    const x = landmarks.all[2 * index] - centreX;
    const y = landmarks.all[2 * index + 1] - centreY;
    for (let k = 0; k < 3; k++) {
      right[k] += x * FIT[i][k];
      down[k] += y * FIT[i][k];
    }
  });
  const scaleX = Math.hypot(...right);
  const scaleY = Math.hypot(...down);
  if (!(scaleX > 0 && scaleY > 0)) return { yaw: 0, pitch: 0, roll: 0 };
  const r = right.map((value) => value / scaleX);
  const d = down.map((value) => value / scaleY);
  const away = [r[1] * d[2] - r[2] * d[1], r[2] * d[0] - r[0] * d[2], r[0] * d[1] - r[1] * d[0]];
  return {
    yaw: -Math.atan2(r[2], Math.hypot(d[2], away[2])) * DEGREES,
    pitch: Math.atan2(d[2], away[2]) * DEGREES,
    roll: Math.atan2(d[0], Math.hypot(d[1], 0)) * -DEGREES,
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
