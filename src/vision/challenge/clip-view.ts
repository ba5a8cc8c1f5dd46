import type { Picture } from '../../camera/types.ts';
import type { Box } from '../types.ts';

/** Side of what is recorded, in sides of the face box: head and shoulders, with room to turn and nod in. */
const SURROUNDINGS = 3;

/** The part of a camera's pictures that a clip shows: even corners and sides, as 4:2:0 wants. */
export interface ClipView {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The part around a face; it stays the same while the clip lasts, as a film by a camera that stands still. */
export function viewAround(face: Box, picture: Pick<Picture, 'width' | 'height'>): ClipView {
  const side = SURROUNDINGS * Math.max(face.width, face.height);
  const across = span(face.x + face.width / 2, side, picture.width);
  const down = span(face.y + face.height / 2, side, picture.height);
  return { left: across.from, width: across.length, top: down.from, height: down.length };
}

/** Whether the middle of a face is in it. */
export function holds(view: ClipView, { x, y, width, height }: Box): boolean {
  const [across, down] = [x + width / 2 - view.left, y + height / 2 - view.top];
  return across >= 0 && across < view.width && down >= 0 && down < view.height;
}

/** A copy of that part's bytes, in the picture's own format, rows without gaps. */
export function cutView(picture: Picture, view: ClipView): Uint8Array {
  const planes =
    picture.format === 'rgb24'
      ? [
          {
            at: 0,
            pitch: 3 * picture.width,
            left: 3 * view.left,
            top: view.top,
            width: 3 * view.width,
            height: view.height,
          },
        ]
      : planesOf(picture, view);
  const bytes = new Uint8Array(planes.reduce((sum, plane) => sum + plane.width * plane.height, 0));
  let to = 0;
  for (const { at, pitch, left, top, width, height } of planes) {
    for (let row = top; row < top + height; row++) {
      const from = at + row * pitch + left;
      bytes.set(picture.data.subarray(from, from + width), to);
      to += width;
    }
  }
  return bytes;
}

function planesOf({ width, height }: Picture, view: ClipView) {
  const chroma = { pitch: Math.ceil(width / 2), rows: Math.ceil(height / 2) };
  const half = { left: view.left / 2, top: view.top / 2, width: view.width / 2, height: view.height / 2 };
  const luma = width * height;
  return [
    { at: 0, pitch: width, ...view },
    { at: luma, pitch: chroma.pitch, ...half },
    { at: luma + chroma.pitch * chroma.rows, pitch: chroma.pitch, ...half },
  ];
}

/** `side` pixels around `centre`, moved into 0..`limit` and cut to it. */
function span(centre: number, side: number, limit: number): { from: number; length: number } {
  const length = even(Math.min(side, limit));
  const from = even(Math.min(Math.max(0, centre - side / 2), limit - length));
  return { from, length };
}

function even(value: number): number {
  return 2 * Math.floor(value / 2);
}
