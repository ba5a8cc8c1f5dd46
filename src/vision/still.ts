import type { Picture } from '../camera/types.ts';
import { type Detector, letterbox } from './detect.ts';
import type { DetectedFace } from './types.ts';

/** Finds the faces of a photo of any size and framing, best first. */
export async function findFaces(
  detector: Detector,
  picture: Picture,
  minScore: number,
): Promise<DetectedFace[]> {
  const whole = letterbox(picture, detector.network.width, detector.network.height);
  const found = await detector.detect(picture, whole, minScore);
  if (found.length > 0) return found;
  const padded = {
    x: whole.x - whole.width / 4,
    y: whole.y - whole.height / 4,
    width: whole.width * 1.5,
    height: whole.height * 1.5,
  };
  return detector.detect(picture, padded, minScore);
}
