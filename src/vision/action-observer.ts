import type { Picture } from '../camera/types.ts';
import type { ActionSample } from './actions.ts';
import type { FaceAnalyser } from './analyser.ts';
import type { HeadAnalyser } from './head.ts';
import type { Landmarks } from './landmarks.ts';
import { poseOf } from './pose.ts';
import type { DetectedFace } from './types.ts';

export interface ActionLook {
  readonly face: DetectedFace;
  readonly landmarks: Landmarks;
  readonly sample: ActionSample;
}

/** Takes the figures of `judgeActions` from faces. */
export class ActionObserver {
  readonly #analyser: FaceAnalyser;
  readonly #head: Pick<HeadAnalyser, 'pose' | 'eyes'>;

  constructor(analyser: FaceAnalyser, head: Pick<HeadAnalyser, 'pose' | 'eyes'>) {
    this.#analyser = analyser;
    this.#head = head;
  }

  /** The figures of the largest face of a frame. `at`: seconds. Null when there is no face. */
  async look(picture: Picture, at: number): Promise<ActionLook | null> {
    const face = largest(await this.#analyser.detect(picture));
    if (face === null) return null;
    const landmarks = await this.#analyser.landmarks(picture, face);
    return { face, landmarks, sample: await this.sample(picture, face, landmarks, at) };
  }

  /** The figures of a face that was found already. `at`: seconds. */
  async sample(
    picture: Picture,
    face: DetectedFace,
    landmarks: Landmarks,
    at: number,
  ): Promise<ActionSample> {
    const { yaw, pitch } = poseOf(landmarks);
    const head = await this.#head.pose(picture, face.box);
    const eyes = await this.#head.eyes(picture, landmarks);
    return {
      at,
      yaw,
      pitch,
      headPitch: head.pitch,
      eyeOpening: (eyeOpening(landmarks, 36) + eyeOpening(landmarks, 42)) / 2,
      eyesClosed: (eyes.left + eyes.right) / 2,
      mouthOpening: mouthOpening(landmarks),
    };
  }
}

function largest(faces: readonly DetectedFace[]): DetectedFace | null {
  return faces.reduce<DetectedFace | null>(
    (best, face) => (best === null || area(face) > area(best) ? face : best),
    null,
  );
}

function area({ box }: DetectedFace): number {
  return box.width * box.height;
}

/** Eye aspect ratio (Soukupova and Cech 2016) of the eye whose six points begin at `first`. */
function eyeOpening(landmarks: Landmarks, first: number): number {
  const lids = distance(landmarks, first + 1, first + 5) + distance(landmarks, first + 2, first + 4);
  return lids / (2 * Math.max(1e-6, distance(landmarks, first, first + 3)));
}

/** The same for the six inner points of the lips that lie between its corners. */
function mouthOpening(landmarks: Landmarks): number {
  const lips = distance(landmarks, 61, 67) + distance(landmarks, 62, 66) + distance(landmarks, 63, 65);
  return lips / (3 * Math.max(1e-6, distance(landmarks, 60, 64)));
}

function distance({ all }: Landmarks, one: number, other: number): number {
  return Math.hypot(all[2 * one] - all[2 * other], all[2 * one + 1] - all[2 * other + 1]);
}
