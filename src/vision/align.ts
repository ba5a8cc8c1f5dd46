import type { FivePoints, Point } from './types.ts';

/** Side of the aligned face in pixels. */
export const ALIGNED_SIDE = 112;

/** Where ArcFace wants the five points in its 112x112 input (insightface, `arcface_dst`). */
export const ARCFACE_POINTS: FivePoints = [
  { x: 38.2946, y: 51.6963 },
  { x: 73.5318, y: 51.5014 },
  { x: 56.0252, y: 71.7366 },
  { x: 41.5493, y: 92.3655 },
  { x: 70.7299, y: 92.2041 },
];

/** A similarity transform of the plane: x' = a x - b y + dx, y' = b x + a y + dy. */
export interface Similarity {
  readonly a: number;
  readonly b: number;
  readonly dx: number;
  readonly dy: number;
}

/**
 * The similarity (rotation, uniform scale, shift; no mirroring) that maps `from` onto `to` with the least
 * squared error; the two-dimensional case of Umeyama 1991, in closed form. Null when `from` is one point only.
 */
export function fitSimilarity(from: readonly Point[], to: readonly Point[]): Similarity | null {
  const p = centre(from);
  const q = centre(to);
  let dot = 0;
  let cross = 0;
  let norm = 0;
  for (let i = 0; i < from.length; i++) {
    const px = from[i].x - p.x;
    const py = from[i].y - p.y;
    const qx = to[i].x - q.x;
    const qy = to[i].y - q.y;
    dot += px * qx + py * qy;
    cross += px * qy - py * qx;
    norm += px * px + py * py;
  }
  if (!(norm > 1e-9)) return null;
  const a = dot / norm;
  const b = cross / norm;
  return { a, b, dx: q.x - a * p.x + b * p.y, dy: q.y - b * p.x - a * p.y };
}

/** The transform the other way round. */
export function invert(transform: Similarity): Similarity {
  const { a, b, dx, dy } = transform;
  const norm = a * a + b * b;
  return { a: a / norm, b: -b / norm, dx: -(a * dx + b * dy) / norm, dy: (b * dx - a * dy) / norm };
}

export function apply(transform: Similarity, point: Point): Point {
  return {
    x: transform.a * point.x - transform.b * point.y + transform.dx,
    y: transform.b * point.x + transform.a * point.y + transform.dy,
  };
}

function centre(points: readonly Point[]): Point {
  let x = 0;
  let y = 0;
  for (const point of points) {
    x += point.x;
    y += point.y;
  }
  return { x: x / points.length, y: y / points.length };
}
