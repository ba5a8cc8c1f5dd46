import type { DetectedFace } from './types.ts';
import type { ViewWindow } from './view-window.ts';

/**
 * The levels of UltraFace (320x240, as trained): samples from one cell to the next, and the sides of the prior boxes of a cell.
 * https://github.com/Linzaer/Ultra-Light-Fast-Generic-Face-Detector-1MB, vision/ssd/config/fd_config.py
 */
export const LEVELS: readonly { readonly stride: number; readonly sides: readonly number[] }[] = [
  { stride: 8, sides: [10, 16, 24] },
  { stride: 16, sides: [32, 48] },
  { stride: 32, sides: [64, 96] },
  { stride: 64, sides: [128, 192, 256] },
];
/** Of a prior box: how far its centre moves for a figure of 1, and what its size is multiplied with, as a power of e. */
const CENTRE_VARIANCE = 0.1;
const SIZE_VARIANCE = 0.2;

/** What the network gives for the cells of one level: background and face, then centre and size, for each prior box. */
export interface LevelFigures {
  readonly scores: Float32Array;
  readonly boxes: Float32Array;
}

/**
 * The prior boxes of a level that show a face at least as surely as `minScore`, moved and scaled onto it. The network was trained on
 * a field of `width` by `height`; a window has the prior boxes that stand in its part of the field.
 */
export function facesOfLevel(
  level: number,
  { scores, boxes }: LevelFigures,
  window: ViewWindow,
  field: { readonly width: number; readonly height: number },
  minScore: number,
): DetectedFace[] {
  const { stride, sides } = LEVELS[level];
  const { box, columns, left, top } = window;
  const cells = Math.ceil(columns / stride);
  const scale = box.width / columns;
  const [stepX, stepY] = [spread(field.width, stride), spread(field.height, stride)];
  const least = Math.log(minScore / (1 - minScore));
  const faces: DetectedFace[] = [];
  for (let i = 0; 2 * i < scores.length; i++) {
    const margin = scores[2 * i + 1] - scores[2 * i];
    if (!(margin >= least)) continue;
    const cell = Math.floor(i / sides.length);
    const side = sides[i % sides.length];
    const [priorWidth, priorHeight] = [Math.min(side, field.width), Math.min(side, field.height)];
    const x = (left / stride + (cell % cells) + 0.5) * stepX + boxes[4 * i] * CENTRE_VARIANCE * priorWidth;
    const y =
      (top / stride + Math.floor(cell / cells) + 0.5) * stepY +
      boxes[4 * i + 1] * CENTRE_VARIANCE * priorHeight;
    const width = priorWidth * Math.exp(boxes[4 * i + 2] * SIZE_VARIANCE);
    const height = priorHeight * Math.exp(boxes[4 * i + 3] * SIZE_VARIANCE);
    faces.push({
      box: {
        x: box.x + (x - width / 2 - left) * scale,
        y: box.y + (y - height / 2 - top) * scale,
        width: width * scale,
        height: height * scale,
      },
      score: 1 / (1 + Math.exp(-margin)),
    });
  }
  return faces;
}

/** From one prior box to the next: those of a level were spread evenly over the field, whose last cell may reach beyond it. */
function spread(samples: number, stride: number): number {
  return samples / Math.ceil(samples / stride);
}
