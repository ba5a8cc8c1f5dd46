import type { FaceBox, FacePoint } from '../../cloud/index.ts';

/** `[left, top, width, height]` in whole pixels. */
export function boxList({ x, y, width, height }: FaceBox): [number, number, number, number] {
  return [Math.round(x), Math.round(y), Math.round(width), Math.round(height)];
}

export function boxObject(box: FaceBox): { left: number; top: number; width: number; height: number } {
  const [left, top, width, height] = boxList(box);
  return { top, left, width, height };
}

/** `[x1, y1, ... x5, y5]` in whole pixels. */
export function pointList(points: readonly FacePoint[]): number[] {
  return points.flatMap(({ x, y }) => [Math.round(x), Math.round(y)]);
}

/** To so many digits behind the point. */
export function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
