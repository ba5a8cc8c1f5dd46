import type { Picture } from '../../camera/index.ts';
import { MenshenError } from '../../common/index.ts';
import { VisionSchema } from '../../config/index.ts';
import { decodePhoto, formatOf } from '../../photo/index.ts';
import {
  ActionObserver,
  AttributeAnalyser,
  type DetectedFace,
  FaceAnalyser,
  type Landmarks,
  type QualityGate,
} from '../../vision/index.ts';
import { type CompareCurve, readCompareCurve } from '../compare-curve.ts';
import { judgeClip } from './clip.ts';
import { RefusedInput } from './refuse.ts';
import type { Task, TaskKind, TaskResult } from './tasks.ts';

/** Detection score from which a face counts where the caller cannot choose; the default of FaceThresh as well. */
const FACE_SCORE = 0.5;
/** Boxes below are noise of the detector; a caller's FaceThresh below acts as this. */
const LEAST_SCORE = 0.2;
/** Sides of a picture, 6.3.1. */
const SIDES = { min: 32, max: 5000 };
/** Bona fide from here on: 2 % of the attacks and 4 % of the living faces of CelebA-Spoof lie on the wrong side. */
const LIVE = 0.5;
/** Below these, by the gates named, a face is called unclear; the rest is the gate's own measure of a face good enough. */
const CLEAR = VisionSchema.parse({ quality: { minEyeDistance: 20 } }).quality;
const UNCLEAR = new Set<QualityGate>(['SIZE', 'SHARPNESS', 'EXPOSURE', 'NOISE']);

export interface JudgeOptions {
  readonly modelsDir: string;
  /** Clips show left and right as a mirror does. */
  readonly mirroredClips: boolean;
}

/** Does the six services' own work: from bytes to faces, scores and verdicts. Lives in an inference process. */
export class Judge {
  readonly #analyser: FaceAnalyser;
  readonly #attributes: AttributeAnalyser;
  readonly #curve: CompareCurve;
  readonly #mirroredClips: boolean;

  private constructor(
    analyser: FaceAnalyser,
    attributes: AttributeAnalyser,
    curve: CompareCurve,
    mirroredClips: boolean,
  ) {
    this.#analyser = analyser;
    this.#attributes = attributes;
    this.#curve = curve;
    this.#mirroredClips = mirroredClips;
  }

  /** Opens the networks. Throws MODELS_CATALOG_INVALID, MODEL_MISSING, MODEL_ALTERED or MODEL_UNSUPPORTED. */
  static async open({ modelsDir, mirroredClips }: JudgeOptions): Promise<Judge> {
    const curve = await readCompareCurve(modelsDir);
    const analyser = await FaceAnalyser.open({
      modelsDir,
      threads: 1,
      detectionScore: FACE_SCORE,
      quality: CLEAR,
    });
    const attributes = await AttributeAnalyser.open({ modelsDir, threads: 1 });
    return new Judge(analyser, attributes, curve, mirroredClips);
  }

  /** Does a task. Throws RefusedInput when what was sent cannot be judged. */
  do(task: Task): Promise<TaskResult<TaskKind>> {
    switch (task.kind) {
      case 'detect':
        return this.#detect(task.picture, Math.max(task.minScore, LEAST_SCORE), task.angles);
      case 'attributes':
        return this.#attributesOf(task.picture);
      case 'compare':
        return this.#compare(task.first, task.second);
      case 'silentLiveness':
        return this.#silent(task.picture);
      case 'portrait':
        return this.#portrait(task.picture, task.jpegOnly ? ['JPEG'] : undefined);
      case 'actionLiveness':
        return judgeClip(task.clip, {
          analyser: this.#analyser,
          observer: new ActionObserver(this.#analyser, this.#attributes),
          mirrored: this.#mirroredClips,
          quality: CLEAR,
        });
    }
  }

  async close(): Promise<void> {
    await this.#analyser.close();
    await this.#attributes.close();
  }

  async #detect(bytes: Uint8Array, minScore: number, angles: boolean): Promise<TaskResult<'detect'>> {
    const picture = await decode(bytes, 0);
    const faces: TaskResult<'detect'>['faces'] = [];
    for (const face of await this.#analyser.find(picture, minScore)) {
      const { five } = await this.#analyser.landmarks(picture, face);
      const pose = angles ? await this.#attributes.pose(picture, face.box) : null;
      faces.push({
        box: face.box,
        score: Math.min(1, face.score),
        landmarks: five,
        // The manual's yaw runs the other way: 72.3 in its example, where the nose lies left of both eyes.
        angles: pose === null ? null : { pitch: pose.pitch, yaw: -pose.yaw, roll: pose.roll },
      });
    }
    return { faces };
  }

