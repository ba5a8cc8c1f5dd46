import type { Frame } from '../../camera/types.ts';
import type { Box, DetectedFace } from '../types.ts';
import { ClipEncoder } from './clip-encoder.ts';
import { CLIP_FPS } from './clip-limits.ts';
import { type ClipView, cutView, holds, viewAround } from './clip-view.ts';
import type { ClipFault } from './types.ts';

/** The API's limits (CLIP_LIMITS of src/cloud), in seconds. */
const SECONDS = { min: 1, max: 8 } as const;
/** The clip has a steady rate whatever comes; below so many frames a second of the camera it would show no action. */
const MIN_FPS = 5;

/**
 * The clip of one challenge: the surroundings of the face when it began, at a steady rate out of frames that come as
 * they come. It holds that one face; where another comes in, there is no clip.
 */
export class ClipRecorder {
  readonly #start: typeof ClipEncoder.start;
  #encoder: ClipEncoder | null = null;
  #fault: ClipFault | null = null;
  #view: ClipView | null = null;
  #size = '';
  #firstAt = 0;
  #lastAt = 0;
  #frames = 0;
  #shown = 0;

  constructor(start: typeof ClipEncoder.start = ClipEncoder.start) {
    this.#start = start;
  }

  /** Takes a frame in which the face is at `own`, or is not seen; `faces` are all in it. */
  frame({ picture, capturedAt }: Frame, own: DetectedFace | null, faces: readonly DetectedFace[]): void {
    if (this.#fault !== null) return;
    if (this.#encoder === null || this.#view === null) {
      if (own !== null) this.#begin(picture, capturedAt, own.box);
    }
    const view = this.#view;
    if (view === null || this.#encoder === null) return;
    const fault = faultOf(view, own, faces);
    if (fault !== null || `${picture.width}x${picture.height} ${picture.format}` !== this.#size) {
      this.#fail(fault ?? 'LEFT_PICTURE');
      return;
    }
    // Each place of the clip shows the frame that was the newest at its time.
    const due = Math.floor(((capturedAt - this.#firstAt) / 1000) * CLIP_FPS) + 1;
    const times = Math.min(due, SECONDS.max * CLIP_FPS) - this.#shown;
    this.#lastAt = capturedAt;
    this.#frames++;
    if (times <= 0) return;
    this.#shown += times;
    this.#encoder.add(cutView(picture, view), times);
  }

  /** The mp4, or why there is none. */
  async finish(): Promise<Uint8Array | ClipFault> {
    const encoder = this.#encoder;
    this.#fault ??= this.#unfit();
    if (encoder === null || this.#fault !== null) {
      await encoder?.discard();
      return this.#fault ?? 'TOO_SHORT';
    }
    return encoder.finish();
  }

  async discard(): Promise<void> {
    await this.#encoder?.discard();
  }

  #begin(picture: Frame['picture'], at: number, face: Box): void {
    this.#view = viewAround(face, picture);
    this.#size = `${picture.width}x${picture.height} ${picture.format}`;
    this.#firstAt = at;
    const encoder = this.#start(this.#view, picture.format);
    if (encoder instanceof ClipEncoder) this.#encoder = encoder;
    else this.#fault = encoder;
  }

  #fail(fault: ClipFault): void {
    this.#fault = fault;
    void this.#encoder?.discard();
    this.#encoder = null;
  }

  #unfit(): ClipFault | null {
    if (this.#shown < SECONDS.min * CLIP_FPS) return 'TOO_SHORT';
    const seconds = (this.#lastAt - this.#firstAt) / 1000;
    return (this.#frames - 1) / Math.max(seconds, 1 / CLIP_FPS) < MIN_FPS ? 'TOO_FEW_FRAMES' : null;
  }
}

function faultOf(view: ClipView, own: DetectedFace | null, faces: readonly DetectedFace[]): ClipFault | null {
  if (own !== null && !holds(view, own.box)) return 'LEFT_PICTURE';
  return faces.some((face) => face !== own && holds(view, face.box)) ? 'BYSTANDER' : null;
}
