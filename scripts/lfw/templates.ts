import { readPhoto } from '../../src/photo/index.ts';
import type { DetectedFace, FaceAnalyser } from '../../src/vision/index.ts';

/** What the chain makes of one picture: a probe as at the door, and a reference as at enrolment. */
export interface Template {
  readonly probe: Float32Array;
  readonly reference: Float32Array;
}

/** Templates of the pictures, by path; null where no face is found. `progress` is called now and then. */
export async function templatesOf(
  analyser: FaceAnalyser,
  paths: readonly string[],
  progress: (done: number) => void,
): Promise<Map<string, Template | null>> {
  const templates = new Map<string, Template | null>();
  for (const path of paths) {
    templates.set(path, await templateOf(analyser, path));
    if (templates.size % 250 === 0) progress(templates.size);
  }
  return templates;
}

async function templateOf(analyser: FaceAnalyser, path: string): Promise<Template | null> {
  const picture = await readPhoto(path);
  const face = nearestToCentre(await analyser.find(picture), picture.width, picture.height);
  if (face === null) return null;
  const landmarks = await analyser.landmarks(picture, face);
  const probe = await analyser.embed(picture, landmarks);
  const reference = await analyser.embed(picture, landmarks, { mirrored: true });
  return probe === null || reference === null ? null : { probe: probe.vector, reference: reference.vector };
}

/** LFW pictures are centred on the person they are named after; others may stand beside. */
export function nearestToCentre(
  faces: readonly DetectedFace[],
  width: number,
  height: number,
): DetectedFace | null {
  const distance = ({ box }: DetectedFace) =>
    Math.hypot(box.x + (box.width - width) / 2, box.y + (box.height - height) / 2);
  return faces.reduce<DetectedFace | null>(
    (best, face) => (best === null || distance(face) < distance(best) ? face : best),
    null,
  );
}