  async #attributesOf(bytes: Uint8Array): Promise<TaskResult<'attributes'>> {
    const picture = await decode(bytes, 0);
    const faces: TaskResult<'attributes'>['faces'] = [];
    for (const { box } of await this.#analyser.find(picture)) {
      const age = await this.#attributes.age(picture, box);
      const male = await this.#attributes.gender(picture, box);
      faces.push({ box, age, male });
    }
    return { faces };
  }

  async #compare(first: Uint8Array, second: Uint8Array): Promise<TaskResult<'compare'>> {
    const [one, other] = await Promise.all([decode(first, 0), decode(second, 1)]);
    const a = await this.#centralFace(one);
    const b = await this.#centralFace(other);
    const place = (found: CentralFace | null) =>
      found === null ? null : { box: found.face.box, landmarks: found.landmarks.five };
    const score = a?.vector == null || b?.vector == null ? 0 : this.#curve.score(a.vector, b.vector);
    return { score, first: place(a), second: place(b) };
  }

  async #silent(bytes: Uint8Array): Promise<TaskResult<'silentLiveness'>> {
    const picture = await decode(bytes, 0);
    const faces: TaskResult<'silentLiveness'>['faces'] = [];
    for (const face of await this.#analyser.find(picture)) {
      const landmarks = await this.#analyser.landmarks(picture, face);
      const clear = this.#isClear(picture, face, landmarks);
      const { score } = await this.#analyser.liveness(picture, face);
      faces.push({ box: face.box, verdict: clear ? (score >= LIVE ? 'live' : 'attack') : 'unclear' });
    }
    return { faces };
  }

  async #portrait(bytes: Uint8Array, formats?: readonly string[]): Promise<TaskResult<'portrait'>> {
    const picture = await decode(bytes, 0, formats);
    const face = centralOf(await this.#analyser.find(picture), picture);
    if (face === null) return { face: null };
    const mask = await this.#analyser.mask(picture, face);
    const landmarks = await this.#analyser.landmarks(picture, face, mask);
    const embedding = await this.#analyser.embed(picture, landmarks, { mask });
    if (embedding === null) return { face: null };
    const good = this.#isClear(picture, face, landmarks);
    return { face: { good, ...embedding } };
  }

  #isClear(picture: Picture, face: DetectedFace, landmarks: Landmarks): boolean {
    const { failed } = this.#analyser.quality(picture, face, landmarks);
    return !failed.some((gate) => UNCLEAR.has(gate));
  }

  async #centralFace(picture: Picture): Promise<CentralFace | null> {
    const face = centralOf(await this.#analyser.find(picture), picture);
    if (face === null) return null;
    const mask = await this.#analyser.mask(picture, face);
    const landmarks = await this.#analyser.landmarks(picture, face, mask);
    const embedding = await this.#analyser.embed(picture, landmarks, { mask });
    return { face, landmarks, vector: embedding?.vector ?? null };
  }
}

interface CentralFace {
  readonly face: DetectedFace;
  readonly landmarks: Landmarks;
  readonly vector: Float32Array | null;
}

/** The picture, upright. Throws RefusedInput: FORMAT, UNREADABLE, SIDES. */
async function decode(
  bytes: Uint8Array,
  which: 0 | 1,
  formats: readonly string[] = ['JPEG', 'PNG', 'BMP'],
): Promise<Picture> {
  const format = formatOf(bytes);
  if (format === null || !formats.includes(format)) throw new RefusedInput('FORMAT', which);
  const picture = await decodePhoto(bytes, 'picture').catch((error: unknown) => {
    if (!(error instanceof MenshenError)) throw error;
    throw new RefusedInput(error.code === 'PICTURE_TOO_LARGE' ? 'SIDES' : 'UNREADABLE', which);
  });
  const [shorter, longer] = [picture.width, picture.height].sort((a, b) => a - b);
  if (shorter < SIDES.min || longer > SIDES.max) throw new RefusedInput('SIDES', which);
  return picture;
}

/** The manual compares "the central face" of each picture. */
function centralOf(faces: readonly DetectedFace[], picture: Picture): DetectedFace | null {
  const distance = ({ box }: DetectedFace) =>
    Math.hypot(box.x + (box.width - picture.width) / 2, box.y + (box.height - picture.height) / 2);
  return faces.reduce<DetectedFace | null>(
    (best, face) => (best === null || distance(face) < distance(best) ? face : best),
    null,
  );
}
