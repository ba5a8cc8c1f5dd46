import type { FivePoints, Point } from '../vision/types.ts';

/** The five points in the ArcFace template, and the side of that square picture (insightface, arcface_dst). */
const TEMPLATE: FivePoints = [
  { x: 38.2946, y: 51.6963 },
  { x: 73.5318, y: 51.5014 },
  { x: 56.0252, y: 71.7366 },
  { x: 41.5493, y: 92.3655 },
  { x: 70.7299, y: 92.2041 },
];
const SIDE = 112;

/** Points a side at which the template is looked at. */
const GRID = 28;

/**
 * How much of the square that the embedding network will see lies inside the picture, 0..1. A face that is cut off
 * is known by this better than by the detector's box, which shrinks to what is left of the face.
 */
export function visibleShare(points: FivePoints, picture: { width: number; height: number }): number {
  const place = similarity(TEMPLATE, points);
  let inside = 0;
  for (let row = 0; row < GRID; row += 1) {
    for (let column = 0; column < GRID; column += 1) {
      const { x, y } = place({ x: ((column + 0.5) * SIDE) / GRID, y: ((row + 0.5) * SIDE) / GRID });
      if (x >= 0 && y >= 0 && x < picture.width && y < picture.height) inside += 1;
    }
  }
  return inside / GRID ** 2;
}

/** The shift, turn and scale that brings `from` closest to `to` by least squares, in closed form: complex numbers do the turning. */
function similarity(from: FivePoints, to: FivePoints): (point: Point) => Point {
  const a = centre(from);
  const b = centre(to);
  let real = 0;
  let imaginary = 0;
  let square = 0;
  from.forEach((point, index) => {
    const target = to[index] ?? b;
    const [px, py, qx, qy] = [point.x - a.x, point.y - a.y, target.x - b.x, target.y - b.y];
    real += px * qx + py * qy;
    imaginary += px * qy - py * qx;
    square += px * px + py * py;
  });
  const [c, s] = [real / square, imaginary / square];
  return ({ x, y }) => ({ x: b.x + c * (x - a.x) - s * (y - a.y), y: b.y + s * (x - a.x) + c * (y - a.y) });
}

function centre(points: FivePoints): Point {
  const sum = points.reduce((total, point) => ({ x: total.x + point.x, y: total.y + point.y }), {
    x: 0,
    y: 0,
  });
  return { x: sum.x / points.length, y: sum.y / points.length };
}
